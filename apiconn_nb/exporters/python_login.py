"""The two grants that need more than a form, as Python source: a person's sign-in, and a signed assertion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from apiconn_nb.exporters.python_text import literal, text_literal
from apiconn_nb.exporters.recipe import Token
from apiconn_nb.exporters.references import Needs, python
from apiconn_nb.secrets import Secret

_FIXED_PORT = 8765  # where the notebook's own receiver listens if it may (login/redirect.py)

_LOGIN = '''
def grant():
    """A person signs in: the provider's page is opened, and sends its code back to this machine (RFC 8252)."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    answer = {}

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = dict(parse_qsl(urlsplit(self.path).query))
            is_ours = secrets.compare_digest(found.get("state", ""), state)
            if is_ours:
                answer.update(found)
            self.send_response(200 if is_ours else 404)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(b"You can close this page." if is_ours else b"This is not the answer to a sign-in.")

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", $PORT), Receiver) as server:
        redirect = f"http://$HOST:{server.server_port}$PATH"
        wanted = {"response_type": "code", "client_id": $CLIENT_ID, "redirect_uri": redirect, "state": state}
        wanted |= $PARAMS
$CHALLENGE        login = $AUTHORIZATION$JOINED + urlencode(wanted)
        print("Sign in at", login, file=sys.stderr)
        threading.Thread(target=webbrowser.open, args=(login,), daemon=True).start()
        while not answer:
            server.handle_request()
    if "code" not in answer:
        said = answer.get("error_description") or answer.get("error")
        raise SystemExit(f"The sign-in ended without a code: {said}")
    form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": redirect, **$FORM}
    return {**form$VERIFIER}
'''
_CHALLENGE = """        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        wanted |= {"code_challenge": digest.decode().rstrip("="), "code_challenge_method": "S256"}
"""


def login(token: Token, prefix: str, needs: Needs) -> str:
    """``grant()`` for the authorization code with PKCE."""
    details = token.details
    needs.imports |= {"http.server", "secrets", "sys", "threading", "urllib.parse", "webbrowser"}
    if details["pkce"]:
        needs.imports |= {"base64", "hashlib"}
    host, port, path = _redirect(details["redirect_url"], bool(details["generic"]))
    params = {**({"scope": details["scope"]} if details["scope"] else {}), **details["params"]}
    fields = {
        "$PORT": str(port),
        "$HOST": host,
        "$PATH": path,
        "$CLIENT_ID": text_literal(token.client_id),
        "$PARAMS": _rows(params, prefix, needs),
        "$CHALLENGE": _CHALLENGE if details["pkce"] else "",
        "$AUTHORIZATION": text_literal(details["authorization_endpoint"]),
        "$JOINED": ' + "&"' if "?" in details["authorization_endpoint"] else ' + "?"',
        "$FORM": _rows(token.form, prefix, needs),
        "$VERIFIER": ', "code_verifier": verifier' if details["pkce"] else "",
    }
    code = _LOGIN
    for name, value in fields.items():
        code = code.replace(name, value)
    return code


def _rows(rows: Mapping[str, Any], prefix: str, needs: Needs) -> str:
    members = [
        f"{text_literal(name)}: "
        + (python(value, f"{prefix}_{name.upper()}", needs) if isinstance(value, Secret) else literal(value))
        for name, value in rows.items()
    ]
    return "{" + ", ".join(members) + "}"


def _redirect(url: str, is_generic: bool) -> tuple[str, int, str]:
    """Host, port and path of the redirect URL: the registered one where it is on loopback, else any port."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"):
        return parts.hostname, parts.port or 0, parts.path or "/"
    return "127.0.0.1", _FIXED_PORT if is_generic else 0, "/callback"


_ASSERTION = '''
def account():
    """Issuer, token endpoint, key id and key: as set, else from a service-account file where the key is one."""
    key = $KEY
    file = json.loads(key) if key.lstrip().startswith("{") else {}
    return {
        "issuer": $ISSUER or file["client_email"],
        "endpoint": $ENDPOINT_TEXT or file["token_uri"],
        "key_id": $KEY_ID or file.get("private_key_id"),
        "key": (file.get("private_key") or key).replace("\\\\n", "\\n"),
    }


def grant():
    """A signed assertion (RFC 7523)."""
    who, now = account(), int(time.time())
    claims = {"iss": who["issuer"], "aud": $AUDIENCE or who["endpoint"], "iat": now, "exp": now + $LIFE, **$CLAIMS}
    headers = {"kid": who["key_id"]} if who["key_id"] else None
    signed = jwt.encode(claims, who["key"], algorithm=$ALGORITHM, headers=headers)
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
'''


def assertion(token: Token, prefix: str, needs: Needs) -> tuple[str, str]:
    """``grant()`` for a signed assertion, and the expression for the endpoint."""
    needs.imports |= {"json", "jwt", "time"}
    needs.packages.add('"PyJWT[crypto]"')
    details = token.details
    claims = {name: value for name, value in (("scope", details["scope"]), ("sub", details["subject"])) if value}
    fields = {
        "$KEY_ID": text_literal(details["key_id"]),
        "$KEY": python(details["key"], f"{prefix}_PRIVATE_KEY", needs),
        "$ISSUER": text_literal(details["issuer"]),
        "$ENDPOINT_TEXT": text_literal(token.endpoint),
        "$AUDIENCE": text_literal(details["audience"]),
        "$LIFE": str(details["lifetime"]),
        "$CLAIMS": literal({**claims, **details["claims"]}),
        "$ALGORITHM": text_literal(details["algorithm"]),
    }
    code = _ASSERTION
    for name, value in fields.items():
        code = code.replace(name, value)
    return code, 'account()["endpoint"]'
