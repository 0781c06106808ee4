"""How the demo API says no: a problem document (RFC 9457), and a challenge where a credential is asked for."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from flask import Response


class Refused(Exception):
    """A request that is answered with a problem document. `headers` go out with it."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    def response(self) -> Response:
        """The answer."""
        document = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
        body = msgspec.json.encode(document)
        return Response(body, self.status, self.headers, content_type="application/problem+json")


def unauthorized(detail: str, challenge: str, **members: Any) -> Refused:
    """401 with its WWW-Authenticate, which RFC 9110 §15.5.2 requires."""
    return Refused(401, detail, {"WWW-Authenticate": challenge}, **members)
