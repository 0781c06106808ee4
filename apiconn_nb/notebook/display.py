"""What a person sees beside a value: dim lines, text blocks, links. Everything shown as HTML is escaped."""

from __future__ import annotations

import html
from typing import Any

from IPython.display import display

from apiconn_nb.errors import printable, shortened
from apiconn_nb.redaction import redact

_DIM = "opacity:.65;font-size:.85em;font-family:var(--jp-code-font-family,monospace);overflow-wrap:anywhere"


class Line:
    """One dim line, in a notebook and in a terminal.

    `links` are pairs of a text in the line and the URL that it leads to (https or root-relative).
    """

    def __init__(self, text: str, *, links: tuple[tuple[str, str], ...] = (), strong: bool = False) -> None:
        self.text = shortened(printable(redact(text)))
        self._links = links
        self._strong = strong

    def __repr__(self) -> str:
        urls = "".join(f"\n{printable(url)}" for _, url in self._links if url not in self.text)
        return self.text + urls

    def _repr_html_(self) -> str:
        escaped = html.escape(self.text).replace("\n", "<br>")
        for words, url in self._links:
            anchor = f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer">{html.escape(words)}</a>'
            escaped = escaped.replace(html.escape(words), anchor, 1)
        style = "font-size:1em;overflow-wrap:anywhere" if self._strong else _DIM
        return f'<div class="apiconn-line" style="{style}">{escaped}</div>'


class Block:
    """Text with its line breaks: a dry run, a status, a transcript, a help page."""

    def __init__(self, text: str) -> None:
        self.text = printable(redact(text))

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<pre class="apiconn-block" style="white-space:pre-wrap">{html.escape(self.text)}</pre>'


def show(thing: Any) -> None:
    """Display `thing` at once."""
    display(thing)
