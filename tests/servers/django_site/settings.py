"""Settings; what differs between runs comes from the launcher in the variable RIG."""

import json
import os
from pathlib import Path

RIG = json.loads(os.environ["RIG"])
BASE_DIR = Path(__file__).parent
SECRET_KEY = "django-site-of-the-tests"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "django_site.urls"
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "/login/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; the passwords are the tests' own
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "oauth2_provider",
]
MIDDLEWARE = [
    "django_site.views.record",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},  # parallel refreshes wait instead of failing
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
OAUTH2_PROVIDER = {
    "ALWAYS_RELOAD_OAUTHLIB_CORE": True,  # a changed lifetime holds from the next request on
    "ACCESS_TOKEN_EXPIRE_SECONDS": RIG["settings"]["access_token_ttl"],
    "SCOPES": {"read": "Read", "write": "Write", "introspection": "Introspect"},
    "DEFAULT_SCOPES": ["read", "write"],
    "PKCE_REQUIRED": True,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_SCHEMES": ["http", "https"],
    "OAUTH_DEVICE_VERIFICATION_URI": f"{RIG['url']}/o/device/",
    "OAUTH2_PROTECTED_RESOURCE_IDENTIFIER": RIG["url"],
}
