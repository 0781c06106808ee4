"""``%apiconn_auth`` lines that cannot be: one sentence each, nothing saved, and no literal left in the history."""

from __future__ import annotations

import pytest

from apiconn_nb.errors import ApiConnError, ConfigError, SecretError, UnknownNameError, UsageError
from tests.canary import Canary
from tests.notebook.test_auth_magic import FILE, keyed
from tests.shell import NotebookShell

__all__ = ["keyed"]

BAD: list[tuple[str, type[ApiConnError], str]] = [
    ("shop --no-such 1", UnknownNameError, "No option '--no-such'"),
    ("shop key-in-hedder --key env:A", UnknownNameError, "did you mean key-in-header"),
    ("shop --base-url api.example.org", ConfigError, "begin with https://"),
    ("shop --base-url http://api.example.org", ConfigError, "not encrypted"),
    ("shop --base-url https://u:p@api.example.org", ConfigError, "HTTP Basic Auth"),
    ("shop --retries many", UsageError, "--retries takes a whole number"),
    ("shop --env staging", UsageError, "--env takes live or development"),
    ("shop --header novalue", UsageError, "NAME=VALUE"),
    ("shop basic --username a:b", ConfigError, "Username: a colon"),
    ("shop basic", ConfigError, "Username is missing: set it with --username"),
    ("shop jwt --private-key env:SHOP_KEY --lifetime 9999 --issuer a --token-endpoint https://x.example/t",
     ConfigError, "Lifetime"),
    ("shop client-certificate --certificate '-----BEGIN CERTIFICATE-----' --private-key env:A", ConfigError,
     "does not end"),
    ("shop key-in-header extra --key env:A", UsageError, "'extra' belongs to nothing"),
    ("a/b none --base-url https://x.example", ConfigError, "no collection name"),
    ("shop --login", UsageError, "needs no sign-in"),
    ("shop --via paste", UsageError, "--via goes with --login"),
    ("shop --ca-certificate '-----BEGIN X-----'", ConfigError, "CA certificate"),
    ("shop --proxy http://u:pw@proxy:1", ConfigError, "Proxy"),
    ("shop --key 'unfinished", UsageError, "close the quote"),
    ("nosuch --status", UnknownNameError, "No collection 'nosuch'"),
    ("--status", UsageError, "Which collection"),
    ("nosuch --test", UnknownNameError, "%apiconn_auth nosuch METHOD"),
    ("shop --header X-A=1 --header X-B=2 --header X-A=3", UsageError, "--header X-A=… stands twice"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind", "words"), BAD, ids=[each[0][:40] for each in BAD])
def test_a_line_that_cannot_be_is_one_sentence_and_nothing_is_saved(
    keyed: NotebookShell, line: str, kind: type[ApiConnError], words: str
) -> None:
    before = FILE.read_text()
    with pytest.raises(ApiConnError) as caught:
        keyed.run(f"%apiconn_auth {line}")
    assert isinstance(caught.value, kind), repr(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert FILE.read_text() == before


SECRET_OPTIONS = [
    "key-in-header --key {}", "key-in-url --key-name k --key {}", "basic --username a --password {}",
    "oauth2-client-credentials --client-id a --client-secret {}", "--header Authorization={}",
    "--query api_key={}", "oauth2-custom-token --token-headers X-Api-Key={}",
    "oauth2-custom-token --token-params secret={}",
    "--certificate-key {}", "jwt --private-key {}", "key-in-header --dev-key {}",
]  # fmt: skip


@pytest.mark.parametrize("options", SECRET_OPTIONS)
def test_a_literal_is_refused_before_anything_is_stored_and_cut_from_the_history(
    keyed: NotebookShell, canary: Canary, options: str
) -> None:
    before = FILE.read_text()
    literal = canary("literal")
    with pytest.raises(SecretError, match=r"reference") as caught:
        keyed.run(f"%apiconn_auth shop {options.format(literal)}")
    assert "env:NAME" in str(caught.value)
    assert FILE.read_text() == before
    keyed.history()
    canary.assert_absent(
        str(caught.value), keyed.history_file.parent, keyed.user_ns["In"], keyed.user_ns["_ih"],
        {name: value for name, value in keyed.user_ns.items() if name.startswith("_i")}, "\n".join(keyed.history()),
    )  # fmt: skip
