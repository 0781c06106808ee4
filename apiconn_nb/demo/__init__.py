"""The embedded demo: a small realistic API behind all ten authentication methods, and an OAuth provider.

One process, loopback only, no account, no internet. README, notebooks, Binder and tests run on it::

    from apiconn_nb import demo

    with demo.serve() as api:
        print(api.url, api.credentials.live.api_key)

In a notebook, `running` starts it once per kernel and sets the environment variables that ``env:`` references name
(`APICONN_DEMO_API_KEY`, …; `credentials.Credentials.environ` lists them). In a terminal: ``apiconn-demo``.

Where to look::

    doors           the ten URL prefixes and what opens each      data, orders, rows   what is served, page by page
    provider        the OAuth routes around Authlib's server      grants, device       Authlib's grants
    clients         OAuth clients and users                       answers, faults      trouble on request
    discovery       RFC 8414, 9728, userinfo                      openapi              /openapi.json
    certificates    made at start-up                              sockets, server      threads, TLS, keep-alive
    handle          what a caller holds                           visitor              signs in without a browser
    check           the notebook run without a screen
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..login import stand_in
from .handle import Handle, attach

if TYPE_CHECKING:
    from .server import Demo

__all__ = ["Handle", "attach", "running", "serve"]

PORT = 8790  # and the next two, for TLS: fixed, so that notebooks are written with plain URLs

_lock = threading.Lock()
_running: Demo | None = None


def serve(
    port: int = 0,
    *,
    access_token_lifetime: float = 3600,
    code_lifetime: float = 60,
    device_lifetime: float = 600,
    device_interval: float = 5,
) -> Demo:
    """Start the demo in background threads of this process.

    Parameters:
        port: of the plain-HTTP side, the two TLS sides take the next two; 0 takes free ones.
        access_token_lifetime, code_lifetime, device_lifetime: seconds. One token call can ask for its own with
            ``?lifetime=SECONDS`` on the token endpoint's URL.
        device_interval: seconds between two polls of the device grant; a client that polls sooner gets ``slow_down``.

    Returns: the `Demo`, a context manager; `Demo.stop` ends it.
    Raises: UsageError where Flask is missing or the port is taken.
    """
    # Loaded here as a whole: Flask is an extra, and importing the package must work without it.
    try:
        from . import server
        from .state import Settings
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("flask", "werkzeug"):
            raise UsageError('The demo needs Flask: pip install "apiconn_nb[demo]"') from None
        raise
    settings = Settings(access_token_lifetime, code_lifetime, device_lifetime, device_interval)
    return server.start(port, settings)


def running() -> Handle:
    """The demo of this kernel: started at the first call, the same one afterwards, stopped when the kernel ends.

    It stands at `PORT`, so that a notebook can be written for it. Where a demo answers there or at
    ``APICONN_DEMO_URL`` already (another kernel's, `apiconn-demo lab`'s), that one is used.
    Sets the environment variables of `Handle.environ` in this process. Where nobody sits at a browser (nbclient, CI)
    its made-up user signs in by themself.
    Raises UsageError where Flask is missing, or another program has the port.
    """
    global _running
    with _lock:
        if _running is None or _running.stopped:
            for url in (os.environ.get("APICONN_DEMO_URL", ""), f"http://127.0.0.1:{PORT}"):
                found = attach(url)
                if found is not None:
                    return _at_home(found)
            _running = serve(PORT)
            atexit.register(_running.stop)
        return _at_home(_running)


def _at_home(found: Handle) -> Handle:
    """Tell this process of a demo: its fake credentials, and who signs in where nobody sits at a browser."""
    os.environ.update(found.environ())
    stand_in.register(found.url, found.sign_in)
    return found
