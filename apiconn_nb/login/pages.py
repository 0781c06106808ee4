"""What the receiver answers: constant text, no script, no style from elsewhere, nothing that was sent to it."""

from __future__ import annotations

from dataclasses import dataclass

HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Connection", "close"),
)


@dataclass(frozen=True)
class Reply:
    """A status, a page, and the headers that belong to it alone."""

    status: int
    page: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def _page(title: str, text: str) -> bytes:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><h1>{title}</h1><p>{text}</p></html>\n"
    ).encode()


CONTINUE = Reply(200, _page("Back to the notebook", "The notebook goes on by itself. You can close this page."))
FAILED = Reply(200, _page("Not signed in", "The notebook says why. You can close this page."))
REFUSED = Reply(
    400, _page("Not an answer to a sign-in", "This address is for one sign-in, once. Begin again in the notebook.")
)
NOT_FOUND = Reply(404, _page("Nothing here", "Begin again in the notebook."))
ONLY_GET = Reply(405, _page("Not an answer to a sign-in", "Begin again in the notebook."), (("Allow", "GET"),))


def go_to(url: str) -> Reply:
    """A redirect to the provider's page."""
    return Reply(302, b"", (("Location", url),))
