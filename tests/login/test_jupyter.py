"""The notebook's own address: from the bounce's headers, from the server's file, from what the person gives."""

from __future__ import annotations

import json
from email.message import Message
from pathlib import Path

import pytest

from apiconn_nb.login.jupyter import Address, seen_from, server, through_proxy
from tests.canary import Canary

CONTEXT = "/user/ada/proxy/8765"


def headers(*pairs: tuple[str, str]) -> Message:
    """As `http.server` parses them."""
    message = Message()
    for name, value in pairs:
        message[name] = value
    return message


PROXIED = (("X-ProxyContextPath", CONTEXT),)


@pytest.mark.parametrize(
    ("pairs", "base"),
    [
        ((("Host", "127.0.0.1:8765"),), "http://127.0.0.1:8765"),
        ((("Host", "localhost:8888"), *PROXIED), "http://localhost:8888/user/ada/proxy/8765"),
        (
            (("Host", "hub.example.org"), ("X-Forwarded-Proto", "https"), *PROXIED),
            "https://hub.example.org/user/ada/proxy/8765",
        ),
        (
            (("Host", "hub.example.org:8443"), ("X-Forwarded-Proto", "https,http"), *PROXIED),
            "https://hub.example.org:8443/user/ada/proxy/8765",
        ),
        (
            (("Host", "10.0.0.7:8888"), ("X-Forwarded-Host", "hub.example.org, inner"), *PROXIED),
            "http://hub.example.org/user/ada/proxy/8765",
        ),
        ((("Host", "[::1]:8888"), *PROXIED), "http://[::1]:8888/user/ada/proxy/8765"),
        ((("Host", "h"), ("X-ProxyContextPath", "/user/a%20b@c/proxy/1")), "http://h/user/a%20b@c/proxy/1"),
    ],
)
def test_where_the_browser_believes_to_be(pairs: tuple[tuple[str, str], ...], base: str) -> None:
    address = seen_from(headers(*pairs))
    assert address is not None
    assert address.base == base
    assert address.is_proxied == ("X-ProxyContextPath" in dict(pairs))


@pytest.mark.parametrize(
    "pairs",
    [
        (),
        (("Host", ""),),
        (("Host", "a b"),),
        (("Host", "evil.example/x"),),
        (("Host", "user@evil.example"),),
        (("Host", "one"), ("Host", "two")),
        (("Host", "h"), ("X-ProxyContextPath", "//evil.example/x")),
        (("Host", "h"), ("X-ProxyContextPath", "relative")),
        (("Host", "h"), ("X-ProxyContextPath", '/x"onload="y')),
        (("Host", "h"), ("X-Forwarded-Proto", "javascript"), *PROXIED),
        (("Host", "h"), ("X-Forwarded-Host", "evil.example/path"), *PROXIED),
    ],
)
def test_headers_that_make_no_sense_are_no_address(pairs: tuple[tuple[str, str], ...]) -> None:
    assert seen_from(headers(*pairs)) is None


def test_a_server_that_speaks_tls_itself_says_so_nowhere_but_in_its_file() -> None:
    address = seen_from(headers(("Host", "localhost:8888"), *PROXIED), is_secure=True)
    assert address == Address("https://localhost:8888/user/ada/proxy/8765", "localhost:8888", is_proxied=True)


def test_the_local_server_is_known_by_its_file_and_its_token_is_left_there(tmp_path: Path, canary: Canary) -> None:
    content = {"base_url": "/lab/", "port": 8899, "secure": True, "token": canary("jupyter-token"), "url": "x"}
    (tmp_path / "jpserver-4242.json").write_text(json.dumps(content))
    found = server({"JPY_PARENT_PID": "4242", "JUPYTER_RUNTIME_DIR": str(tmp_path)})
    assert (found.base_url, found.is_secure) == ("/lab/", True)
    canary.assert_absent(repr(found), repr(vars(found)))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"base_url": null}', '{"base_url": "x"}'])
def test_a_file_that_is_none_is_a_server_at_the_root(tmp_path: Path, content: str) -> None:
    (tmp_path / "jpserver-4242.json").write_text(content)
    found = server({"JPY_PARENT_PID": "4242", "JUPYTER_RUNTIME_DIR": str(tmp_path)})
    assert found.base_url in ("/", "/x/")
    assert server({"JPY_PARENT_PID": "../../etc/x", "JUPYTER_RUNTIME_DIR": str(tmp_path)}).base_url == "/"


def test_a_provider_beside_the_kernel_lies_behind_the_same_proxy() -> None:
    base = "https://hub.example.org/user/ada/proxy/8765"
    seen = through_proxy("http://127.0.0.1:5000/oauth/authorize?a=b&c=d", base, 8765)
    assert seen == "https://hub.example.org/user/ada/proxy/5000/oauth/authorize?a=b&c=d"
    assert through_proxy("https://login.example.org/x?a=b", base, 8765) == "https://login.example.org/x?a=b"
    assert through_proxy("http://127.0.0.1:5000/x", "http://127.0.0.1:8765", 8765) == "http://127.0.0.1:5000/x"
    relative = through_proxy("http://localhost:5000/oauth/device", "/user/ada/proxy/8765", 8765)
    assert relative == "/user/ada/proxy/5000/oauth/device"
