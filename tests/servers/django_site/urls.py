"""The toolkit's own views at /o/ and their metadata at the root; a protected resource; the rig's switches."""

from django.contrib.auth.views import LoginView
from django.urls import include, path
from django_site import views
from oauth2_provider.urls import app_name, metadata_urlpatterns

urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("", include((metadata_urlpatterns, app_name), namespace="metadata")),
    path("login/", LoginView.as_view()),
    path("api/orders", views.orders),
    path("_rig/requests", views.requests),
    path("_rig/settings", views.settings),
]
