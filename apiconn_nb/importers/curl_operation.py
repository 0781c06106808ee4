"""What one curl command says of a request, option by option."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from apiconn_nb.importers.credentials import header_credential
from apiconn_nb.importers.curl_connection import CONNECTION
from apiconn_nb.importers.curl_options import FLAGS, UNNEEDED
from apiconn_nb.importers.draft import Body, Call, Credential, Draft, mark, names_in, replaced
from apiconn_nb.importers.written import FORM, decoded_pairs, header_of, kind_of_body

_PAIRS = re.compile(r"[^\s=&{}<>\"]+=[^\s&]*(&[^\s=&{}<>\"]+=[^\s&]*)*&?")
_BROWSER = re.compile(r"sec-.*|priority|dnt|upgrade-insecure-requests|pragma|cache-control", re.IGNORECASE)
_INSECURE = "-k: certificates are always checked; to trust a private server: --ca-certificate file:PATH"
_FILE_BODY = "a body from a file: give it as -p body=…"


@dataclass
class Operation:
    """What one command says, up to its end or ``--next``."""

    stdin: str | None
    urls: list[str] = field(default_factory=list)
    method: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    json: list[str] = field(default_factory=list)
    parts: list[tuple[str, str]] = field(default_factory=list)
    upload: str = ""
    file_body: bool = False
    in_query: bool = False
    is_head: bool = False
    user: str | None = None
    bearer: str = ""
    scheme: str = ""
    certificate: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def take(self, name: str, value: str, draft: Draft) -> None:
        """Take note of an option."""
        handler = getattr(self, "_on_" + name.replace("-", "_").replace(".", "_"), None)
        if handler is not None:
            handler(value)
        elif name in CONNECTION:
            CONNECTION[name](value, self.lost, draft)
        elif name in UNNEEDED or name.removeprefix("no-") in UNNEEDED:
            draft.unneeded.append(f"--{name}")
        else:
            self.lost.append(f"--{name}" + ("" if name in FLAGS or name.startswith("no-") else " and its value"))

    # ── the request ────────────────────────────────────────────────────────────────────────────────────────────────

    def _on_url(self, value: str) -> None:
        self.urls.append(value)

    def _on_request(self, value: str) -> None:
        self.method = value.strip().upper()

    def _on_head(self, value: str) -> None:
        self.is_head = True

    def _on_get(self, value: str) -> None:
        self.in_query = True

    def _on_header(self, value: str) -> None:
        if value.startswith("@"):
            self.lost.append("headers from a file")
            return
        name, colon, text = value.partition(":")
        if colon and text.strip():
            self.headers.append((name.strip(), text.strip()))
        elif not colon and value.rstrip().endswith(";"):
            self.headers.append((value.rstrip().rstrip(";").strip(), ""))
        elif not colon and value.strip():
            self.lost.append("a header without a colon")

    def _on_user_agent(self, value: str) -> None:
        self.headers.append(("User-Agent", value))

    def _on_referer(self, value: str) -> None:
        self.headers.append(("Referer", value.removesuffix(";auto")))

    def _on_range(self, value: str) -> None:
        self.headers.append(("Range", f"bytes={value}" if "-" in value else f"bytes={value}-"))

    def _on_cookie(self, value: str) -> None:
        if "=" in value:
            self.headers.append(("Cookie", value.removeprefix("Cookie:").strip()))
        elif value:
            self.lost.append("cookies from a file")

    def _on_url_query(self, value: str) -> None:
        if value.startswith("+"):
            self.query.append(value[1:])
        else:
            self.query.append(self._encoded(value))

    # ── the body ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _on_data(self, value: str) -> None:
        self.data.append(self._content(value).replace("\r", "").replace("\n", "") if value[:1] == "@" else value)

    _on_data_ascii = _on_data

    def _on_data_raw(self, value: str) -> None:
        self.data.append(value)

    def _on_data_binary(self, value: str) -> None:
        self.data.append(self._content(value) if value.startswith("@") else value)

    def _on_data_urlencode(self, value: str) -> None:
        self.data.append(self._encoded(value))

    def _on_json(self, value: str) -> None:
        self.json.append(self._content(value) if value.startswith("@") else value)

    def _content(self, value: str) -> str:
        """What ``@FILE`` stands for: a here-document's text, else a parameter, for no file is read."""
        if value == "@-" and self.stdin is not None:
            return self.stdin
        self.file_body = True
        self.lost.append(_FILE_BODY)
        return mark("body")

    def _encoded(self, value: str) -> str:
        """``--data-urlencode``: content, =content, name=content, @file, name@file."""
        match = re.match(r"([^=@]*)([=@])", value)
        if match is None:
            return _plus_quoted(value)
        name, sign, content = match[1], match[2], value[match.end() :]
        if sign == "@":
            self.lost.append(f"the value of {name or 'a field'} from a file: give it with -p")
            content = mark(name or "body")
        return f"{name}={_plus_quoted(content)}" if name else _plus_quoted(content)

    def _on_form(self, value: str) -> None:
        name, equals, content = value.partition("=")
        if not equals:
            self.lost.append("a form field without a value")
            return
        if content[:1] in ("@", "<"):
            self.lost.append(f"the form field {name[:40]} from a file: give its text as -p")
            content = mark(name)
        elif quoted := re.fullmatch(r'\s*"((?:[^"\\]|\\.)*)"\s*(;.*)?', content, re.DOTALL):
            content = re.sub(r'\\(["\\])', r"\1", quoted[1])
            self._note_part(name, quoted[2] or "")
        else:
            content, _, rest = content.partition(";")  # curl itself ends the value there
            self._note_part(name, rest)
        self.parts.append((name, content))

    def _note_part(self, name: str, rest: str) -> None:
        if kind := re.search(r"(type|filename|encoder|headers)=", rest):
            self.lost.append(f"{kind[1]} of the form field {name[:40]}")

    def _on_form_string(self, value: str) -> None:
        name, _, content = value.partition("=")
        self.parts.append((name, content))

    def _on_upload_file(self, value: str) -> None:
        self.upload = value

    # ── credentials ────────────────────────────────────────────────────────────────────────────────────────────────

    def _on_user(self, value: str) -> None:
        self.user = value

    def _on_oauth2_bearer(self, value: str) -> None:
        self.bearer = value

    def _on_digest(self, value: str) -> None:
        self.scheme = "digest"

    def _on_ntlm(self, value: str) -> None:
        self.scheme = "NTLM"

    def _on_negotiate(self, value: str) -> None:
        self.scheme = "Negotiate"

    def _on_aws_sigv4(self, value: str) -> None:
        self.scheme = "AWS signature"

    def _on_anyauth(self, value: str) -> None:
        self.lost.append("--anyauth: user and password go as HTTP Basic Auth")

    def _on_insecure(self, value: str) -> None:
        self.lost.append(_INSECURE)

    def _on_cert(self, value: str) -> None:
        path, password = _cert_parts(value)
        self.certificate["certificate"] = path
        self.certificate.setdefault("private_key", path)
        if password:
            self.certificate["private_key_password"] = password

    def _on_key(self, value: str) -> None:
        self.certificate["private_key"] = value

    def _on_pass(self, value: str) -> None:
        self.certificate["private_key_password"] = value

    def credential(self) -> Credential | None:
        """What the options say of who calls; headers and URL may say more."""
        if self.bearer:
            return Credential(
                "key-in-header", {"key_name": "Authorization", "key_prefix": "Bearer ", "key": self.bearer}
            )
        if self.scheme:
            self.lost.append(f"{self.scheme} authentication, which is not known here")
            return None
        if self.user is not None:
            name, colon, password = self.user.partition(":")
            if not colon:
                self.lost.append("the password, which curl asks for: set it with --password")
            if not name and not names_in(password):  # HTTP Basic Auth needs a user name here
                pair = base64.b64encode(f":{password}".encode()).decode("ascii")
                return Credential("key-in-header", {"key_name": "Authorization", "key_prefix": "Basic ", "key": pair})
            return Credential("basic", {"username": name, "password": password})
        return None

    # ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def calls(self, draft: Draft) -> list[Call]:
        """A call for each URL."""
        if not self.urls:
            draft.refused.append("a curl command without a URL")
            return []
        credential = self.credential()
        self._present(draft, credential)
        calls = []
        for url in self.urls:
            body = self._body()
            call = Call(_globbed(self._with_query(url), self.lost), self._method(body), body=body, lost=list(self.lost))
            call.headers = self._headers(draft, body)
            call.auth = credential and Credential(credential.method, dict(credential.fields))
            if call.auth and (written := header_of(call, "Authorization")):
                # A header that is written out replaces what -u says.
                call.auth = header_credential("Authorization", written)
                call.headers = [each for each in call.headers if each[0].lower() != "authorization"]
            calls.append(call)
        return calls

    def _present(self, draft: Draft, credential: Credential | None) -> None:
        """A client certificate: the method itself where there is no other, else beside it."""
        if "certificate" not in self.certificate:
            return
        texts = {name: text for name, text in self.certificate.items() if not names_in(text)}
        if len(texts) < len(self.certificate):
            self.lost.append("a client certificate whose path is a variable")
            return
        draft.connection["certificate"] = f"file:{texts['certificate']}"
        draft.connection["certificate_key"] = f"file:{texts['private_key']}"
        if password := texts.get("private_key_password"):
            self.lost.append("the client certificate's password: set --certificate-key-password env:NAME")
            del password

    def _method(self, body: Body | None) -> str:
        if self.method:
            return self.method
        if self.is_head:
            return "HEAD"
        if self.upload:
            return "PUT"
        has_data = bool(self.data or self.json or self.parts)
        return "POST" if (body is not None or has_data) and not self.in_query else "GET"

    def _with_query(self, url: str) -> str:
        added = [*self.query, *(self.data if self.in_query else [])]
        added = [_in_url(each) for each in added if each]
        if self.upload and url.endswith("/") and self.upload not in ("-", "."):
            url += quote(self.upload.replace("\\", "/").rpartition("/")[2])
        if not added:
            return url
        address = url.partition("#")[0]
        return (
            address
            + ("&" if "?" in address and not address.endswith(("?", "&")) else "?" * ("?" not in address))
            + ("&".join(added))
        )

    def _body(self) -> Body | None:
        if self.parts:
            return Body("multipart", pairs=list(self.parts))
        if self.upload:
            if self.upload == "-" and self.stdin is not None:
                return Body("text", self.stdin, content_type=self._kind() or "text/plain; charset=utf-8")
            if _FILE_BODY not in self.lost:
                self.lost.append(_FILE_BODY)
            return Body("text", mark("body"), content_type=self._kind() or "application/octet-stream")
        if self.json:
            return Body("json", "".join(self.json))
        if not self.data or self.in_query:
            return None
        text, kind = "&".join(self.data), self._kind()
        if not kind or FORM in kind.lower():
            return _form(text, kind)
        return Body(kind_of_body(text, kind), text, content_type=kind)

    def _kind(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")

    def _headers(self, draft: Draft, body: Body | None) -> list[tuple[str, str]]:
        kept = []
        for name, value in self.headers:
            if _BROWSER.fullmatch(name):
                draft.unneeded.append(f"header {name}")
            else:
                kept.append((name, value))
        if self.data and body is None and not self.in_query and not self._kind():
            kept.append(("Content-Type", FORM))
        if self.json and not any(name.lower() == "accept" for name, _ in kept):
            kept.append(("Accept", "application/json"))
        return kept


def _form(text: str, kind: str) -> Body | None:
    """A form body: pairs where it is made of pairs, else the text as it is, under the type that curl gives it."""
    if not text:
        return None
    if _PAIRS.fullmatch(text):
        return Body("form", pairs=decoded_pairs(text), content_type=kind)
    return Body("form", text, content_type=kind or FORM)


def _in_url(text: str) -> str:
    return re.sub(r"[\s#]", lambda match: quote(match[0], safe=""), text)


def _plus_quoted(text: str) -> str:
    return replaced(text, mark, quote_plus)


def _globbed(url: str, lost: list[str]) -> str:
    """curl takes ``[1-3]`` and ``{a,b}`` in a URL for several; here a URL is one."""
    if re.search(r"\{[^{}]*,[^{}]*\}|\[\d+-\d+(:\d+)?\]|\[[a-z]-[a-z]\]", url.partition("?")[0]):
        sentence = "several URLs in one ({a,b} or [1-3]): the call has the first text as it stands"
        if sentence not in lost:
            lost.append(sentence)
    return url


def _cert_parts(value: str) -> tuple[str, str]:
    """``certificate[:password]``; a colon after a drive's letter belongs to the path."""
    match = re.fullmatch(r"([A-Za-z]:[\\/][^:]*|[^:]*)(?::(.*))?", value, re.DOTALL)
    return (match[1], match[2] or "") if match else (value, "")
