"""A secret is a type, and a reference says where it rests."""

from __future__ import annotations

import base64
import copy
import json
import os
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb import keyrings, secrets
from apiconn_nb.auth.store import KeyringStore, open_store
from apiconn_nb.errors import ConfigError, SecretError
from apiconn_nb.redaction import redact
from apiconn_nb.secrets import Secret, is_reference
from apiconn_nb.settings import CollectionSettings
from apiconn_nb.workspace import Workspace


def test_no_way_of_showing_a_secret_gives_its_value(canary: Any) -> None:
    secret = Secret(canary("value", awkward=True))
    with pytest.raises(TypeError):
        json.dumps({"key": secret})
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", repr([secret]), repr({"a": secret})]
    canary.assert_absent(*shown, pickle.dumps(secret), pickle.dumps({"deep": [secret]}), json.dumps(str(secret)))
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret
    assert not hasattr(secret, "__dict__")


def test_a_value_does_not_travel_and_says_so() -> None:
    travelled = pickle.loads(pickle.dumps(Secret("CANARY-value-1", label="Private key")))
    assert travelled
    with pytest.raises(SecretError, match="Private key was typed in another process"):
        travelled.reveal()


def test_a_reference_travels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERE", "CANARY-there")
    travelled = pickle.loads(pickle.dumps(Secret.from_reference("env:WHERE")))
    assert travelled.reveal() == "CANARY-there"
    assert repr(travelled) == "Secret('env:WHERE')"


@pytest.mark.parametrize("text", ["env:A", "keyring:s/u", "file:/a/b", "colab:X", "prompt"])
def test_what_is_a_reference(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["", "env:", "ENV:A", "token", "prompt ", "https://x", "vault:a"])
def test_what_is_none(text: str) -> None:
    assert not is_reference(text)
    with pytest.raises(SecretError, match="env:NAME"):
        Secret.from_reference(text, label="Key")


def test_env_is_read_each_time_and_dotenv_after_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = Secret.from_reference("env:TOKEN_A", label="Private key")
    with pytest.raises(SecretError, match=r"Private key: env:TOKEN_A is not set.*\.env"):
        secret.reveal()
    Path(".env").write_text('TOKEN_A="from file ${HOME}"\n')
    assert secret.reveal() == "from file ${HOME}"
    monkeypatch.setenv("TOKEN_A", "from environment")
    assert secret.reveal() == "from environment"


def test_file_is_read_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("two\nlines\n")
    assert Secret.from_reference(f"file:{tmp_path / 'key'}").reveal() == "two\nlines"
    with pytest.raises(SecretError, match="No such file"):
        Secret.from_reference(f"file:{tmp_path / 'none'}").reveal()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SecretError, match="not UTF-8"):
        Secret.from_reference(f"file:{tmp_path / 'bytes'}").reveal()
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2 << 20)
    with pytest.raises(SecretError, match="larger than 1 MiB"):
        Secret.from_reference(f"file:{tmp_path / 'large'}").reveal()


def test_keyring_without_a_real_backend_is_refused() -> None:
    with pytest.raises(SecretError, match="no OS keyring here"):
        Secret.from_reference("keyring:service/user", label="Key").reveal()


def test_keyring_with_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {("service/with/slash", "user"): "CANARY-kept"}

    class Backend:
        def get_password(self, service: str, user: str) -> str | None:
            return kept.get((service, user))

    monkeypatch.setattr(secrets, "find_keyring", Backend)
    assert Secret.from_reference("keyring:service/with/slash/user").reveal() == "CANARY-kept"
    with pytest.raises(SecretError, match="no entry service/other"):
        Secret.from_reference("keyring:service/other").reveal()
    with pytest.raises(SecretError, match="SERVICE/USER"):
        Secret.from_reference("keyring:service").reveal()


class Locked:
    """A keyring that asks a person who is not there."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def get_password(self, *_: str) -> None:
        self.released.wait(20)

    set_password = get_password


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    backend = Locked()
    monkeypatch.setattr(keyrings, "WAIT", 0.2)
    for module in (secrets, keyrings):
        monkeypatch.setattr(module, "find_keyring", lambda: backend)
    yield backend
    backend.released.set()


def test_a_keyring_that_hangs_is_one_sentence(locked: Locked, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    with pytest.raises(SecretError, match="did not answer in 0 s: unlock it and try again, or use env:NAME") as caught:
        Secret.from_reference("keyring:service/user", label="Key").reveal()
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(keyrings, "WAIT", 60.0)  # as long as that question is open, the next ones do not wait
    typed = CollectionSettings("shop", "key-in-header", {}, {"key_name": "k", "key": Secret("CANARY-typed")})
    with pytest.raises(SecretError, match="did not answer"):
        Workspace(Path("apiconn.toml")).save(typed)
    with pytest.raises(ConfigError, match=r"did not answer.*ApiConn.token_file"):  # what a slot takes for "not saved"
        KeyringStore(locked).write("k", {"access_token": "CANARY-2"})
    assert time.monotonic() - began < 5


def test_a_keyring_that_refuses_is_one_sentence_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def get_password(self, *_: str) -> str:
            raise RuntimeError("CANARY-in-the-backend's-words")

    monkeypatch.setattr(secrets, "find_keyring", Refusing)
    with pytest.raises(SecretError, match=r"refused \(RuntimeError\)") as caught:
        Secret.from_reference("keyring:service/user").reveal()
    assert "CANARY" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_desktop_that_does_not_say_which_keyring_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look for a backend asks the session bus, which may hang as well."""
    released = threading.Event()
    monkeypatch.setattr(keyrings, "WAIT", 0.2)
    monkeypatch.setattr("keyring.get_keyring", lambda: released.wait(20))
    try:
        with pytest.raises(SecretError, match="did not answer"):
            Secret.from_reference("keyring:service/user").reveal()
        assert open_store().where() == "this kernel's memory"
    finally:
        released.set()


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/tty", "pipe", "."])
def test_a_reference_to_what_is_no_file_does_not_hang(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SecretError, match=r"no regular file|cannot be read"):
        Secret.from_reference(f"file:{tmp_path / path}").reveal()


def test_colab_elsewhere_names_what_to_use() -> None:
    with pytest.raises(SecretError, match="use env:KEY here"):
        Secret.from_reference("colab:KEY").reveal()


def test_prompt_asks_once_for_each_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return f"CANARY-typed-{len(asked)}"

    getpass.__module__ = "ipykernel"
    monkeypatch.setattr("getpass.getpass", getpass)
    first = Secret.from_reference("prompt", label="Key", owner="a/key")
    assert first.reveal() == first.reveal() == "CANARY-typed-1"
    assert Secret.from_reference("prompt", label="Key", owner="b/key").reveal() == "CANARY-typed-2"
    assert asked == ["Key: ", "Key: "]
    secrets.forget("a/")
    assert not secrets.is_remembered("a/key")
    secrets.forget("b/")


def test_prompt_without_anybody_to_ask_is_one_sentence() -> None:
    with pytest.raises(SecretError, match=r"nobody can be asked here.*env:NAME"):
        Secret.from_reference("prompt", label="Key", owner="nobody/key").reveal()


def test_redaction_knows_every_encoding(canary: Any) -> None:
    from tests.canary import forms

    value = canary("redacted", awkward=True)
    Secret(value)
    for name, form in forms(value):
        if name in ("UTF-16", "Latin-1", "repr", "HTML", "JSON in JSON") or name.startswith("base64"):
            continue  # texts that we show are none of these; base64 is below, in longer texts
        canary.assert_absent(redact(f"before {form.decode()} after"))
    for before in (b"", b"a", b"ab", b"abc"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            canary.assert_absent(redact(encode(before + value.encode() + b":z").decode()))


def test_short_values_do_not_garble_ordinary_words() -> None:
    Secret("a")
    assert redact("a banana") == "a banana"


def test_nothing_is_set_in_the_environment(canary: Any) -> None:
    Secret(canary("env")).reveal()
    canary.assert_absent(repr(dict(os.environ)))
