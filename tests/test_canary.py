"""Every method in every situation, by magics and by Python: no secret in anything that is left behind."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import signal
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import apiconn_nb as api
from apiconn_nb import auth
from apiconn_nb.auth.token import Token
from apiconn_nb.errors import ApiConnError
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.echo import Answer, Arrived, Echo
from tests.servers.certificates import Certificates
from tests.shell import NotebookShell

pytestmark = pytest.mark.filterwarnings("ignore::apiconn_nb.auth.oauth2_password.LegacyGrantWarning")
METHODS = [each.slug for each in auth.methods()]
MODES = ["Plain", "Context", "Verbose", "Minimal"]
FAILURES = ["401", "403", "slow", "broken", "elsewhere", "interrupt"]


class Log(logging.Handler):
    """Every record of every logger, as it is written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {self.format(record)} {record.args!r}")


@pytest.fixture
def log() -> Iterator[list[str]]:
    handler, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


def repeated(status: int) -> Callable[[Arrived], Answer]:
    """An answer that gives back all that arrived, in body and headers."""
    return lambda arrived: Answer(
        status,
        [{"target": arrived.target, "headers": dict(arrived.headers), "body": arrived.body.decode("utf-8", "replace")}],
        {"X-Seen": json.dumps(dict(arrived.headers))},
    )


def slow(arrived: Arrived) -> Answer:
    time.sleep(0.8)
    return Answer()


@pytest.fixture
def world(echo: Echo, other_echo: Echo, canary: Canary) -> Echo:
    """A server that repeats what it is sent, and an OAuth provider whose tokens are canaries too."""
    for status in (200, 401, 403):
        echo.answer(f"/{status}", repeated(status))
    echo.answer("/slow", slow)
    echo.answer("/interrupt", slow)
    echo.answer("/broken", lambda arrived: Answer(body=f'{{"seen": "{arrived.headers}'.encode()))
    echo.answer("/elsewhere", Answer(307, b"", {"Location": f"{other_echo.url}/x"}))
    echo.answer(
        "/token",
        lambda arrived: Answer(
            body={"access_token": canary("access"), "refresh_token": canary("refresh"), "id_token": canary("id"),
                  "expires_in": 3600}
        ),
    )  # fmt: skip
    return echo


class Setting:
    """One method set up: its options for a magic line, the base URL, and the environment's secrets."""

    def __init__(self, slug: str, world: Echo, canary: Canary, certificates: Certificates) -> None:
        self.slug = slug
        self.url = world.url
        self.environ = {"KEY": canary("key", awkward=True), "SHARED": canary("shared"), "PRIVATE": canary("private")}
        token = f"--token-endpoint {world.url}/token"
        self.options = {
            "none": "",
            "key-in-url": "--key-name k --key env:KEY",
            "key-in-header": "--key-name X-Key --key env:KEY",
            "basic": "--username ada --password env:KEY",
            "oauth2-password": f"--username ada --password env:KEY {token}",
            "oauth2-user-agent": f"--client-id i --client-secret env:KEY {token} "
            f"--authorization-endpoint {world.url}/authorize",
            "oauth2-custom-token": f"{token} --token-params s=env:KEY --token-headers X-T=env:KEY "
            """--token-body '{"s": "<s>"}'""",
            "jwt": f"--issuer i --private-key env:PEM {token}",
            "client-certificate": f"--certificate file:{certificates.path('alice.pem')} --private-key env:PEM "
            f"--ca-certificate file:{certificates.path('ca.pem')}",
            "oauth2-client-credentials": f"--client-id i --client-secret env:KEY {token} --client-auth-basic",
        }[slug]
        if slug in ("oauth2-custom-token",):
            self.environ["KEY"] = canary("key-of-header")  # a header takes no é
        if slug == "jwt":
            pem = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            self._pem(pem.decode(), canary)
        if slug == "client-certificate":
            self._pem(certificates.text("alice.key"), canary)
            self.url = self.url.replace("http:", "https:")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.path("server.pem"), certificates.path("server.key"))
            context.load_verify_locations(certificates.path("ca.pem"))
            context.verify_mode = ssl.CERT_REQUIRED
            world._server.socket = context.wrap_socket(world._server.socket, server_side=True)

    def _pem(self, pem: str, canary: Canary) -> None:
        self.environ["PEM"] = pem
        for line in pem.split("\n")[2:8]:
            canary.watch(line)


@pytest.fixture(params=METHODS)
def setting(
    request: pytest.FixtureRequest, world: Echo, canary: Canary, certificates: Certificates,
    magics: NotebookShell, monkeypatch: pytest.MonkeyPatch,
) -> Setting:  # fmt: skip
    """Each method in turn, set up by its magic line as the collection ``c``."""
    made = Setting(request.param, world, canary, certificates)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    magics.run(f"%apiconn_auth c {made.slug} --base-url {made.url} {made.options} --header X-Shared-Token=env:SHARED")
    if made.slug == "oauth2-user-agent":
        api.collection("c").slot.keep(Token(Secret(canary("access")), refresh_token=Secret(canary("refresh"))))
    return made


@pytest.fixture(autouse=True)
def short_again() -> Iterator[None]:
    yield
    ApiConnError.short = True


def interrupt_when(situation: str) -> None:
    if situation == "interrupt":
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()


def drawn(shell: NotebookShell, error: BaseException, capsys: pytest.CaptureFixture[str], *modes: str) -> str:
    """An error as IPython draws it in `modes`, short and in full; Verbose has all that the others show."""
    for short in (True, False):
        ApiConnError.short = short
        for mode in modes or ("Verbose",):
            shell.InteractiveTB.set_mode(mode)
            shell.showtraceback((type(error), error, error.__traceback__))
    ApiConnError.short = True
    text = "".join(capsys.readouterr())
    assert type(error).__name__ in text, "nothing was drawn, so nothing would be searched"
    return text


def of_object(thing: Any) -> list[Any]:
    """An object shown, copied and pickled."""
    return [repr(thing), str(thing), repr(copy.copy(thing)), pickle.dumps(thing), repr(getattr(thing, "__dict__", ""))]


def of_error(error: BaseException) -> list[Any]:
    found = [*of_object(error), "".join(traceback.format_exception(error))]
    for name in ("request", "response"):
        if (held := getattr(error, name, None)) is not None:
            found += [*of_object(held), repr(held.headers.raw), str(held.url), held.read()]
    return found


def left_by(shell: NotebookShell) -> list[Any]:
    """What a session leaves behind: displays, history, variables of IPython, the collection file."""
    inputs = {name: value for name, value in shell.user_ns.items() if name.startswith(("_i", "In", "_oh", "Out"))}
    return [shell.display_text(), "\n".join(shell.history()), shell.history_file.parent, inputs, Path("apiconn.toml")]


def test_by_magics(
    setting: Setting, magics: NotebookShell, canary: Canary, log: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    left: list[Any] = []
    head = "%%apicall c -p who=env:PRIVATE {options}\nPOST /{situation}?who=[who]\nX-Mine: [who]\n\n"
    cell = head + '{{"p": "<who>"}}'
    frame = magics.run(cell.format(options="--debug", situation="200"))
    left += [*of_object(frame), frame.to_csv(), json.dumps(frame.attrs), repr(frame.api.request), repr(frame.api.raw)]
    for more in ("%apiconn_auth", "%apiconn_auth c --status", cell.format(options="--dry-run", situation="200")):
        left.append(repr(magics.run(more)))
    for situation in FAILURES:
        options = {"slow": "--timeout 0.3", "broken": "--as json"}.get(situation, "")
        interrupt_when(situation)
        result = magics.run_cell(cell.format(options=options, situation=situation), store_history=True)
        assert result.error_in_exec is not None, situation
        modes = MODES if situation in ("401", "interrupt") else ()
        left += [*of_error(result.error_in_exec), drawn(magics, result.error_in_exec, capsys, *modes)]
    canary.assert_absent(*left, *left_by(magics), "\n".join(log), "".join(capsys.readouterr()))


def test_by_python(
    setting: Setting, magics: NotebookShell, canary: Canary, log: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    collection = api.collection("c")
    left: list[Any] = []
    response = collection.send("GET /200?who=[who]", who=Secret(setting.environ["PRIVATE"]))
    assert response.status_code == 200
    left += [*of_object(response), response.content, repr(response.headers.raw), repr(response.request.headers.raw)]
    left += [*of_object(collection), *of_object(collection.method), *of_object(collection.settings)]
    left += of_object(collection.slot.token)
    for situation in FAILURES:
        request = collection.request(f"GET /{situation}?w=[w]", {"w": Secret(setting.environ["PRIVATE"])})
        interrupt_when(situation)
        try:
            answered = collection.deliver(request, timeout=0.3 if situation == "slow" else 5).response
            left += [*of_object(answered), answered.content, repr(answered.headers.raw)]
        except (ApiConnError, KeyboardInterrupt) as error:
            left.append(drawn(magics, error, capsys))
            left += [repr(error), str(error)] if isinstance(error, KeyboardInterrupt) else of_error(error)
    canary.assert_absent(*left, "\n".join(log), "".join(capsys.readouterr()))


# ── the search itself ──────────────────────────────────────────────────────────────────────────────────────────────

LEAKS: dict[str, Callable[[NotebookShell, str], Any]] = {
    "a display": lambda shell, value: shell.run(f"from IPython.display import display\ndisplay({value!r})"),
    "the history": lambda shell, value: shell.run(f"# {value}"),
    "a value of a cell": lambda shell, value: shell.user_ns.__setitem__("_i99", value),
    "the file": lambda shell, value: Path("apiconn.toml").write_text(f"# {value}"),
}


@pytest.mark.parametrize("where", LEAKS)
def test_a_planted_leak_is_found(magics: NotebookShell, echo: Echo, canary: Canary, where: str) -> None:
    magics.run(f"%apiconn_auth c none --base-url {echo.url}")
    value = canary("planted")
    canary.assert_absent(*left_by(magics))
    LEAKS[where](magics, value)
    with pytest.raises(AssertionError, match="leaked"):
        canary.assert_absent(*left_by(magics))


def test_a_secret_put_into_the_public_request_is_found(
    magics: NotebookShell, world: Echo, canary: Canary, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutation that matters: the door's private copy given back as the request that everybody sees."""
    monkeypatch.setenv("KEY", canary("key"))
    magics.run(f"%apiconn_auth c key-in-url --base-url {world.url} --key-name k --key env:KEY")
    collection = api.collection("c")
    canary.assert_absent(*of_object(collection.send("GET /200")), "\n".join(log))
    exchange = collection.door._exchange

    def careless(request: Any, signed: Any) -> Any:
        response = exchange(request, signed)
        request.url = request.url.copy_merge_params({"k": os.environ["KEY"]})
        return response

    monkeypatch.setattr(collection.door, "_exchange", careless)
    with pytest.raises(AssertionError, match="leaked"):
        canary.assert_absent(str(collection.send("GET /200").request.url))
