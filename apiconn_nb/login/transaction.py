"""One attempt at a login: what was sent with the person to the provider, and whether an answer belongs to it.

A state is single use, 256 bits, bound to this object's collection, environment and redirect URL, and dead after ten
minutes (RFC 6749 §10.12, RFC 9700 §4.7). Nothing here waits, prints or sends.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from apiconn_nb.errors import LoginError
from apiconn_nb.secrets import NO_SECRET, Secret

LIFETIME = 600.0
"""Seconds that a state is good for."""

Pairs = Sequence[tuple[str, str]]
"""The parameters of an answer, as they stand in the query."""


class AnswerRefused(LoginError):
    """An answer that is none of this login: it is refused, and the wait goes on."""


@dataclass(frozen=True)
class Answer:
    """What came back for a login: a code, a token in the query itself, or the provider's error.

    `error` and `description` are the provider's own words, as they came; `redirect_url` and `verifier` belong to the
    token request that follows.
    """

    redirect_url: str
    verifier: Secret
    code: Secret = NO_SECRET
    token: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    error: str = ""
    description: str = ""


class Transaction:
    """A state and a verifier for one trip to the provider and back.

    Parameters: `owner`, collection and environment; `redirect_url`, where the answer has to arrive; `issuer`, whose
    answer it has to be (empty: unknown); `needs_iss`, whether the answer has to say so (RFC 9207 §2.4); `token_field`,
    the parameter that may hold a token instead of a code (empty: none may).
    """

    def __init__(
        self,
        owner: tuple[str, str],
        redirect_url: str,
        *,
        issuer: str = "",
        needs_iss: bool = False,
        token_field: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.owner = owner
        self.redirect_url = redirect_url
        self.state = Secret(secrets.token_urlsafe(32), label="state")
        self.verifier = Secret(secrets.token_urlsafe(48), label="code verifier")  # 64 characters (RFC 7636 §4.1)
        self.is_spent = False
        self._issuer = issuer
        self._needs_iss = needs_iss
        self._token_field = token_field
        self._clock = clock
        self._ends = clock() + LIFETIME

    @property
    def is_late(self) -> bool:
        """Whether its ten minutes are over."""
        return self._clock() >= self._ends

    def knows(self, pairs: Pairs) -> bool:
        """Whether `pairs` carry this state, once."""
        given = [value for name, value in pairs if name == "state"]
        return len(given) == 1 and hmac.compare_digest(given[0].encode(), self.state.reveal().encode())

    def accept(self, pairs: Pairs, redirect_url: str) -> Answer:
        """The answer in `pairs`, which arrived at `redirect_url`; the state is spent with it.

        Raises AnswerRefused for what is no answer to this attempt, and LoginError where it is one and comes from
        another issuer than the one that was asked (RFC 9207: the mix-up attack).
        """
        refuse_duplicates(pairs)
        if not self.knows(pairs):
            raise AnswerRefused("The answer has no state of this sign-in in it.")
        if self.is_spent:
            raise AnswerRefused("This sign-in has had its answer already.")
        if self.is_late:
            raise AnswerRefused("The sign-in took longer than ten minutes: sign in again.")
        if redirect_url != self.redirect_url:
            raise AnswerRefused("The answer arrived at another address than this sign-in's.")
        answer = self._read(dict(pairs))
        self.is_spent = True
        self._check_issuer(dict(pairs))
        return answer

    def accept_bare(self, code: str) -> Answer:
        """The answer of a person who copied the code alone: PKCE binds it to this attempt, no state does."""
        if self.is_spent:
            raise AnswerRefused("This sign-in has had its answer already.")
        if self.is_late:
            raise AnswerRefused("The sign-in took longer than ten minutes: sign in again.")
        self.is_spent = True
        return Answer(self.redirect_url, self.verifier, Secret(code, label="code"))

    def _read(self, found: dict[str, str]) -> Answer:
        # The error first: an answer with both is none that a provider gives (RFC 6749 §4.1.2.1).
        if found.get("error"):
            return Answer(
                self.redirect_url, self.verifier, error=found["error"], description=found.get("error_description", "")
            )
        if found.get("code"):
            return Answer(self.redirect_url, self.verifier, Secret(found["code"], label="code"))
        if self._token_field and found.get(self._token_field):
            Secret(found[self._token_field], label="access token")  # registers it for redaction
            return Answer(self.redirect_url, self.verifier, token=tuple(found.items()))
        raise AnswerRefused("The answer has neither a code nor an error in it.")

    def _check_issuer(self, found: dict[str, str]) -> None:
        given = found.get("iss")
        if self._issuer and given is not None and given != self._issuer:
            raise IssuerMismatch(self._issuer, given)
        if self._needs_iss and given is None:
            raise IssuerMismatch(self._issuer, "")


class IssuerMismatch(LoginError):
    """The answer names another issuer than the one that was asked, or none (RFC 9207)."""

    def __init__(self, asked: str, given: str) -> None:
        self.asked = asked
        self.given = plain(given)
        who = f"from {self.given!r}" if given else "without iss, which that issuer always sends"
        super().__init__(f"The sign-in went to {asked}, and the answer came {who}: refused (RFC 9207).")


def refuse_duplicates(pairs: Pairs) -> None:
    """Raise AnswerRefused where a parameter stands twice (RFC 6749 §3.1)."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise AnswerRefused("The answer has a parameter twice.")


def find(transactions: Iterable[Transaction], pairs: Pairs) -> Transaction | None:
    """The transaction whose state `pairs` carry; all are looked at, whichever it is."""
    found = [each for each in transactions if each.knows(pairs)]
    return found[0] if found else None


def plain(text: str, length: int = 300) -> str:
    """Somebody else's text as one printable line of at most `length` characters: no control or direction marks."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= length else line[: length - 1] + "…"
