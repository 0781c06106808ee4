"""``WWW-Authenticate`` as servers write it (RFC 9110 §11.6.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiconn_nb.discovery.challenges import Challenge, challenges


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('Basic realm="x"', [Challenge("basic", {"realm": "x"})]),
        ("Bearer", [Challenge("bearer", {})]),
        ("bearer realm=x, error=invalid_token", [Challenge("bearer", {"realm": "x", "error": "invalid_token"})]),
        (
            'Bearer error="invalid_token", resource_metadata="https://a.example/.well-known/x?y=1,2"',
            [
                Challenge(
                    "bearer",
                    {"error": "invalid_token", "resource_metadata": "https://a.example/.well-known/x?y=1,2"},
                )
            ],
        ),
        (
            'Basic realm="a \\"quoted\\" one", Digest realm="b", nonce="c", Negotiate',
            [
                Challenge("basic", {"realm": 'a "quoted" one'}),
                Challenge("digest", {"realm": "b", "nonce": "c"}),
                Challenge("negotiate", {}),
            ],
        ),
        ("Negotiate YIICrgYGKwYBBQUCoIICojCCAp6=", [Challenge("negotiate", {})]),
        (
            'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
            [
                Challenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
                Challenge("basic", {"realm": "simple"}),
            ],
        ),
        ("", []),
        (",,,", []),
        ('realm="x"', []),
    ],
)
def test_challenges(header: str, found: list[Challenge]) -> None:
    assert challenges([header]) == found


def test_several_headers() -> None:
    assert [each.scheme for each in challenges(["Basic realm=a", "Bearer realm=b"])] == ["basic", "bearer"]


@given(st.text(max_size=300))
def test_whatever_a_server_writes_it_ends(header: str) -> None:
    for challenge in challenges([header, f"Bearer {header}", f'Basic realm="{header}']):
        assert challenge.scheme


def test_a_long_header_ends_quickly() -> None:
    assert challenges(['Bearer x="' + '\\"' * 100_000]) is not None
