"""On Binder the form says beside each field for a secret that no real one belongs there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.form.person import Person

WARNING = "type no real secret here"


def test_a_field_for_a_secret_warns_on_binder(at_form: Callable[..., Person], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDER_LAUNCH_HOST", "https://mybinder.org/")
    somebody = at_form("shop")
    somebody.choose("Authentication", "Private key in header")

    assert WARNING in somebody.beside("Private key")


def test_elsewhere_it_does_not(at_form: Callable[..., Person]) -> None:
    somebody = at_form("shop")
    somebody.choose("Authentication", "Private key in header")

    assert WARNING not in somebody.beside("Private key")
