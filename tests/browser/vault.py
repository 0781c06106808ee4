"""An OS keyring for kernels in tests: what they keep is in this process's memory, and on no disk."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What a kernel runs to have it: a backend like any other, which asks this process.
CELL = """
import json, urllib.request, keyring, keyring.backend

class Vault(keyring.backend.KeyringBackend):
    priority = 9

    def _ask(self, **what):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
        request = urllib.request.Request("http://127.0.0.1:{port}/", json.dumps(what).encode())
        return json.loads(opener.open(request, timeout=10).read())

    def get_password(self, service, username):
        return self._ask(do="get", key=[service, username])

    def set_password(self, service, username, password):
        self._ask(do="set", key=[service, username], value=password)

    def delete_password(self, service, username):
        self._ask(do="set", key=[service, username], value=None)

keyring.set_keyring(Vault())
"""


@contextmanager
def vault() -> Iterator[tuple[str, dict[str, str]]]:
    """The cell that a kernel runs, and what is in the vault, by ``service/user``."""
    kept: dict[str, str] = {}

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = "/".join(asked["key"])
            if asked["do"] == "set" and asked["value"] is None:
                kept.pop(key, None)
            elif asked["do"] == "set":
                kept[key] = asked["value"]
            body = json.dumps(kept.get(key)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield CELL.format(port=server.server_address[1]), kept
        finally:
            server.shutdown()
