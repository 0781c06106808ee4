"""Put the demo together and keep it running in this process."""

from __future__ import annotations

import contextlib
import shutil
import ssl
import tempfile
import threading
from pathlib import Path

from flask import Flask, Response

from . import certificates, credentials, pages
from .api import Api
from .certificates import Certificates
from .counters import Counters
from .custom_token import CustomToken
from .discovery import Discovery
from .handle import Handle
from .openapi import OpenApi
from .provider import Provider
from .rows import answer
from .sockets import HOST, Server, listen
from .state import Settings, State


class Demo(Handle):
    """A demo that runs in this process; a context manager that stops it.

    Attributes:
        credentials: what opens its doors (`Credentials`): ``live``, ``development`` (`Account`), ``certificates``.
        counters: what it has counted (`Counters`): ``demo.counters["token:refresh_token"]``.
        state: the rooms inside (settings, clients, store, data), for tests.
    """

    def __init__(self, state: State, servers: list[Server], folder: Path) -> None:
        super().__init__(state.credentials)
        self.state = state
        self.stopped = False
        self._servers = servers
        self._folder = folder
        self._stopping = threading.Lock()

    @property
    def counters(self) -> Counters:
        """What the demo has counted."""
        return self.state.counters

    def expire_tokens(self) -> None:
        """Every access token given out so far is over its time now."""
        self.state.store.expire_all()

    def revoke_grants(self) -> None:
        """Every grant given so far is dead, with its refresh tokens: the person removed the app."""
        self.state.store.revoke_all()

    def stop(self) -> None:
        """Stop serving and remove the certificate files. A second call does nothing."""
        with self._stopping:
            self.stopped = True
            servers, self._servers = self._servers, []
            for server in servers:
                server.stop()
            shutil.rmtree(self._folder, ignore_errors=True)


def start(port: int, settings: Settings) -> Demo:
    """Start it; the arguments are those of `apiconn_nb.demo.serve`."""
    with contextlib.ExitStack() as undo:
        listeners = [undo.enter_context(contextlib.closing(listen(each))) for each in _ports(port)]
        folder = Path(tempfile.mkdtemp(prefix="apiconn-demo-"))
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        made = certificates.make(folder)
        plain, optional, required = (listener.getsockname()[1] for listener in listeners)
        urls = (f"http://{HOST}:{plain}", f"https://{HOST}:{optional}", f"https://{HOST}:{required}")
        state = State.of(settings, credentials.make(*urls, made))
        app = create_app(state)
        contexts = (None, _context(made, ssl.CERT_OPTIONAL), _context(made, ssl.CERT_REQUIRED))
        servers = [Server(*pair, app, state.counters) for pair in zip(listeners, contexts, strict=True)]
        undo.pop_all()
    for server in servers:
        server.start()
    return Demo(state, servers, folder)


def _ports(port: int) -> tuple[int, int, int]:
    return (port, port + 1, port + 2) if port else (0, 0, 0)


def create_app(state: State) -> Flask:
    """The demo as a WSGI app."""
    app = Flask(__name__)
    Provider(app, state)
    CustomToken(app, state)
    Discovery(app, state)
    OpenApi(app, state)
    Api(app, state)

    def front() -> Response:
        return pages.start(state.credentials)

    def fake_credentials() -> Response:
        return answer(state.credentials.as_json())

    def counts() -> Response:
        return answer(state.counters.snapshot())

    def expire() -> Response:
        state.store.expire_all()
        return Response(status=204)

    def revoke() -> Response:
        state.store.revoke_all()
        return Response(status=204)

    app.add_url_rule("/", view_func=front)
    app.add_url_rule("/credentials.json", view_func=fake_credentials)
    app.add_url_rule("/counters.json", view_func=counts)
    app.add_url_rule("/control/expire", view_func=expire, methods=["POST"])
    app.add_url_rule("/control/revoke", "revoke_all", view_func=revoke, methods=["POST"])
    return app


def _context(made: Certificates, mode: ssl.VerifyMode) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server.certificate_file, made.server.private_key_file)
    context.load_verify_locations(made.ca_file)
    context.verify_mode = mode
    return context
