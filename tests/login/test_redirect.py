"""Which redirect URL is used, and the exact one to register."""

from __future__ import annotations

from typing import Any

import pytest

from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.login import jupyter
from apiconn_nb.login.redirect import redirect_of, to_register

HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}
SSH = {"SSH_CONNECTION": "1 2 3 4"}


def method(**settings: Any) -> AuthorizationCode:
    return AuthorizationCode(client_id="app", **settings)


@pytest.mark.parametrize(
    ("url", "kind", "port", "path"),
    [
        ("http://127.0.0.1:9123/done", "loopback", 9123, "/done"),
        ("http://localhost:9123/", "loopback", 9123, "/"),
        ("http://localhost:9123", "loopback", 9123, "/"),
        ("http://127.0.0.1/callback", "loopback", 0, "/callback"),
        ("https://hub.example.org/hub/user-redirect/proxy/8765/callback", "jupyter", 8765, "/callback"),
        ("https://hub.example.org/user/ada/proxy/9000", "jupyter", 9000, "/"),
        ("https://example.org/signed-in", "page", 0, "/callback"),
        ("https://localhost:9123/done", "page", 0, "/callback"),
        ("http://[::1]:9123/done", "page", 0, "/callback"),
        ("https://example.org/proxy/99999/x", "page", 0, "/callback"),
    ],
)
def test_a_registered_url_says_who_serves_it(url: str, kind: str, port: int, path: str) -> None:
    found = redirect_of(method(redirect_url=url))
    assert (found.kind, found.port, found.path) == (kind, port, path)


def test_a_loopback_url_without_port_takes_any_port_and_keeps_its_host() -> None:
    assert redirect_of(method(redirect_url="http://localhost/cb")).loopback_url(5555) == "http://localhost:5555/cb"


def test_the_generic_url_is_the_same_everywhere() -> None:
    generic = method(generic_redirect=True)
    for environ in ({}, HUB, SSH, {**HUB, "BINDER_SERVICE_HOST": "1"}):
        assert to_register(generic, environ) == ["http://127.0.0.1:8765/callback"]
    page = method(generic_redirect=True, redirect_url="https://example.org/signed-in")
    assert to_register(page, HUB) == ["https://example.org/signed-in"]


def test_the_url_of_this_place() -> None:
    plain = method()
    assert to_register(plain, {}) == ["http://127.0.0.1:8765/callback"]
    assert to_register(plain, SSH) == ["http://127.0.0.1:8765/callback"]
    assert to_register(plain, HUB) == ["/user/ada/proxy/8765/callback"], "only the browser knows the origin"
    public = {**HUB, "JUPYTERHUB_PUBLIC_URL": "https://hub.example.org/user/ada/"}
    assert to_register(plain, public) == ["https://hub.example.org/user/ada/proxy/8765/callback"]
    given = to_register(plain, HUB, public_url="https://jupyter.example.org")
    assert given == ["https://jupyter.example.org/user/ada/proxy/8765/callback"]
    moved = to_register(plain, HUB, public_url="https://jupyter.example.org/hub/user-redirect/")
    assert moved == ["https://jupyter.example.org/hub/user-redirect/proxy/8765/callback"]


def test_what_a_bounce_has_shown_is_told_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyter, "_learnt", {})
    address = jupyter.Address("https://hub.example.org/user/ada/proxy/8765", "hub.example.org", is_proxied=True)
    jupyter.learn(address, 8765)
    assert to_register(method(), HUB) == ["https://hub.example.org/user/ada/proxy/8765/callback"]
    assert to_register(method(), {"JUPYTERHUB_SERVICE_PREFIX": "/user/bob/"}) == ["/user/bob/proxy/8765/callback"]
