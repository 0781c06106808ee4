"""The one place that turns a token response into a token: every shape that providers really answer in."""

from __future__ import annotations

import datetime
import json
import time
from typing import Any

import pytest

from apiconn_nb.auth.token import ResponseShape, Token, read_token
from apiconn_nb.errors import TokenError
from apiconn_nb.redaction import redact
from apiconn_nb.secrets import Secret

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
STANDARD = ResponseShape()


def read(
    body: Any, *, status: int = 200, kind: str = JSON, shape: ResponseShape = STANDARD, before: Token | None = None
) -> Token:
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return read_token(status, kind, raw, shape, before=before)


def refused(body: Any, **how: Any) -> TokenError:
    with pytest.raises(TokenError) as caught:
        read(body, **how)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (3600, 3600), ("3600", 3600), (" 3600 ", 3600), (3599.5, 3599.5), ("3599.5", 3599.5), (1, 1), (10**9, 10**9),
    ],
)  # fmt: skip
def test_expires_in_as_number_text_and_fraction(expires_in: Any, seconds: float) -> None:
    token = read({"access_token": "CANARY-a", "expires_in": expires_in})
    assert token.expires_at is not None
    assert abs(token.expires_at - time.time() - seconds) < 5
    assert token.obtained_at == pytest.approx(token.expires_at - seconds)


@pytest.mark.parametrize(
    "expires_in",
    [None, 0, "0", -1, "", "never", "3600s", True, [], {}, 10**13, "1e400", "NaN", "-Infinity"],
)
def test_expires_in_that_says_nothing_leaves_the_end_open(expires_in: Any) -> None:
    token = read({"access_token": "CANARY-a", "expires_in": expires_in})
    assert token.expires_at is None
    assert token.is_fresh(time.time() + 1e9)


def test_without_expires_in_the_collections_own_lifetime_counts() -> None:
    shape = ResponseShape(lifetime=120)
    token = read({"access_token": "CANARY-a"}, shape=shape)
    assert abs((token.expires_at or 0) - time.time() - 120) < 5
    told = read({"access_token": "CANARY-a", "expires_in": 60}, shape=shape)
    assert abs((told.expires_at or 0) - time.time() - 60) < 5, "what the provider says goes first"


HOUR = datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    "said",
    [
        lambda now: {"expires_at": (now + HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")},  # Square
        lambda now: {"expires_at": now.timestamp() + 3600},
        lambda now: {"expires_on": str(int(now.timestamp() + 3600))},  # Azure
        lambda now: {"expires": int(now.timestamp() + 3600) * 1000},
        lambda now: {"expiration": (now + HOUR).astimezone(datetime.timezone(5 * HOUR)).isoformat()},
        lambda now: {"expiresAt": (now + HOUR).replace(tzinfo=None).isoformat(sep=" ")},
        lambda now: {"expires_in": "3600", "expires_at": 2_000_000_000},  # the RFC's own word goes first
    ],
)
def test_the_moment_of_its_end_in_the_place_of_expires_in(said: Any) -> None:
    token = read({"access_token": "CANARY-a", **said(datetime.datetime.now(datetime.UTC))})
    assert abs((token.expires_at or 0) - time.time() - 3600) < 5


@pytest.mark.parametrize(
    "said", ["soon", "", 3600, "3600", True, None, [], 1e30, 1_000_000_001, "2020-01-01T00:00:00Z"]
)
def test_a_moment_that_says_nothing_leaves_the_end_open(said: Any) -> None:
    assert read({"access_token": "CANARY-a", "expires_at": said}).expires_at is None


def test_not_a_number_in_json_is_no_lifetime() -> None:
    assert read('{"access_token": "CANARY-a", "expires_in": NaN}').expires_at is None
    assert read('{"access_token": "CANARY-a", "expires_in": Infinity}').expires_at is None


@pytest.mark.parametrize(("lifetime", "old_after"), [(3600, 3540), (600, 540), (300, 270), (20, 18), (2, 1.8)])
def test_a_token_is_old_a_minute_early_and_never_more_than_a_tenth(lifetime: float, old_after: float) -> None:
    token = Token(Secret("CANARY-a"), expires_at=1000 + lifetime, obtained_at=1000)
    assert token.is_fresh(1000 + old_after - 0.01)
    assert not token.is_fresh(1000 + old_after + 0.01)
    assert token.is_alive(1000 + lifetime - 0.01)
    assert not token.is_alive(1000 + lifetime)


def test_every_member_has_its_place_and_unknown_ones_are_kept() -> None:
    token = read(
        {
            "access_token": "CANARY-a", "token_type": "bearer", "refresh_token": "CANARY-r", "scope": "read write",
            "expires_in": 60, "id_token": "CANARY-id-token", "instance_url": "https://eu1.example.org", "issued": 7,
        }
    )  # fmt: skip
    assert token.access_token.reveal() == "CANARY-a"
    assert token.refresh_token.reveal() == "CANARY-r"
    assert (token.scope, token.token_type) == ("read write", "bearer")
    assert (token.extra["instance_url"], token.extra["issued"]) == ("https://eu1.example.org", 7)
    assert token.extra["id_token"].reveal() == "CANARY-id-token", "what may be a credential is a Secret"
    assert "CANARY" not in repr(token)
    assert "CANARY-id-token" not in redact("a log line with CANARY-id-token in it"), "what may be a credential is known"


@pytest.mark.parametrize(
    ("scope", "text"), [("a b", "a b"), (["a", "b"], "a b"), ("", ""), (None, ""), ([], ""), ("a,b", "a,b")]
)
def test_scope_as_text_and_as_list(scope: Any, text: str) -> None:
    assert read({"access_token": "CANARY-a", "scope": scope}).scope == text


def test_a_token_under_another_name_and_on_a_dotted_path() -> None:
    assert read({"token": "CANARY-a"}, shape=ResponseShape("token")).access_token.reveal() == "CANARY-a"
    body = {"ok": True, "authed_user": {"access_token": "CANARY-u", "expires_in": 60, "refresh_token": "CANARY-ur"},
            "access_token": "CANARY-bot", "expires_in": 999, "refresh_token": "CANARY-bot-r"}  # fmt: skip
    token = read(body, shape=ResponseShape("authed_user.access_token"))
    assert token.access_token.reveal() == "CANARY-u"
    assert token.refresh_token.reveal() == "CANARY-ur", "the token's neighbours are its own"
    assert abs((token.expires_at or 0) - time.time() - 60) < 5
    assert read({"data": [{"t": "CANARY-x"}]}, shape=ResponseShape("data.0.t")).access_token.reveal() == "CANARY-x"
    assert read({"a.b": "CANARY-y"}, shape=ResponseShape("a.b")).access_token.reveal() == "CANARY-y"


def test_what_a_renewal_does_not_repeat_holds_on() -> None:
    before = Token(Secret("CANARY-1"), refresh_token=Secret("CANARY-r1"), scope="read", identity={"email": "a@b"})
    token = read({"access_token": "CANARY-2"}, before=before)
    assert token.refresh_token.reveal() == "CANARY-r1"
    assert (token.scope, token.identity) == ("read", {"email": "a@b"})
    rotated = read({"access_token": "CANARY-3", "refresh_token": "CANARY-r2", "scope": "write"}, before=before)
    assert (rotated.refresh_token.reveal(), rotated.scope) == ("CANARY-r2", "write")


@pytest.mark.parametrize(
    ("body", "kind", "shape"),
    [
        ("access_token=CANARY-a%2Fb&expires_in=60&scope=read+write", FORM, STANDARD),
        ("access_token=CANARY-a%2Fb&expires_in=60&scope=read+write", "text/plain; charset=utf-8", STANDARD),
        ("access_token=CANARY-a%2Fb&expires_in=60&scope=read+write", "text/html", ResponseShape(is_query=True)),
        ("access_token=CANARY-a%2Fb&expires_in=60&scope=read+write", JSON, ResponseShape(is_query=True)),
        ("?access_token=CANARY-a%2Fb&expires_in=60&scope=read+write", FORM, STANDARD),
        (b'\xef\xbb\xbf{"access_token": "CANARY-a/b", "expires_in": 60, "scope": "read write"}', JSON, STANDARD),
        ('\n {"access_token": "CANARY-a/b", "expires_in": "60", "scope": "read write"}', "text/html", STANDARD),
        ('{"access_token": "CANARY-a/b", "expires_in": 60, "scope": "read write"}', FORM, STANDARD),
        ('{"access_token": "CANARY-a/b", "expires_in": 60, "scope": "read write"}', JSON, ResponseShape(is_query=True)),
    ],
)
def test_form_encoded_and_json_whatever_the_content_type_says(body: Any, kind: str, shape: ResponseShape) -> None:
    token = read(body, kind=kind, shape=shape)
    assert token.access_token.reveal() == "CANARY-a/b"
    assert token.scope == "read write"
    assert token.expires_at is not None


def test_a_refusal_is_quoted_in_the_providers_words() -> None:
    error = refused({"error": "invalid_grant", "error_description": "Bad password."}, status=400)
    assert (error.error, error.description, error.status) == ("invalid_grant", "Bad password.", 400)
    assert "invalid_grant: Bad password." in str(error)


@pytest.mark.parametrize(
    "body",
    [
        {"error": "bad_verification_code", "error_description": "It is expired."},  # GitHub
        {"ok": False, "error": "invalid_code"},  # Slack
        {"error": {"code": 190, "message": "Bad code.", "type": "OAuthException"}},  # Facebook
        {"error": True, "message": "No."},
        {"access_token": "CANARY-a", "error": "half_done"},
    ],
)
def test_an_error_with_status_200_is_an_error(body: Any) -> None:
    error = refused(body)
    assert error.error or error.description
    assert "refused (200)" in str(error)
    assert "CANARY" not in str(error)


def test_an_error_that_is_listed_is_quoted_too() -> None:
    """Square's form, and JSON:API's."""
    error = refused({"errors": [{"code": "UNAUTHORIZED", "detail": "Bad client."}, {"code": "x"}]}, status=401)
    assert (error.error, error.description) == ("UNAUTHORIZED", "Bad client.")
    assert "UNAUTHORIZED: Bad client." in str(error)
    assert "refused (400)" in str(refused({"errors": ["odd"]}, status=400))


def test_a_form_encoded_error_with_status_200_is_an_error() -> None:
    assert refused("error=incorrect_client&error_description=Wrong+id", kind=FORM).error == "incorrect_client"


@pytest.mark.parametrize("nothing", [None, "", False, [], {}, 0])
def test_an_error_member_that_says_nothing_is_none(nothing: Any) -> None:
    assert read({"access_token": "CANARY-a", "error": nothing, "ok": True}).access_token.reveal() == "CANARY-a"


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 503])
def test_a_refusal_without_words_says_its_status(status: int) -> None:
    error = refused(b"", status=status, kind="")
    assert error.status == status
    assert f"({status})" in str(error)
    assert "it said nothing" in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_said(status: int) -> None:
    assert f"redirect ({status})" in str(refused(b"", status=status))


PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>" + "<p>x = y & z</p>" * 200 + "</body></html>"


@pytest.mark.parametrize("status", [200, 404, 502])
def test_a_web_page_is_called_a_web_page(status: int) -> None:
    error = refused(PAGE, status=status, kind="text/html; charset=utf-8")
    assert "web page" in str(error)
    assert "endpoint" in str(error)
    assert "<" not in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"[1]", b"null", b'"CANARY-a"', b"{}", b"\xff\xfe\x00", b"{" * 5000, b"9" * 5000,
     b'{"access_token": ""}', b'{"access_token": null}', b'{"token": "CANARY-a"}'],
)  # fmt: skip
def test_a_body_without_the_token_is_refused(body: bytes) -> None:
    error = refused(body)
    assert "--token-field" in str(error)
    assert "CANARY" not in str(error)


def test_a_method_without_token_name_is_not_told_to_set_it() -> None:
    assert "--token-field" not in str(refused({"id": 1}, shape=ResponseShape(is_fixed=True)))


def test_a_body_without_the_token_names_what_it_has_and_what_it_says() -> None:
    assert "it has expires_in, id" in str(refused({"id": 1, "expires_in": 3}))
    assert "Account locked" in str(refused({"success": False, "message": "Account locked"}))


def test_a_token_that_is_no_text_is_named_so() -> None:
    error = str(refused({"access_token": {"value": "CANARY-a"}}))
    assert "access_token" in error
    assert "not text" in error
    assert "CANARY" not in error


def test_a_refusal_that_repeats_a_secret_is_redacted() -> None:
    Secret("CANARY-password-1")
    error = refused({"error": "invalid_grant", "error_description": "no CANARY-password-1 here"}, status=400)
    assert "CANARY" not in str(error) + error.description
    assert "CANARY" not in str(refused(b"You sent CANARY-password-1", status=500, kind="text/plain"))


def test_a_long_refusal_is_cut_and_in_one_line() -> None:
    error = refused({"error": "invalid_request", "error_description": "too\nlong\r\n" + "x" * 5000}, status=400)
    assert len(str(error)) < 500


def test_a_token_survives_its_record() -> None:
    token = read({"access_token": "CANARY-a", "refresh_token": "CANARY-r", "expires_in": 60, "x": {"y": [1]}})
    assert Token.from_record(json.loads(json.dumps(token.to_record()))) == token


@pytest.mark.parametrize("record", [{}, {"access_token": "CANARY-a", "expires_at": None}, {"unknown": 1}])
def test_an_older_record_is_read_too(record: dict[str, Any]) -> None:
    assert Token.from_record(record).expires_at is None
