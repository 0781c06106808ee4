"""What one curl command sends: ``--data`` in its ways, ``--json``, forms and uploads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from apiconn_nb.importers.draft import Body, mark, replaced
from apiconn_nb.importers.written import FORM, decoded_pairs, kind_of_body

_PAIRS = re.compile(r"[^\s=&{}<>\"]+=[^\s&]*(&[^\s=&{}<>\"]+=[^\s&]*)*&?")
_FILE_BODY = "a body from a file: give it as -p body=…"


@dataclass
class Sending:
    """The options that make a body; `lost` is the command's own list, `stdin` the text of a here-document."""

    stdin: str | None
    lost: list[str]
    data: list[str] = field(default_factory=list)
    json: list[str] = field(default_factory=list)
    parts: list[tuple[str, str]] = field(default_factory=list)
    upload: str = ""

    @property
    def is_there(self) -> bool:
        """Whether anything is sent, were it empty."""
        return bool(self.data or self.json or self.parts)

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

    def encoded(self, value: str) -> str:
        """``--url-query`` takes what ``--data-urlencode`` does."""
        return self._encoded(value)

    def body(self, kind: str, *, in_query: bool) -> Body | None:
        """The body, under the content type `kind` where the command says one; None for none."""
        if self.parts:
            return Body("multipart", pairs=list(self.parts))
        if self.upload:
            if self.upload == "-" and self.stdin is not None:
                return Body("text", self.stdin, content_type=kind or "text/plain; charset=utf-8")
            if _FILE_BODY not in self.lost:
                self.lost.append(_FILE_BODY)
            return Body("text", mark("body"), content_type=kind or "application/octet-stream")
        if self.json:
            return Body("json", "".join(self.json))
        if not self.data or in_query:
            return None
        text = "&".join(self.data)
        if not kind or FORM in kind.lower():
            return _form(text, kind)
        return Body(kind_of_body(text, kind), text, content_type=kind)


def _form(text: str, kind: str) -> Body | None:
    """A form body: pairs where it is made of pairs, else the text as it is, under the type that curl gives it."""
    if not text:
        return None
    if _PAIRS.fullmatch(text):
        return Body("form", pairs=decoded_pairs(text), content_type=kind)
    return Body("form", text, content_type=kind or FORM)


def _plus_quoted(text: str) -> str:
    return replaced(text, mark, quote_plus)
