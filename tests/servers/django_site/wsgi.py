"""The application, with its database made and filled."""

from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()


def _fill():
    from django.contrib.auth.models import User  # models exist once the application does
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    for name, password in settings.RIG["users"].items():
        User.objects.create_user(name, f"{name}@example.test", password)
    for client in settings.RIG["clients"]:
        application = Application(name=client["client_id"], **client)
        application.full_clean()
        application.save()


_fill()
