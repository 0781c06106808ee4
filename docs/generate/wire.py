"""What a method sends: its flow is driven into a recorder by the collection's own door, and every secret is masked."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote_plus

import httpx

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.tokens import TokenMethod
from apiconn_nb.live_collection import Collection
from apiconn_nb.login.steps import Steps, drive
from apiconn_nb.redaction import redact
from apiconn_nb.secrets import Secret
from apiconn_nb.transport import Door
from docs.generate import example, handshake

CALL = "GET /orders?state=open"
REDIRECT = "http://127.0.0.1:8765/callback"
# RFC 7636, Appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_HEADERS = ("authorization", "content-type", "accept")  # of those that a client always sends, the telling ones
_USUAL = ("accept-encoding", "connection", "user-agent", "content-length")
_ANSWER = {"orders": [{"id": 10001, "state": "open"}]}


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing that happens: its title, and what it looks like."""

    title: str
    text: str


class Recorder(httpx.BaseTransport):
    """Keeps what arrives, and answers as a provider and an API would."""

    def __init__(self) -> None:
        self.arrived: list[tuple[httpx.Request, httpx.Response]] = []
        self._tokens = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """A token for a POST to anywhere but the API, else rows."""
        request.read()
        is_call = request.url.host == httpx.URL(example.BASE_URL).host
        response = httpx.Response(200, json=_ANSWER if is_call else self._token(request), request=request)
        self.arrived.append((request, response))
        return response

    def _token(self, request: httpx.Request) -> dict[str, object]:
        self._tokens += 1
        grant = dict(parse_qsl(request.content.decode())).get("grant_type", "")
        token: dict[str, object] = {"access_token": f"access-token-{self._tokens}"}
        if not grant:
            return {"session": {"token": f"access-token-{self._tokens}"}, "expires_in": 3600}
        token |= {"token_type": "Bearer", "expires_in": 3600}
        if grant in ("authorization_code", "password", "refresh_token"):
            token["refresh_token"] = f"refresh-token-{self._tokens}"
        return token

    def since(self, number: int) -> Iterator[Step]:
        """The steps after the first `number` exchanges."""
        for request, response in self.arrived[number:]:
            is_call = request.url.host == httpx.URL(example.BASE_URL).host
            yield Step("The call" if is_call else "The token request", _shown(request))
            if not is_call:
                yield Step("Its answer", _answered(response))


def steps(method: type[AuthMethod]) -> list[Step]:
    """What `method` does, from the first request on, with the example's settings."""
    settings = example.settings(method)
    with example.environment(settings, method) as made:
        collection = Collection(settings)
        recorder = Recorder()
        door = Door(collection, recorder)
        with collection.new_client(door) as client:
            found = list(_handshake(collection, made))
            found += _sign_in(collection, door, recorder)
            found += _call(collection, client, recorder)
            found += _later(collection, client, recorder)
        collection.close()
    return found


def _handshake(collection: Collection, made: example.certificates.Certificates) -> Iterator[Step]:
    subject = handshake.shown(collection.tls_context(), made) if _trusts(collection) else ""
    if subject:
        yield Step("In the TLS handshake", f"the client presents its certificate ({subject}) and signs with its key")


def _trusts(collection: Collection) -> bool:
    # Only a collection with the example's CA accepts the server that the handshake is made with.
    return bool(getattr(collection.method, "ca_certificate", ""))


def _sign_in(collection: Collection, door: Door, recorder: Recorder) -> Iterator[Step]:
    method = collection.method
    if not isinstance(method, TokenMethod) or not method.interactive:
        return
    state, code = Secret("state-of-one-login"), Secret("code-that-came-back")
    url = httpx.URL(method.authorization_url(REDIRECT, state.reveal(), Secret(VERIFIER).reveal()))  # type: ignore[attr-defined]
    yield Step("The browser opens", f"{_address(url)}")
    answer = httpx.URL(REDIRECT, params={"code": code.reveal(), "state": state.reveal()})
    yield Step("It comes back with", _address(answer))
    flow = method.exchange_code(code.reveal(), REDIRECT, VERIFIER)  # type: ignore[attr-defined]
    collection.slot.keep(drive(flow, door.send_aside, Steps(), "token"))
    yield from recorder.since(0)


def _call(collection: Collection, client: httpx.Client, recorder: Recorder) -> Iterator[Step]:
    seen = len(recorder.arrived)
    collection.deliver(collection.request(CALL, {}), client=client)
    yield from recorder.since(seen)


def _later(collection: Collection, client: httpx.Client, recorder: Recorder) -> Iterator[Step]:
    """The next call after the token has expired."""
    token = collection.slot.token
    if token is None:
        return
    collection.slot.keep(dataclasses.replace(token, expires_at=1.0))
    for step in _call(collection, client, recorder):
        yield Step(f"After it has expired: {step.title[0].lower()}{step.title[1:]}", step.text)


# ── showing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shown(request: httpx.Request) -> str:
    lines = [f"{request.method} {request.url.raw_path.decode()}", f"Host: {request.url.netloc.decode()}"]
    lines += [f"{name.title()}: {value}" for name, value in request.headers.items() if name not in ("host", *_USUAL)]
    body = request.content.decode()
    if "urlencoded" in request.headers.get("Content-Type", ""):
        body = body.replace("&", "\n&")
    text = redact("\n".join(lines) + (f"\n\n{body}" if body else ""))
    return text + _claims(request)


def _claims(request: httpx.Request) -> str:
    """What a signed assertion says: it is masked, as it buys a token, and it can be read."""
    assertion = dict(parse_qsl(request.content.decode())).get("assertion", "")
    if not assertion:
        return ""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in assertion.split(".")[:2])
    return f"\n\nthe assertion, decoded:\n{json.dumps(header)}\n{json.dumps(claims)}"


def _answered(response: httpx.Response) -> str:
    return redact(f"{response.status_code} {response.reason_phrase}\nContent-Type: application/json\n\n{response.text}")


def _address(url: httpx.URL) -> str:
    query = unquote_plus(url.query.decode()).replace("&", "\n    &")
    return redact(f"{url.copy_with(query=None)}\n    ?{query}")
