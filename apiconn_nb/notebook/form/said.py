"""The lines in which the form speaks: its state, and what came of the last press."""

from __future__ import annotations

from typing import Any

from apiconn_nb.notebook.form.parts import Parts, escape

_GOOD = ("works", "signed in", "saved")
_NEUTRAL = ("not tested", "testing", "new", "waiting", "signed out")


class StateLine:
    """A coloured dot and the state in words."""

    def __init__(self, parts: Parts) -> None:
        self.box = parts.text("", "apiconn-state")
        self.text = ""

    def show(self, text: str) -> None:
        """Show a state."""
        self.text = text
        lowered = text.lower()
        mood = "good" if lowered.startswith(_GOOD) else "neutral" if lowered.startswith(_NEUTRAL) else "bad"
        if mood == "bad":
            text = _whole_sentences(text)
        self.box.value = (
            f'<span role="status" class="apiconn-{mood}"><span class="apiconn-dot" aria-hidden="true"></span>'
            f"{escape(text)}</span>"
        )


def _whole_sentences(text: str) -> str:
    """A failure is kept cut to a length: what is shown ends with a sentence, the rest is in the message."""
    if text.endswith((".", "!", "?", "…")):
        return text
    whole, stop, _ = text.rpartition(". ")
    return f"{whole}." if stop else f"{text} …"


class Message:
    """What came of the last press."""

    def __init__(self, parts: Parts) -> None:
        self.box = parts.text("", "apiconn-message")
        self.text = ""

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Say something; an empty text takes it away."""
        self.text = text
        kind, role = ("apiconn-problem", "alert") if wrong else ("apiconn-told", "status")
        lines = escape(text).replace("\n", "<br>")
        self.box.value = f'<div class="{kind}" role="{role}">{lines}</div>' if text else ""


def copied(code: str, label: str, *, block: bool = False) -> str:
    """HTML for a text with a button that copies it (`frame.js` does the copying)."""
    tag = "pre" if block else "code"
    return (
        f'<div class="apiconn-copied"><{tag} tabindex="0" aria-label="{escape(label)}">{escape(code)}</{tag}>'
        f'<button type="button" class="jupyter-button widget-button apiconn-small apiconn-copy">Copy</button></div>'
    )


def table(head: Any, classes: str = "apiconn-table") -> str:
    """HTML of a small DataFrame: every value escaped, long ones cut."""
    shown = head.copy()
    shown.columns = [str(name) for name in shown.columns]
    return f'<div class="{classes}" tabindex="0">{escape_frame(shown)}</div>'


def escape_frame(frame: Any) -> str:
    """A DataFrame as an HTML table."""
    names = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in frame.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in frame.itertuples(index=False, name=None)
    )
    return f"<table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 80 else text[:79] + "…"
