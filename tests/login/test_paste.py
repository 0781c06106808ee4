"""What a person may paste, and what is refused in words that repeat nothing of it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apiconn_nb.login.paste import read
from apiconn_nb.login.transaction import AnswerRefused, IssuerMismatch, Transaction

REDIRECT = "http://127.0.0.1:8765/callback"


@pytest.fixture
def attempt() -> Transaction:
    return Transaction(("shop", "live"), REDIRECT, issuer="https://login.example.org")


def url(attempt: Transaction, base: str = REDIRECT, **more: str) -> str:
    return f"{base}?{urlencode({'state': attempt.state.reveal(), **more})}"


@pytest.mark.parametrize("around", ["{}", "  {}\n", "<{}>", '"{}"', "{}#"])
def test_the_whole_address_is_taken(attempt: Transaction, around: str) -> None:
    pasted = around.format(url(attempt, code="4/0Ab_c", scope="openid email"))
    assert read(pasted, [attempt]).code.reveal() == "4/0Ab_c"


def test_the_query_alone_is_taken(attempt: Transaction) -> None:
    assert read("?" + url(attempt, code="c").partition("?")[2], [attempt]).code.reveal() == "c"


@pytest.mark.parametrize(
    ("pasted", "code"), [("4/0Ab_c-d", "4/0Ab_c-d"), ("4%2F0Ab_c-d ", "4/0Ab_c-d"), ("c==", "c==")]
)
def test_a_bare_code_is_taken(attempt: Transaction, pasted: str, code: str) -> None:
    answer = read(pasted, [attempt])
    assert answer.code.reveal() == code
    assert answer.verifier is attempt.verifier
    with pytest.raises(AnswerRefused):
        read(pasted, [attempt])


def test_an_address_of_localhost_or_another_port_is_another_page(attempt: Transaction) -> None:
    for base in ("http://localhost:8765/callback", "http://127.0.0.1:8766/callback", "https://login.example.org/auth"):
        with pytest.raises(AnswerRefused, match="begins with http://127"):
            read(url(attempt, base, code="c"), [attempt])


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "   ",
        f"{REDIRECT}?code=CANARY-code&state=wrong",
        f"{REDIRECT}?code=CANARY-code",
        f"{REDIRECT}?error=access_denied&state=wrong",
        f"{REDIRECT}?code=CANARY-a&code=CANARY-b&state=wrong",
        f"{REDIRECT}#access_token=CANARY-token",
        "code=CANARY-code&state=wrong",
        "a code with CANARY spaces",
        "http://[broken/?code=CANARY-code",
        "x" * 20000,
        f"{REDIRECT}?" + "&".join(f"p{n}=CANARY" for n in range(100)),
    ],
)
def test_what_is_no_answer_is_refused_in_one_sentence_that_repeats_no_secret(attempt: Transaction, pasted: str) -> None:
    with pytest.raises(AnswerRefused) as caught:
        read(pasted, [attempt])
    message = str(caught.value)
    assert "CANARY" not in message
    assert "\n" not in message
    assert len(message) < 300
    assert read(url(attempt, code="c"), [attempt]), "and the sign-in still waits"


def test_duplicates_and_another_issuer_are_refused_here_too(attempt: Transaction) -> None:
    with pytest.raises(AnswerRefused, match="twice"):
        read(url(attempt, code="c") + "&code=d", [attempt])
    with pytest.raises(IssuerMismatch):
        read(url(attempt, code="c", iss="https://evil.example"), [attempt])


def test_the_providers_error_is_an_answer(attempt: Transaction) -> None:
    answer = read(url(attempt, error="access_denied", error_description="No."), [attempt])
    assert (answer.error, answer.description) == ("access_denied", "No.")


def test_of_several_pages_opened_each_finds_its_own() -> None:
    attempts = [Transaction(("shop", "live"), REDIRECT) for _ in range(3)]
    assert read(url(attempts[1], code="c"), attempts).verifier is attempts[1].verifier
    assert read("bare", attempts).verifier is attempts[2].verifier, "the newest"


def test_without_an_opened_page_there_is_nothing_to_paste() -> None:
    with pytest.raises(AnswerRefused, match="use the link"):
        read("bare", [])


def test_a_registered_page_with_a_query_of_its_own_comes_back_with_it() -> None:
    attempt = Transaction(("shop", "live"), "https://example.org/done?from=notebook")
    pasted = f"https://example.org/done?from=notebook&code=c&state={attempt.state.reveal()}"
    assert read(pasted, [attempt]).code.reveal() == "c"


@given(st.one_of(st.text(), st.text().map(f"{REDIRECT}?{{}}".format), st.text().map("http://{}".format)))
@settings(max_examples=300, deadline=None)
def test_whatever_is_pasted_is_an_answer_or_refused_in_one_line(pasted: str) -> None:
    attempt = Transaction(("shop", "live"), REDIRECT)
    said = "taken as a bare code"
    try:
        assert not read(pasted, [attempt]).error, "without the state nothing but a bare code is taken"
    except AnswerRefused as error:
        said = str(error)
    assert said.isprintable()
