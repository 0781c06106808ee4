"""Each test runs alone: its own HOME and working folder, no settings from outside, no network but loopback."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest

# Taken at import, before any test changes it: installers need the machine's own proxies, caches and certificates.
MACHINE_ENVIRON = dict(os.environ)

# What decides where a kernel runs, or whom it trusts; a test sets what it wants to see.
FOREIGN = ("APICONN_", "JUPYTER", "JPY_", "IPYTHON", "COLAB_", "BINDER_", "VSCODE_", "SSH_", "CODESPACE", "GITPOD_")
FOREIGN_NAMES = {
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSLKEYLOGFILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NETRC",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "BROWSER",
    "DBUS_SESSION_BUS_ADDRESS",
}


def cache_folder() -> Path:
    """Where what tests install stays between runs; outside the repository."""
    base = MACHINE_ENVIRON.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "apiconn-nb-tests"


CACHE = cache_folder()  # resolved before any test has a HOME of its own


def is_foreign(name: str) -> bool:
    """Whether the environment variable `name` is taken away from tests."""
    upper = name.upper()
    return upper.startswith(FOREIGN) or upper in FOREIGN_NAMES or upper.endswith("_PROXY")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own empty HOME (XDG and IPython folders under it); the working folder is `tmp_path`."""
    for name in list(os.environ):
        if is_foreign(name):
            monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    for variable, name in (("CONFIG", ".config"), ("CACHE", ".cache"), ("DATA", ".local/share"), ("STATE", ".state")):
        monkeypatch.setenv(f"XDG_{variable}_HOME", str(folder / name))
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("IPYTHONDIR", str(folder / ".ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")  # unset, jupyter_core warns, and a warning is an error here
    # No test may meet the developer's own keyring; a test that wants one sets its own backend.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    if "keyring.core" in sys.modules:
        sys.modules["keyring.core"].init_backend()
    if "apiconn_nb.workspace" in sys.modules:  # the collections of the test before
        monkeypatch.setattr(sys.modules["apiconn_nb.workspace"], "_current", None)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    """The secrets of the tests before are cut from nothing: one of them may be a word that this test looks for."""
    if "apiconn_nb.redaction" in sys.modules:
        sys.modules["apiconn_nb.redaction"]._known.clear()


@pytest.fixture(autouse=True, scope="session")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Of the public certificate authorities one is known: loopback needs none, and to read them all takes 25 ms for
    each collection that a test makes.
    """
    mark = "-----END CERTIFICATE-----\n"
    bundle = tmp_path_factory.mktemp("authorities") / "one.pem"
    bundle.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(mark)[0] + mark, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(bundle))
        yield


@pytest.fixture(autouse=True)
def no_recording() -> Iterator[None]:
    """Neither records nor replays: what one test switched on and failed before it switched it off ends here."""
    yield
    if "apiconn_nb.recording.mode" in sys.modules:
        sys.modules["apiconn_nb.recording.mode"].use()


def is_loopback(host: object) -> bool:
    """Whether `host` (a name or an address, text or bytes) is this machine's loopback."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host or "localhost")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse every connection and every name look-up that would leave 127.0.0.0/8 and ::1.

    What the code under test sees is what a machine without a network gives: `socket.gaierror`, ENETUNREACH.
    """
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuses(sock: socket.socket, address: Any) -> bool:
        return sock.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0])

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        if refuses(sock, address):
            raise OSError(errno.ENETUNREACH, f"tests are loopback only, not {address[0]!r}")
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        return errno.ENETUNREACH if refuses(sock, address) else connect_ex(sock, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if not is_loopback(host) and not _is_address(host):
            raise socket.gaierror(socket.EAI_NONAME, f"tests are loopback only, not {host!r}")
        return getaddrinfo(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes | bytearray) else str(host).partition("%")[0])
    except ValueError:
        return False
    return True
