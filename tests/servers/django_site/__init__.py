"""A Django site whose only purpose is django-oauth-toolkit; the launcher (../django_oauth.py) copies and runs it."""
