"""Authentication as Python source, for httpx and for requests: what is signed, and how a token is had and renewed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from apiconn_nb.exporters import python_login
from apiconn_nb.exporters.python_text import f_string, literal, text_literal
from apiconn_nb.exporters.recipe import Certificate, HeaderKey, QueryKey, Recipe, Token, UserPassword
from apiconn_nb.exporters.references import Needs, python
from apiconn_nb.exporters.texts import Name, angle
from apiconn_nb.secrets import Secret

Library = Literal["httpx", "requests"]


@dataclass
class Auth:
    """`code` is source above the calls; `argument` is for ``auth=`` (empty: none); `headers` are further ones."""

    code: str = ""
    argument: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def auth_of(recipe: Recipe, library: Library, prefix: str, needs: Needs) -> Auth:
    """The source for a recipe. `prefix` begins the names of environment variables for secrets without a reference."""
    match recipe:
        case HeaderKey():
            key = python(recipe.key, f"{prefix}_KEY", needs)
            return Auth(headers={recipe.name: f"{text_literal(recipe.prefix)} + {key}" if recipe.prefix else key})
        case QueryKey():
            key = python(recipe.key, f"{prefix}_KEY", needs)
            code = _QUERY_KEY[library].replace("$NAME", text_literal(recipe.name)).replace("$KEY", key)
            if library == "requests":
                needs.imports.add("urllib.parse")
            return Auth(code, "QueryKey()")
        case UserPassword():
            password = python(recipe.password, f"{prefix}_PASSWORD", needs) if recipe.password else '""'
            name = recipe.username
            user = python(name, f"{prefix}_USERNAME", needs) if isinstance(name, Secret) else text_literal(name)
            pair = (user, password)
            # requests writes texts as Latin-1, RFC 7617 says UTF-8: bytes go as they are.
            return Auth(
                argument=f"({', '.join(f'{each}.encode()' if library == 'requests' else each for each in pair)})"
            )
        case Token():
            return Auth(_token(recipe, library, prefix, needs), "Token()")
        case Certificate() | None:
            return Auth()


_QUERY_KEY = {
    "httpx": '''
class QueryKey(httpx.Auth):
    """Adds the key to the query of each request."""

    def auth_flow(self, request):
        request.url = request.url.copy_set_param($NAME, $KEY)
        yield request
''',
    "requests": '''
class QueryKey(requests.auth.AuthBase):
    """Adds the key to the query of each request."""

    def __call__(self, request):
        parts = urlsplit(request.url)
        pairs = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] != $NAME]
        query = "&".join([*pairs, urlencode({$NAME: $KEY})])
        request.url = urlunsplit(parts._replace(query=query))
        return request
''',
}


# ── tokens ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _token(token: Token, library: Library, prefix: str, needs: Needs) -> str:
    needs.imports |= {"time"}
    grant, endpoint = _grant(token, prefix, needs)
    renewal = '""'
    if token.kind == "login":
        needs.imports.add("os")
        needs.variables[f"{prefix}_REFRESH_TOKEN (optional: else the script opens a page to sign in)"] = None
        renewal = f'os.environ.get({text_literal(f"{prefix}_REFRESH_TOKEN")}, "")'
    # RFC 6749 §4.4.3: a client that signs in for itself is given no refresh token; nor are the two other kinds.
    renews = token.kind == "login" or token.form.get("grant_type") == "password"
    fields = {
        "$AGAIN": _AGAIN[library] if renews else "",
        "$KEPT": '        self.renewal = answer.get("refresh_token") or self.renewal\n' if renews else "",
        "$BEGIN": '"", 0.0' if not renews else f'"", 0.0\n        self.renewal = {renewal}',
        "$SIGN": _sign(token, library),
        "$ENDPOINT": endpoint,
        "$REFRESH": text_literal(token.refresh_endpoint) if token.refresh_endpoint else endpoint,
        "$HEADERS": _client_headers(token, prefix, needs),
        "$CLIENT": _client_form(token, prefix, needs),
        "$POSTED": "json" if token.kind == "json" else "data",
        "$READ": _read(token, needs),
        "$FIELD": "".join(f"[{text_literal(part)}]" for part in token.token_field.split(".")),
        "$LIFETIME": str(token.lifetime or 10**9),
    }
    code = grant + _TOKEN[library] + _KEEP
    for name, value in fields.items():
        code = code.replace(name, value)
    if "urlencode" in code or "quote(" in code or "parse_qsl" in code:
        needs.imports.add("urllib.parse")
    return code


def _sign(token: Token, library: Library) -> str:
    place = token.placement
    if place.in_header:
        return f"request.headers[{text_literal(place.header_name)}] = {text_literal(place.header_prefix)} + self.value"
    if library == "httpx":
        return 'request.url = request.url.copy_set_param("access_token", self.value)'
    return 'request.prepare_url(request.url, {"access_token": self.value})'


def _read(token: Token, needs: Needs) -> str:
    if not token.is_query:
        return "response.json()"
    needs.imports.add("urllib.parse")
    return "dict(parse_qsl(response.text))"


def _client_headers(token: Token, prefix: str, needs: Needs) -> str:
    headers = {"Accept": '"application/json"'}
    for name, value in token.headers.items():
        secret = python(value, f"{prefix}_{name.upper().replace('-', '_')}", needs) if isinstance(value, Secret) else ""
        headers[name] = secret or text_literal(str(value))
    if token.client_way == "basic" and token.client_id:
        needs.imports |= {"base64", "urllib.parse"}
        secret = python(token.client_secret, f"{prefix}_CLIENT_SECRET", needs) if token.client_secret else '""'
        # RFC 6749 §2.3.1: each half is percent-encoded first.
        pair = f'quote({text_literal(token.client_id)}, safe="") + ":" + quote({secret}, safe="")'
        headers["Authorization"] = f'"Basic " + base64.b64encode(({pair}).encode()).decode()'
    return "{" + ", ".join(f"{text_literal(name)}: {value}" for name, value in headers.items()) + "}"


def _client_form(token: Token, prefix: str, needs: Needs) -> str:
    """The line that adds the client to a form; empty for none."""
    if not token.client_id or token.client_way == "basic":
        return ""
    members = [f'"client_id": {text_literal(token.client_id)}']
    if token.client_secret and token.client_way == "body":
        members.append(f'"client_secret": {python(token.client_secret, f"{prefix}_CLIENT_SECRET", needs)}')
    return "        form |= {" + ", ".join(members) + "}\n"


def _grant(token: Token, prefix: str, needs: Needs) -> tuple[str, str]:
    """The source of ``grant()``, which gives what is posted for a first token; and the endpoint's expression."""
    if token.kind == "login":
        return python_login.login(token, prefix, needs), text_literal(token.endpoint)
    if token.kind == "assertion":
        return python_login.assertion(token, prefix, needs)
    members = {name: _member(value, name, token, prefix, needs) for name, value in token.form.items()}
    inner = ", ".join(f"{text_literal(name)}: {value}" for name, value in members.items())
    source = f'\ndef grant():\n    """What is posted for a token."""\n    return {{{inner}}}\n'
    return source, text_literal(token.endpoint)


def _member(value: Any, name: str, token: Token, prefix: str, needs: Needs) -> str:
    if isinstance(value, Secret):
        return python(value, f"{prefix}_{name.upper()}", needs)
    params = token.details.get("params", {})
    if isinstance(value, str) and params:
        pieces = angle(value)
        if any(isinstance(piece, Name) for piece in pieces):
            parts = [_param(piece, params, prefix, needs) for piece in pieces]
            return " + ".join(parts)
    if isinstance(value, dict):
        inner = [f"{text_literal(key)}: {_member(each, key, token, prefix, needs)}" for key, each in value.items()]
        return "{" + ", ".join(inner) + "}"
    return literal(value) if not isinstance(value, str) else f_string([value])


def _param(piece: str | Name, params: dict[str, str | Secret], prefix: str, needs: Needs) -> str:
    if not isinstance(piece, Name):
        return text_literal(piece)
    value = params[piece.name]
    if isinstance(value, Secret):
        return python(value, f"{prefix}_{piece.name.upper()}", needs)
    return text_literal(str(value))


_TOKEN = {
    "httpx": '''

class Token(httpx.Auth):
    """Signs each request with a token: fetched first, renewed before it expires, and once where the API says 401."""

    requires_response_body = True

    def __init__(self):
        self.value, self.expires = $BEGIN

    def auth_flow(self, request):
        if time.time() > self.expires:
            yield from self.renew()
        response = yield self.sign(request)
        if response.status_code == 401:
            yield from self.renew()
            yield self.sign(request)

    def sign(self, request):
        $SIGN
        return request

    def renew(self):
$AGAIN        response = yield self.ask($ENDPOINT, grant())
        self.keep(response)

    def ask(self, endpoint, form):
        headers = $HEADERS
$CLIENT        return httpx.Request("POST", endpoint, $POSTED=form, headers=headers)
''',
    "requests": '''

class Token(requests.auth.AuthBase):
    """Signs each request with a token: fetched first, renewed before it expires, and once where the API says 401."""

    def __init__(self):
        self.value, self.expires = $BEGIN

    def __call__(self, request):
        if time.time() > self.expires:
            self.renew()
        request.hooks["response"].insert(0, self.again)  # before anything that raises for a 401
        return self.sign(request)

    def again(self, response, **options):
        if response.status_code != 401:
            return response
        response.content  # read whole, so that the connection can be used again
        response.close()
        self.renew()
        answer = response.connection.send(self.sign(response.request.copy()), **options)
        answer.history.append(response)
        return answer

    def sign(self, request):
        $SIGN
        return request

    def renew(self):
$AGAIN        self.keep(self.ask($ENDPOINT, grant()))

    def ask(self, endpoint, form):
        headers = $HEADERS
$CLIENT        return requests.post(endpoint, $POSTED=form, headers=headers, **OPTIONS)
''',
}
_AGAIN = {
    "httpx": """        if self.renewal:
            form = {"grant_type": "refresh_token", "refresh_token": self.renewal}
            response = yield self.ask($REFRESH, form)
            if response.is_success:
                return self.keep(response)
""",
    "requests": """        if self.renewal:
            response = self.ask($REFRESH, {"grant_type": "refresh_token", "refresh_token": self.renewal})
            if response.ok:
                return self.keep(response)
""",
}
_KEEP = """
    def keep(self, response):
        answer = $READ
        try:
            self.value = answer$FIELD
        except (KeyError, TypeError):
            said = answer.get("error_description") or answer.get("error") or "an answer without it"
            raise SystemExit(f"No token ({response.status_code}): {said}") from None
$KEPT        seconds = float(answer.get("expires_in") or $LIFETIME)
        self.expires = time.time() + seconds - min(60, seconds / 10)
"""
