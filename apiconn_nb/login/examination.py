"""Asking a token endpoint what it takes, and what a diagnosis is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.client import Flow
from apiconn_nb.auth.discovery import MetadataError
from apiconn_nb.errors import ApiConnError, TokenError
from apiconn_nb.login import faults
from apiconn_nb.login.faults import Fault
from apiconn_nb.login.steps import Steps, clock_skew, drive
from apiconn_nb.login.way import Client
from apiconn_nb.redaction import redact

_TIMEOUT = {"connect": 5.0, "read": 15.0, "write": 15.0, "pool": 5.0}


@dataclass
class Diagnosis:
    """What was found: `faults`, the first one the likeliest, and the `steps` that showed them, redacted."""

    method: AuthMethod
    steps: Steps = field(default_factory=Steps)
    faults: list[Fault] = field(default_factory=list)

    @property
    def fault(self) -> Fault | None:
        """What does not fit (None: nothing was found)."""
        return self.faults[0] if self.faults else None

    def verdict(self) -> str:
        """The faults, one line each, in plain text."""
        if not self.faults:
            return "Nothing found that does not fit."
        return "\n".join(f"✗ {redact(fault.describe(self.method))}" for fault in self.faults)

    def __str__(self) -> str:
        return f"{self.steps}\n{self.verdict()}"

    def add(self, fault: Fault | None) -> None:
        """Add a fault, once."""
        if fault is not None and fault not in self.faults:
            self.faults.append(fault)


class Examination:
    """What both examinations share: sending, and the two clocks."""

    def __init__(self, collection: Client, diagnosis: Diagnosis) -> None:
        self.collection = collection
        self.diagnosis = diagnosis
        self.steps = diagnosis.steps
        self._skew: float | None = None

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send aside, and compare the clocks."""
        request.extensions = {**request.extensions, "timeout": _TIMEOUT}
        response = self.collection.door.send_aside(request)
        skew = clock_skew(response)
        if skew is not None and abs(skew) > faults.SKEW and self._skew is None:
            self._skew = skew
        return response

    def try_token(self, flow: Flow, title: str) -> TokenError | None:
        """Run a flow that should give a token; the refusal that it ended with."""
        try:
            drive(flow, self.send, self.steps, title)
        except TokenError as error:
            return error
        except MetadataError as error:
            self.diagnosis.add(faults.metadata(error))
        except (ApiConnError, httpx.RequestError) as error:
            self.unreachable(error, "token_endpoint")
        return None

    def unreachable(self, error: Exception, setting: str) -> None:
        """Nobody answers at an endpoint."""
        text = f"{type(error).__name__}: {redact(str(error))}"
        self.steps.note("no answer", text)
        if "certificate" in text.lower():
            advice = "Its certificate is not trusted: set the collection's CA certificate (--ca-certificate)."
            self.diagnosis.add(Fault("certificate not trusted", "", advice))
        else:
            self.diagnosis.add(Fault("nobody answers", setting, f"Check the URL and the network ({text})."))

    def judge_client(self, refusal: TokenError, method: AuthMethod, again: str) -> None:
        """Name what is wrong with the client: its secret, or where the secret stands."""
        has_secret = bool(getattr(method, "client_secret", ""))
        for other, setting, wanted in _other_ways(method) if has_secret else ():
            second = self.try_token(self.ask(other), f"{again}, the other way")
            if second is None or second.error != "invalid_client":
                self.diagnosis.add(faults.wrong_client_authentication(setting, wanted))
                return
        self.diagnosis.add(faults.wrong_secret(has_secret))

    def ask(self, method: Any) -> Flow:
        """The flow that asks `method` for a token."""
        raise NotImplementedError

    def judge_clocks(self) -> None:
        """Name a clock that is off, before what it may have caused."""
        if self._skew is not None:
            found = [fault for fault in self.diagnosis.faults if fault.name != "clock skew"]
            self.diagnosis.faults = [faults.clock(self._skew), *found]


class GrantExamination(Examination):
    """A method that gets its token from the settings alone: the grant itself is tried."""

    def ask(self, method: Any) -> Flow:
        """The grant."""
        flow: Flow = method.grant()
        return flow

    def look(self) -> None:
        method = self.collection.method
        refusal = self.try_token(self.ask(method), "a token is asked for")
        if refusal is not None:
            self._judge(refusal, method)
        elif not self.diagnosis.faults:
            for fault in faults.of_token_response(self.steps.answered, method):
                self.diagnosis.add(fault)
        self.judge_clocks()

    def _judge(self, refusal: TokenError, method: AuthMethod) -> None:
        if refusal.error == "invalid_client":
            self.judge_client(refusal, method, "a token is asked for")
            return
        field_name = str(getattr(method, "token_field", "access_token"))
        elsewhere = faults.token_elsewhere(self.steps.answered.members, field_name) if not refusal.error else None
        self.diagnosis.add(elsewhere or faults.of_token_error(refusal, method) or unknown(refusal))


def _other_ways(method: AuthMethod) -> Iterator[tuple[AuthMethod, str, str]]:
    """The method with its client proved in each other way: with the setting, and what it would have to be."""
    if isinstance(getattr(method, "client_auth_basic", None), bool):
        is_basic = method.client_auth_basic  # type: ignore[attr-defined]
        wanted = "the form body (--no-client-auth-basic)" if is_basic else "Authorization: Basic (--client-auth-basic)"
        yield dataclasses.replace(method, client_auth_basic=not is_basic), "client_auth_basic", wanted  # type: ignore[call-arg]
    elif isinstance(getattr(method, "client_auth", None), str):
        for way in ("body", "basic"):
            if way != method.client_auth:  # type: ignore[attr-defined]
                yield dataclasses.replace(method, client_auth=way), "client_auth", f"--client-auth {way}"  # type: ignore[call-arg]


def unknown(refusal: TokenError) -> Fault:
    """A refusal that none of the known faults explains: the provider's own words."""
    return Fault("refused", "", str(refusal))
