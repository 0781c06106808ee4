"""What one curl command says of a request, option by option."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from apiconn_nb.importers.credentials import header_credential, user_and_password
from apiconn_nb.importers.curl_connection import CONNECTION
from apiconn_nb.importers.curl_data import Sending
from apiconn_nb.importers.curl_options import FLAGS, UNNEEDED
from apiconn_nb.importers.draft import Body, Call, Credential, Draft, names_in
from apiconn_nb.importers.written import FORM, header_of

_BROWSER = re.compile(r"sec-.*|priority|dnt|upgrade-insecure-requests|pragma|cache-control", re.IGNORECASE)
_INSECURE = "-k: certificates are always checked; to trust a private server: --ca-certificate file:PATH"


@dataclass
class Operation:
    """What one command says, up to its end or ``--next``."""

    stdin: str | None
    urls: list[str] = field(default_factory=list)
    method: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    in_query: bool = False
    is_head: bool = False
    user: str | None = None
    bearer: str = ""
    scheme: str = ""
    certificate: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sending = Sending(self.stdin, self.lost)

    def take(self, name: str, value: str, draft: Draft) -> None:
        """Take note of an option."""
        method = "_on_" + name.replace("-", "_").replace(".", "_")
        handler = getattr(self, method, None) or getattr(self.sending, method, None)
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
            self.query.append(self.sending.encoded(value))

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
            return user_and_password(name, password) if colon else Credential("basic", {"username": name})
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
            body = self.sending.body(self._kind(), in_query=self.in_query)
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
        if self.sending.upload:
            return "PUT"
        return "POST" if (body is not None or self.sending.is_there) and not self.in_query else "GET"

    def _with_query(self, url: str) -> str:
        added = [*self.query, *(self.sending.data if self.in_query else [])]
        added = [_in_url(each) for each in added if each]
        if self.sending.upload and url.endswith("/") and self.sending.upload not in ("-", "."):
            url += quote(self.sending.upload.replace("\\", "/").rpartition("/")[2])
        if not added:
            return url
        address = url.partition("#")[0]
        return (
            address
            + ("&" if "?" in address and not address.endswith(("?", "&")) else "?" * ("?" not in address))
            + ("&".join(added))
        )

    def _kind(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")

    def _headers(self, draft: Draft, body: Body | None) -> list[tuple[str, str]]:
        kept = []
        for name, value in self.headers:
            if _BROWSER.fullmatch(name):
                draft.unneeded.append(f"header {name}")
            else:
                kept.append((name, value))
        if self.sending.data and body is None and not self.in_query and not self._kind():
            kept.append(("Content-Type", FORM))
        if self.sending.json and not any(name.lower() == "accept" for name, _ in kept):
            kept.append(("Accept", "application/json"))
        return kept


def _in_url(text: str) -> str:
    return re.sub(r"[\s#]", lambda match: quote(match[0], safe=""), text)


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
