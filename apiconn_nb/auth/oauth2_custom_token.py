"""OAuth2 Custom Token: a token from an endpoint that follows no grant, by a JSON body the person writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from apiconn_nb.auth.client import Flow, json_request, read_response, revealed, token_request
from apiconn_nb.auth.header import check_name, one_line
from apiconn_nb.auth.token import ResponseShape
from apiconn_nb.auth.tokens import Placement, TokenMethod
from apiconn_nb.errors import ConfigError
from apiconn_nb.fields import Rows, rows, setting
from apiconn_nb.placeholders import Needed, fill_tree, names_in_body, to_json
from apiconn_nb.secrets import public_text


@dataclass(frozen=True)
class CustomToken(TokenMethod):
    """Posts `token_body` with `token_headers`, takes the token from the answer, and repeats the call to renew it."""

    slug: ClassVar[str] = "oauth2-custom-token"
    label: ClassVar[str] = "OAuth2 Custom Token"
    order: ClassVar[int] = 70

    token_endpoint: str = setting(
        "Token endpoint (POST)", required=True, format="url", placeholder="https://example.org/token"
    )
    token_headers: Rows = rows("Token call headers", help="Rows of key and value; a value may be a secret reference.")
    token_body: str = setting(
        "Body", format="json", placeholder='{"user": "<user>", "key": "<key>"}',
        help="A JSON object; <name> inserts a value of Token parameters.",
    )  # fmt: skip
    token_params: Rows = rows("Token parameters", help="Values for <name> in the body; a secret is a reference.")
    token_field: str = setting(
        "Token name",
        default="access_token",
        advanced=True,
        help="The response member that holds the token; dotted path.",
    )
    token_lifetime: int = setting(
        "Token lifetime", default=0, advanced=True, help="Seconds, where the response has no expires_in."
    )
    token_body_format: str = setting("Body format", default="json", choices=("json", "form"), advanced=True)
    header_name: str = setting("Token header", default="Authorization", advanced=True)
    header_prefix: str = setting("Token prefix", default="Bearer ", advanced=True)

    def check(self) -> None:
        """Raise ConfigError for a body that is no JSON object, naming the character, and for a name without a value."""
        self._template()
        for name in names_in_body(public_text(self.token_body, "Body")):
            if name not in self.token_params:
                raise ConfigError(f"Body: <{name}> has no value: add --token-params {name}=… (a secret as env:NAME).")
        check_name(self.header_name, "Token header")
        for name in self.token_headers:
            check_name(name, "Token call headers")

    def grant(self) -> Flow:
        """The token call."""
        body = fill_tree(self._template(), Needed(self.token_params, "the token call's body", reveal=True))
        headers = {name: one_line(value, name) for name, value in revealed(self.token_headers).items()}
        if self.token_body_format == "form":
            form = {name: value if isinstance(value, str) else to_json(value, name) for name, value in body.items()}
            request = token_request(self.token_endpoint, form, headers)
        else:
            request = json_request(self.token_endpoint, body, headers)
        response = yield request
        return read_response(response, ResponseShape(self.token_field, lifetime=self.token_lifetime))

    def placement(self) -> Placement:
        """Where the token goes in a call."""
        return Placement(True, self.header_name, self.header_prefix)

    def _template(self) -> dict[str, Any]:
        text = public_text(self.token_body, "Body").strip() or "{}"
        try:
            tree = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(
                f"Body: not JSON at line {error.lineno}, character {error.colno}: {error.msg} (<name> goes in quotes)."
            ) from None
        if not isinstance(tree, dict):
            raise ConfigError(f"Body: a JSON object is needed ({{…}}), not a {type(tree).__name__}.")
        return tree
