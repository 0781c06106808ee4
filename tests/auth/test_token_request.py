"""The token request as a provider sees it on the wire, and what real providers ask of it beyond the RFCs."""

from __future__ import annotations

from typing import Any

import apiconn_nb
from tests.echo import Answer, Arrived, Echo
from tests.opened import Open

TOKEN = Answer(200, {"access_token": "CANARY-a", "expires_in": 3600})


def machine(echo: Echo, opened: Open, **settings: Any) -> Arrived:
    """One call of a client credentials collection; the token request that went before it."""
    whole = {"client_id": "app", "token_endpoint": f"{echo.url}/token", **settings}
    opened(f"{echo.url}/api", "oauth2-client-credentials", whole).send("GET /x")
    return next(each for each in echo.arrived if each.target == "/token")


def test_a_token_request_says_who_asks(echo: Echo, opened: Open) -> None:
    """GitHub and others answer 403 to a request without User-Agent."""
    echo.answer("/token", TOKEN)
    assert machine(echo, opened).headers["User-Agent"] == f"apiconn_nb/{apiconn_nb.__version__}"
    assert echo.last.headers["User-Agent"] == f"apiconn_nb/{apiconn_nb.__version__}", "and so do calls"


def test_a_token_calls_own_user_agent_stands(echo: Echo, opened: Open) -> None:
    echo.answer("/token", TOKEN)
    settings = {"token_endpoint": f"{echo.url}/token", "token_headers": {"User-Agent": "mine/1"}}
    opened(f"{echo.url}/api", "oauth2-custom-token", settings).send("GET /x")
    assert echo.arrived[0].headers["User-Agent"] == "mine/1"
