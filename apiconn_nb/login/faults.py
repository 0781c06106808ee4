"""What a provider's refusal means, and the one setting that does not fit. Pure functions over the provider's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.discovery import MetadataError
from apiconn_nb.auth.token import member
from apiconn_nb.errors import TokenError
from apiconn_nb.fields import fields_of
from apiconn_nb.login.steps import Answered

_PKCE = re.compile(r"code.?challenge|code.?verifier|pkce|proof key", re.IGNORECASE)
_CLOCK = re.compile(
    r"\biat\b|\bexp\b|\bnbf\b|clock|reasonable timeframe|issued in the future|not yet valid|expired jwt"
)
_CLIENT = re.compile(
    r"invalid_client|unknown client|(client|application).{0,40}(not found|unknown|invalid|not exist)", re.IGNORECASE
)
_MEDIA = re.compile(
    r"content.?type|media type|(not|invalid|malformed|parse)\b.{0,20}\bjson\b|x-www-form-urlencoded", re.IGNORECASE
)
_TOKEN_WORDS = ("access_token", "accesstoken", "token", "id_token", "jwt", "auth_token", "authtoken")
SKEW = 60.0
"""Seconds between two clocks that are worth a word: signed assertions and short tokens fail beyond them."""


@dataclass(frozen=True)
class Fault:
    """What does not fit: `name`, in a few words; `setting`, the field to change (empty: none); `advice`, what to do."""

    name: str
    setting: str
    advice: str

    def describe(self, method: AuthMethod) -> str:
        """One line: the fault, the setting by its label and option, what to do."""
        labels = {each.name: f"{each.label} ({each.option})" for each in fields_of(type(method))}
        where = labels.get(self.setting, "")
        return f"{self.name}{f': {where}' if where else ''}. {self.advice}"


def of_answer(error: str, description: str, method: AuthMethod, redirect_url: str) -> Fault | None:
    """What an error in an authorization answer means (RFC 6749 §4.1.2.1)."""
    text = f"{error} {description}"
    if error == "access_denied":
        return Fault("refused by the person or the provider", "", "Nothing is wrong with the settings: sign in again.")
    if error == "invalid_scope":
        return scope_refused(method)
    if error == "unsupported_response_type":
        return Fault("code flow not offered", "authorization_endpoint", "The provider gives no codes at this page.")
    return _of_words(text, method, redirect_url) or _of_code(error, method)


def of_page(status: int, text: str, method: AuthMethod, redirect_url: str) -> Fault | None:
    """What an error page at the authorization endpoint means: there is no redirect to read, only words."""
    if status in (404, 405, 410):
        return Fault("wrong login page", "authorization_endpoint", f"It answers {status}: check the URL.")
    if status >= 500:
        return Fault("provider out of order", "", f"Its login page answers {status}: try again later.")
    found = _of_words(text, method, redirect_url)
    if found is None and _CLIENT.search(text):
        return client_unknown()
    return found


def of_token_error(error: TokenError, method: AuthMethod, redirect_url: str = "") -> Fault | None:
    """What a refusal of the token endpoint means (RFC 6749 §5.2)."""
    text = f"{error.error} {error.description} {error if not error.error else ''}"
    status = error.status or 0
    if error.error == "invalid_client":
        return Fault(
            "client refused",
            "client_secret",
            "The id or the secret is wrong, or they are expected in the other place (Basic Auth or body).",
        )
    if _CLOCK.search(text):
        return clock(None)
    if error.error == "invalid_scope":
        return scope_refused(method)
    if 300 <= status < 400:
        return Fault(
            "token endpoint moved", "token_endpoint", "It answers with a redirect, and none is followed there."
        )
    if hasattr(method, "token_body_format") and (status == 415 or _MEDIA.search(text)):
        return _body_format(method)
    if status in (404, 405) and not error.error:
        return Fault("wrong token endpoint", "token_endpoint", f"It answers {status}: check the URL.")
    if status >= 500 and not error.error:
        return Fault("provider out of order", "", f"Its token endpoint answers {status}: try again later.")
    return _of_words(text, method, redirect_url) or _of_code(error.error, method)


def _body_format(method: AuthMethod) -> Fault:
    """The token endpoint reads JSON where a form was sent, or the other way round."""
    other = "json" if getattr(method, "token_body_format", "") == "form" else "form"
    advice = f"The token endpoint does not read the request as it is written: try --token-body-format {other}."
    return Fault("token request not read", "token_body_format", advice)


def _of_words(text: str, method: AuthMethod, redirect_url: str) -> Fault | None:
    if _PKCE.search(text):
        return pkce(method)
    if re.search(r"redirect.{0,3}ur[il]|redirect.{0,8}mismatch|callback url", text, re.IGNORECASE):
        return redirect_unregistered(redirect_url)
    if re.search(r"\bscopes?\b", text, re.IGNORECASE):
        return scope_refused(method)
    return None


def _of_code(error: str, method: AuthMethod) -> Fault | None:
    if error in ("unauthorized_client", "unsupported_grant_type"):
        return Fault(
            "grant not allowed", "client_id", "Allow this grant for the app at the provider, or use another app."
        )
    if error == "invalid_grant":
        return Fault("code or token refused", "", "It was used before or is over its time: sign in again.")
    return None


def redirect_unregistered(redirect_url: str) -> Fault:
    """The provider does not know the redirect URL."""
    return Fault(
        "redirect URL not registered",
        "redirect_url",
        f"Register exactly {redirect_url} at the provider, or set the one that is registered there.",
    )


def pkce(method: AuthMethod) -> Fault:
    """The provider wants PKCE and it is off, or does not want it and it is on."""
    if getattr(method, "pkce", False):
        return Fault("PKCE refused", "pkce", "This provider does not take it: switch it off (--no-pkce).")
    return Fault("PKCE required", "pkce", "This provider asks for it: switch it on (--pkce).")


def scope_refused(method: AuthMethod) -> Fault:
    """The provider does not know the scope, or parts scopes otherwise."""
    scope = str(getattr(method, "scope", ""))
    parted = "commas" if " " in scope else "spaces"
    return Fault("scope refused", "scope", f"The provider does not take {scope!r}: check the names, or try {parted}.")


def client_unknown() -> Fault:
    """The provider does not know the client id."""
    return Fault("client unknown", "client_id", "The provider knows no app of this id: check it, and the environment.")


def wrong_client_authentication(setting: str, wanted: str) -> Fault:
    """The client's secret is right and in the wrong place; `wanted` is the way that was accepted."""
    return Fault("wrong way of client authentication", setting, f"The other way is accepted: {wanted}.")


def token_misplaced(in_header: bool) -> Fault:
    """The token is taken in the other place; `in_header`: where it was refused."""
    wanted = "the parameter access_token (--no-token-in-header)" if in_header else "the header (--token-in-header)"
    return Fault("token in the wrong place", "token_in_header", f"It is accepted in {wanted}.")


def wrong_secret(has_secret: bool) -> Fault:
    """Neither way of client authentication is accepted."""
    if not has_secret:
        return Fault("client secret missing", "client_secret", "The provider asks this client for one.")
    return Fault("client secret refused", "client_secret", "Refused in the body and as Basic alike: it is another one.")


def clock(skew: float | None) -> Fault:
    """This machine's clock differs from the provider's by `skew` seconds (None: the provider only said so)."""
    if skew is None:
        return Fault("clock skew", "", "The provider says that the times do not fit: set this machine's clock.")
    ahead = "ahead of" if skew > 0 else "behind"
    return Fault("clock skew", "", f"This machine's clock is {abs(skew):.0f} s {ahead} the provider's: set it.")


def metadata(error: MetadataError) -> Fault:
    """The issuer's metadata cannot be used."""
    name = "issuer mismatch" if error.stated else "no metadata"
    return Fault(name, "issuer", str(error).removeprefix("Issuer: "))


def issuer_mismatch(asked: str, given: str) -> Fault:
    """The answer names another issuer."""
    if not given:
        return Fault("iss missing", "issuer", f"{asked} says that it always sends iss, and the answer has none.")
    return Fault("iss mismatch", "issuer", f"The answer says {given!r}, the setting {asked!r}: they must be identical.")


def token_elsewhere(members: Mapping[str, Any], wanted: str) -> Fault | None:
    """A token response without the member that should hold the token, and where it seems to be instead."""
    for path in _text_paths(members):
        if path != wanted and path.rpartition(".")[2].lower().replace("-", "_") in _TOKEN_WORDS:
            return Fault(
                "token in another field", "token_field", f"It seems to be under {path!r}: --token-field {path}"
            )
    return None


def _text_paths(members: Any, around: str = "", depth: int = 3) -> list[str]:
    if not isinstance(members, Mapping) or not depth:
        return []
    paths = [f"{around}{name}" for name, value in members.items() if isinstance(value, str) and value]
    for name, value in members.items():
        paths += _text_paths(value, f"{around}{name}.", depth - 1)
    # `access_token` before `token` before `id_token`, whatever the order in the answer.
    return sorted(paths, key=_rank)


def _rank(path: str) -> int:
    name = path.rpartition(".")[2].lower().replace("-", "_")
    return _TOKEN_WORDS.index(name) if name in _TOKEN_WORDS else len(_TOKEN_WORDS)


def of_token_response(answered: Answered, method: AuthMethod) -> list[Fault]:
    """What is odd about a token response that gave a token: nothing has failed, and a setting would say it plainly."""
    found = []
    is_query = bool(getattr(method, "token_response_is_query", False))
    if not answered.is_json and not is_query:
        kind = answered.content_type or "no content type"
        advice = f"It came as {kind} and was recognised all the same; switch the setting on to be sure."
        found.append(Fault("form-encoded answer", "token_response_is_query", advice))
    if answered.is_json and is_query:
        advice = "It was recognised all the same; switch the setting off."
        found.append(Fault("JSON answer", "token_response_is_query", advice))
    has_expiry = any("expires" in path for path in _all_paths(answered.members))
    if not has_expiry and not getattr(method, "token_lifetime", 0):
        advice = "The token is used until a call is answered 401; set its lifetime in seconds where you know it."
        found.append(Fault("expiry missing", "token_lifetime", advice))
    found += _skewed(answered)
    return found + _unrenewable(answered, method)


def _skewed(answered: Answered) -> list[Fault]:
    skew = answered.skew
    return [clock(skew)] if skew is not None and abs(skew) > SKEW else []


def _unrenewable(answered: Answered, method: AuthMethod) -> list[Fault]:
    """A refresh token that was asked for and did not come, or was not asked for in the one way known to bring it."""
    if not getattr(method, "interactive", False) or any("refresh_token" in p for p in _all_paths(answered.members)):
        return []
    if "offline_access" in str(getattr(method, "scope", "")) or getattr(method, "offline_access", False):
        advice = "It was asked for and not given: many providers give one only where the person consents anew."
        return [Fault("no refresh token", "extra_authorization_params", f"{advice} Try prompt=consent.")]
    return []


def _all_paths(members: Any, depth: int = 3) -> list[str]:
    if not isinstance(members, Mapping) or not depth:
        return []
    return [*map(str, members), *(path for value in members.values() for path in _all_paths(value, depth - 1))]


def of_profile(profile: Any, method: AuthMethod) -> list[Fault]:
    """The paths that lead to nothing in a profile."""
    found = []
    for setting, fallback in (("profile_id_path", "sub"), ("profile_email_path", "")):
        path = str(getattr(method, setting, ""))
        held = member(profile, path) if path else None
        if held is None and not (path == "id" and fallback and member(profile, fallback) is not None):
            names = ", ".join(_all_paths(profile, 1)[:12]) or "nothing that can be read"
            found.append(
                Fault("profile path leads nowhere", setting, f"{path!r} is not in the profile; it has {names}.")
            )
    return found
