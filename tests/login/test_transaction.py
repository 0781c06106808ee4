"""A state and a verifier belong to one attempt: single use, bound, late after ten minutes, never an oracle."""

from __future__ import annotations

import re

import pytest

from apiconn_nb.errors import LoginError
from apiconn_nb.login.transaction import LIFETIME, AnswerRefused, IssuerMismatch, Pairs, Transaction, find, plain

REDIRECT = "http://127.0.0.1:8765/callback"
OWNER = ("shop", "live")


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def attempt() -> Transaction:
    return Transaction(OWNER, REDIRECT)


def answer_to(attempt: Transaction, **more: str) -> Pairs:
    return [("state", attempt.state.reveal()), *more.items()]


def test_state_and_verifier_are_long_fresh_and_written_in_unreserved_characters() -> None:
    attempts = [Transaction(OWNER, REDIRECT) for _ in range(50)]
    states = {each.state.reveal() for each in attempts}
    verifiers = {each.verifier.reveal() for each in attempts}
    assert len(states) == len(verifiers) == 50
    for state in states:
        assert len(state) * 6 >= 128, "base64url carries six bits a character"
    for verifier in verifiers:
        assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier)  # RFC 7636 §4.1


def test_a_code_with_the_state_is_taken_once(attempt: Transaction) -> None:
    answer = attempt.accept(answer_to(attempt, code="the-code"), REDIRECT)
    assert answer.code.reveal() == "the-code"
    assert answer.redirect_url == REDIRECT
    assert answer.verifier is attempt.verifier
    with pytest.raises(AnswerRefused, match="answer already"):
        attempt.accept(answer_to(attempt, code="the-code"), REDIRECT)


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("code", "c")],
        [("code", "c"), ("state", "")],
        [("code", "c"), ("state", "wrong")],
        [("code", "c"), ("state", "wröng")],
        [("error", "access_denied")],
        [("error", "access_denied"), ("state", "wrong")],
        [("error", "access_denied"), ("error_description", "<script>"), ("state", "x" * 43)],
    ],
)
def test_without_the_state_nothing_is_believed_and_nothing_is_spent(attempt: Transaction, pairs: Pairs) -> None:
    with pytest.raises(AnswerRefused):
        attempt.accept(pairs, REDIRECT)
    assert attempt.accept(answer_to(attempt, code="c"), REDIRECT).code.reveal() == "c"


def test_a_duplicate_parameter_is_refused(attempt: Transaction) -> None:
    for pairs in (
        [*answer_to(attempt, code="one"), ("code", "two")],
        [*answer_to(attempt, code="one"), ("state", attempt.state.reveal())],
        [*answer_to(attempt, code="one"), ("state", "other")],
        [*answer_to(attempt, code="one"), ("x", "1"), ("x", "2")],
    ):
        with pytest.raises(AnswerRefused):
            attempt.accept(pairs, REDIRECT)
    assert not attempt.is_spent


def test_a_late_state_is_dead(attempt: Transaction) -> None:
    clock = Clock()
    late = Transaction(OWNER, REDIRECT, clock=clock)
    clock.now += LIFETIME - 1
    assert not late.is_late
    clock.now += 1
    for more in ({"code": "c"}, {"error": "access_denied"}):
        with pytest.raises(AnswerRefused, match="ten minutes"):
            late.accept(answer_to(late, **more), REDIRECT)
    assert LIFETIME == 600


def test_an_answer_at_another_redirect_url_is_refused(attempt: Transaction) -> None:
    for other in (
        "http://127.0.0.1:8766/callback",
        "http://127.0.0.1:8765/",
        "https://hub.example/proxy/8765/callback",
    ):
        with pytest.raises(AnswerRefused, match="another address"):
            attempt.accept(answer_to(attempt, code="c"), other)
    assert not attempt.is_spent


def test_the_error_is_read_before_the_code(attempt: Transaction) -> None:
    pairs = answer_to(attempt, code="c", error="access_denied", error_description="No & no")
    answer = attempt.accept(pairs, REDIRECT)
    assert (answer.error, answer.description, bool(answer.code)) == ("access_denied", "No & no", False)


def test_the_state_alone_is_no_answer_and_spends_nothing(attempt: Transaction) -> None:
    with pytest.raises(AnswerRefused, match="neither a code nor an error"):
        attempt.accept(answer_to(attempt, scope="x"), REDIRECT)
    assert attempt.accept(answer_to(attempt, code="c"), REDIRECT)


ISSUER = "https://login.example.org"


@pytest.mark.parametrize("given", ["https://evil.example", f"{ISSUER}/", "HTTPS://login.example.org", ""])
def test_another_issuer_is_refused_and_the_state_is_gone(given: str) -> None:
    attempt = Transaction(OWNER, REDIRECT, issuer=ISSUER)
    for more in ({"code": "c"}, {"error": "access_denied"}):
        attempt = Transaction(OWNER, REDIRECT, issuer=ISSUER)
        with pytest.raises(IssuerMismatch) as caught:
            attempt.accept(answer_to(attempt, iss=given, **more), REDIRECT)
        assert not isinstance(caught.value, AnswerRefused), "it ends the login: the state was right"
        assert attempt.is_spent


def test_the_issuer_is_compared_only_where_it_is_known() -> None:
    told = Transaction(OWNER, REDIRECT, issuer=ISSUER, needs_iss=True)
    assert told.accept(answer_to(told, code="c", iss=ISSUER), REDIRECT)
    silent = Transaction(OWNER, REDIRECT, issuer=ISSUER)
    assert silent.accept(answer_to(silent, code="c"), REDIRECT)
    unknown = Transaction(OWNER, REDIRECT)
    assert unknown.accept(answer_to(unknown, code="c", iss="https://whoever.example"), REDIRECT)
    promised = Transaction(OWNER, REDIRECT, issuer=ISSUER, needs_iss=True)
    with pytest.raises(IssuerMismatch, match="always sends"):
        promised.accept(answer_to(promised, code="c"), REDIRECT)


def test_a_token_in_the_query_is_taken_only_where_the_settings_say_so() -> None:
    closed = Transaction(OWNER, REDIRECT)
    with pytest.raises(AnswerRefused):
        closed.accept(answer_to(closed, access_token="CANARY-token"), REDIRECT)
    opened = Transaction(OWNER, REDIRECT, token_field="access_token")
    answer = opened.accept(answer_to(opened, access_token="CANARY-token", expires_in="60"), REDIRECT)
    assert dict(answer.token)["access_token"] == "CANARY-token"
    assert "CANARY" not in repr(answer)


def test_each_state_finds_its_own_attempt() -> None:
    attempts = [Transaction(OWNER, REDIRECT), Transaction(("shop", "development"), REDIRECT)]
    assert find(attempts, answer_to(attempts[1], code="c")) is attempts[1]
    assert find(attempts, [("state", "none")]) is None


def test_what_a_stranger_wrote_becomes_one_printable_line() -> None:
    assert plain("a\r\nb\x00c\u202ed\u2028e") == "a b c d e"
    assert plain("x" * 400, 10) == "xxxxxxxxx…"


def test_nothing_of_a_transaction_shows() -> None:
    attempt = Transaction(OWNER, REDIRECT)
    answer = attempt.accept(answer_to(attempt, code="CANARY-code"), REDIRECT)
    shown = repr(attempt) + repr(vars(attempt)) + repr(answer)
    for secret in (attempt.state.reveal(), attempt.verifier.reveal(), "CANARY-code"):
        assert secret not in shown
    assert issubclass(AnswerRefused, LoginError)
