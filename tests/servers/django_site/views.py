"""A resource that wants a token, and the rig's own switches: what was asked, how long a token lives."""

import json
import threading

from django.conf import settings as django_settings
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.decorators import protected_resource_metadata
from oauth2_provider.settings import oauth2_settings

_asked = []
_lock = threading.Lock()


def record(get_response):
    """Middleware: keep what arrived at the toolkit's endpoints."""

    def middleware(request):
        body = {name: request.POST[name] for name in request.POST} if request.method == "POST" else {}
        response = get_response(request)
        if request.path.startswith("/o/"):
            with _lock:
                _asked.append(
                    {
                        "route": request.path.removeprefix("/o/").strip("/"),
                        "method": request.method,
                        "status": response.status_code,
                        "query": dict(request.GET.items()),
                        "body": body,
                        "authorization": request.headers.get("authorization", ""),
                        "content_type": request.headers.get("content-type", ""),
                        "accept": request.headers.get("accept", ""),
                    }
                )
        return response

    return middleware


@protected_resource_metadata(scopes=["read"])
def orders(request):
    """Three rows for whoever has a token with the scope ``read``."""
    customer = request.resource_owner.username if request.resource_owner else None
    return JsonResponse({"items": [{"id": n, "total": n * 10.5, "customer": customer} for n in (1, 2, 3)]})


@csrf_exempt
def requests(request):
    """What arrived so far; DELETE forgets it."""
    with _lock:
        if request.method == "DELETE":
            _asked.clear()
        return JsonResponse(_asked, safe=False)


@csrf_exempt
def settings(request):
    """PATCH changes settings, DELETE puts them back."""
    wanted = dict(django_settings.RIG["settings"])
    if request.method == "PATCH":
        wanted |= json.loads(request.body)
    oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS = wanted["access_token_ttl"]
    return JsonResponse(wanted)
