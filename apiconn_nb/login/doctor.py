"""``--debug``: walks a collection's way to a token step by step, redacted, and names the setting that does not fit.

It asks the provider what can be asked without a person: the login page whether it takes this request, the token
endpoint whether it takes this client (with a made-up code, which an accepted client is refused as ``invalid_grant``),
and adds what the last real sign-in showed.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any

import httpx

from apiconn_nb.auth import discovery
from apiconn_nb.auth.client import Flow
from apiconn_nb.auth.discovery import MetadataError
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.auth.tokens import TokenMethod
from apiconn_nb.errors import ApiConnError, TokenError
from apiconn_nb.login import faults
from apiconn_nb.login.engine import login_of
from apiconn_nb.login.examination import Diagnosis, Examination, GrantExamination, unknown
from apiconn_nb.login.page import LoginPage
from apiconn_nb.login.redirect import to_register
from apiconn_nb.login.steps import Step, drive
from apiconn_nb.login.surroundings import Surroundings
from apiconn_nb.login.way import Client
from apiconn_nb.redaction import redact


def examine(
    collection: Client,
    *,
    values: Mapping[str, Any] | None = None,
    public_url: str = "",
    environ: Mapping[str, str] | None = None,
) -> Diagnosis:
    """Look at how `collection` gets its token; nobody is asked to sign in, and no token in use is touched.

    Parameters as for `login.start_login`. Never raises for what a provider says.
    """
    diagnosis = Diagnosis(collection.method)
    around = Surroundings(environ)
    if isinstance(collection.method, AuthorizationCode):
        LoginExamination(collection, diagnosis, values or {}, around, public_url).look()
    elif isinstance(collection.method, TokenMethod):
        GrantExamination(collection, diagnosis).look()
    else:
        diagnosis.steps.note(f"{collection.method.label}: there is no token to be had, the key goes with each call")
    return diagnosis


class LoginExamination(Examination):
    """A login: everything that can be asked without the person."""

    def __init__(
        self,
        collection: Client,
        diagnosis: Diagnosis,
        values: Mapping[str, Any],
        environ: Mapping[str, str],
        public_url: str,
    ) -> None:
        super().__init__(collection, diagnosis)
        self._values = values
        self._environ = environ
        self._public_url = public_url
        self._redirect_url = ""

    def ask(self, method: Any) -> Flow:
        """The exchange of a code that no provider has given."""
        flow: Flow = method.exchange_code(f"made-up-{secrets.token_hex(8)}", self._redirect_url, "x" * 43)
        return flow

    def look(self) -> None:
        found = self._complete()
        if found is not None:
            self._redirect_url = self._where_back(found)
            self._look_at_page(found)
            if self.diagnosis.fault != faults.client_unknown():
                self._look_at_client(found)
            self._look_at_token(found)
        self._add_last_login()
        self.judge_clocks()

    def _complete(self) -> AuthorizationCode | None:
        """The method with its endpoints. An issuer is looked at even where all of them are given."""
        method = self.collection.method
        assert isinstance(method, AuthorizationCode)
        try:
            if method.issuer:
                discovery.forget(method.issuer)
                drive(discovery.discover(method.issuer), self.send, self.steps, "what the issuer says")
        except MetadataError as error:
            self.diagnosis.add(faults.metadata(error))
        except (ApiConnError, httpx.RequestError) as error:
            self.unreachable(error, "issuer")
        try:
            return drive(method.resolved("token_endpoint"), self.send, self.steps, "what the issuer says")
        except (ApiConnError, httpx.RequestError):
            return None  # said above

    def _where_back(self, method: AuthorizationCode) -> str:
        last = login_of(self.collection)
        known = last.redirect_url if last is not None else ""
        return known or to_register(method, self._environ, public_url=self._public_url)[0]

    def _look_at_page(self, method: AuthorizationCode) -> None:
        if not method.authorization_endpoint:
            return
        if "://" not in self._redirect_url:
            self.steps.note("the redirect URL is known when the sign-in link has been opened once: open it first")
            return
        page = LoginPage(method, self._redirect_url, self._values, self.send, self.steps)
        try:
            self.diagnosis.add(page.fault())
        except TokenError:
            self.steps.note("it shows a page of more than 1 MiB, so it takes the request")
        except (ApiConnError, httpx.RequestError) as error:
            self.unreachable(error, "authorization_endpoint")

    def _look_at_client(self, method: AuthorizationCode) -> None:
        title = "does the token endpoint take this client? (a made-up code)"
        refusal = self.try_token(self.ask(method), title)
        if refusal is None:
            return
        if refusal.error == "invalid_client":
            self.judge_client(refusal, method, title)
        elif refusal.error in ("unauthorized_client", "unsupported_grant_type") or not refusal.error:
            self.diagnosis.add(faults.of_token_error(refusal, method, self._redirect_url) or unknown(refusal))
        else:
            self.steps.note(f"the client is taken, and the made-up code is refused as it should be: {refusal.error}")

    def _look_at_token(self, method: AuthorizationCode) -> None:
        """Whether the token of the last sign-in opens the profile, in its own place or in the other one."""
        token = self.collection.slot.token
        if token is None or not method.profile_endpoint:
            return
        status = self._profile_status(method, "does the token open the profile?")
        if status not in (401, 403) or not method.token_in_header:
            return
        other = dataclasses.replace(method, token_in_header=False)
        if self._profile_status(other, "does it as a parameter?") == 200:
            self.diagnosis.add(faults.token_misplaced(in_header=True))

    def _profile_status(self, method: AuthorizationCode, title: str) -> int:
        token = self.collection.slot.token
        request = method.profile_request(token) if token is not None else None
        if request is None:
            return 0
        try:
            response = self.send(request)
        except (ApiConnError, httpx.RequestError) as error:
            self.unreachable(error, "profile_endpoint")
            return 0
        self.steps.exchange(title, request, response)
        return response.status_code

    def _add_last_login(self) -> None:
        last = login_of(self.collection)
        if last is None:
            return
        self.steps.all += [Step(f"the last sign-in ({last.via}): {redact(last.message)}"), *last.steps.all]
        for fault in last.faults:
            self.diagnosis.add(fault)
