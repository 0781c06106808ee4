"""Django REST framework with its three paginations: ``python drf_site.py PORT``, in an environment of its own."""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connection, models
from django.urls import path

settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="tests-only",
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.abspath("rows.sqlite3")}},
    INSTALLED_APPS=["django.contrib.contenttypes", "rest_framework"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - needs the settings
from rest_framework import generics, pagination, serializers  # noqa: E402


class Row(models.Model):
    number = models.IntegerField()

    class Meta:
        app_label = "rows"
        ordering = ("number",)


class RowSerializer(serializers.ModelSerializer):
    class Meta:
        model = Row
        fields = ("id", "number")


class ByNumber(pagination.PageNumberPagination):
    page_size, page_size_query_param, max_page_size = 20, "page_size", 50


class ByOffset(pagination.LimitOffsetPagination):
    default_limit, max_limit = 20, 50


class ByCursor(pagination.CursorPagination):
    page_size, ordering = 20, "number"


def view(paginator: type) -> object:
    attributes = {"queryset": Row.objects.all(), "serializer_class": RowSerializer, "pagination_class": paginator}
    return type(paginator.__name__ + "View", (generics.ListAPIView,), attributes).as_view()


urlpatterns = [
    path("number/", view(ByNumber)),
    path("offset/", view(ByOffset)),
    path("cursor/", view(ByCursor)),
]


def main(port: int) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Row)
    Row.objects.bulk_create(Row(number=n) for n in range(207))
    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
