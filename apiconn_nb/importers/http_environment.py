"""``http-client.env.json`` and its private twin: variables by environment, and JetBrains' ``Security.Auth``.

Source: https://www.jetbrains.com/help/idea/oauth-2-0-authorization.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apiconn_nb.importers.draft import MARK, Credential, Draft, Variable, clean, marked
from apiconn_nb.importers.names import identifier

_TRIAL = re.compile(r"dev|test|stag|sandbox|local|qa", re.IGNORECASE)
_ENVIRONMENT = re.compile(r"\{\{\s*\$(?:processEnv|dotenv|env)[\s.]+%?([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_PRIVATE = "http-client.private.env.json"


@dataclass
class Environments:
    """The environments of the files; those of the private file are secrets."""

    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    secret: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def read(cls, beside: Mapping[str, str]) -> Environments:
        """The environments of the files beside a ``.http`` file; a broken file is as if it were not there."""
        found = cls()
        for name in sorted(beside, key=lambda each: each.endswith(_PRIVATE)):
            if not name.endswith((".env.json",)):
                continue
            try:
                content = json.loads(beside[name])
            except (ValueError, RecursionError):
                continue
            for environment, values in content.items() if isinstance(content, dict) else ():
                if isinstance(values, dict):
                    found._add(environment, values, is_private=name.endswith(_PRIVATE))
        return found

    def _add(self, environment: str, values: Mapping[str, Any], *, is_private: bool) -> None:
        known = self.known.setdefault(environment, {})
        for name, value in values.items():
            if isinstance(value, dict) and isinstance(known.get(name), dict):
                known[name] = _merged(known[name], value, 0)
            else:
                known[name] = value
            if is_private:
                self.secret.add((environment, name))

    @property
    def live(self) -> str:
        """The environment that counts: the first one that is not for trials."""
        names = [name for name in self.known if name != "$shared"]
        return next((name for name in names if not _TRIAL.search(name)), names[0] if names else "")

    @property
    def trial(self) -> str:
        """The environment whose base URL becomes the development one."""
        return next((name for name in self.known if _TRIAL.search(name) and name != self.live), "")

    def put(self, draft: Draft) -> None:
        """Give the draft the variables of the environment that counts."""
        for environment in ("$shared", self.live):
            for name, value in self.known.get(environment, {}).items():
                if isinstance(value, str | int | float | bool):
                    draft.set(name, with_environment(clean(value), draft), is_secret=(environment, name) in self.secret)
        others = [name for name in self.known if name not in ("$shared", self.live, self.trial)]
        if others:
            draft.lost.append(f"the environment {', '.join(others)}; {self.live} was taken")

    def put_twin(self, draft: Draft) -> None:
        """The development base URL, where the calls begin with a variable that the trial environment has too."""
        leading = next((match[1] for call in draft.calls if (match := MARK.match(call.url))), "")
        values = self.known.get(self.trial, {})
        value = next((clean(each) for name, each in values.items() if identifier(name) == leading), "")
        if value.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            draft.connection["dev_base_url"] = value.rstrip("/")
        if values:
            draft.unneeded.append(f"the environment {self.trial}, but for its base URL")

    def security(self, name: str) -> Mapping[str, Any]:
        """``Security.Auth`` of that name; an empty object for none."""
        for environment in (self.live, "$shared", *self.known):
            auth = self.known.get(environment, {}).get("Security")
            found = auth.get("Auth") if isinstance(auth, dict) else None
            if isinstance(found, dict) and isinstance(found.get(name), dict):
                chosen: Mapping[str, Any] = found[name]
                return chosen
        return {}


def _merged(one: Mapping[str, Any], other: Mapping[str, Any], depth: int) -> dict[str, Any]:
    both = dict(one)
    for name, value in other.items():
        deeper = isinstance(value, dict) and isinstance(both.get(name), dict) and depth < 10
        both[name] = _merged(both[name], value, depth + 1) if deeper else value
    return both


def credential_of(security: Mapping[str, Any], name: str, draft: Draft) -> Credential | None:
    """An entry of ``Security.Auth`` as a credential."""
    if not security:
        draft.lost.append(f"$auth of {name[:40]!r}, which no environment file describes")
        return None
    values = {key: marked(with_environment(clean(value), draft)) for key, value in security.items()}
    grant = values.get("Grant Type", "").lower()
    if values.get("Type", "").lower() in ("static", "mock"):
        token = values.get("Token", "")
        return Credential("key-in-header", {"key_name": "Authorization", "key_prefix": "Bearer ", "key": token})
    basic = values.get("Client Credentials", "basic").lower() == "basic"
    fields: dict[str, Any] = {
        "token_endpoint": values.get("Token URL", ""),
        "client_id": values.get("Client ID", ""),
        "client_secret": values.get("Client Secret", ""),
        "scope": values.get("Scope", ""),
    }
    if "Custom Request Parameters" in security:
        draft.lost.append(f"the custom request parameters of {name}")
    if "client" in grant:
        return Credential("oauth2-client-credentials", {**fields, "client_auth_basic": basic}, label=name)
    if "password" in grant:
        user = {"username": values.get("Username", ""), "password": values.get("Password", "")}
        return Credential(
            "oauth2-password", {**fields, **user, "client_auth": "basic" if basic else "body"}, label=name
        )
    if "implicit" in grant:
        draft.lost.append(f"the implicit flow of {name}, which RFC 9700 retires")
    more = {
        "authorization_endpoint": values.get("Auth URL", ""),
        "device_authorization_endpoint": values.get("Device Auth URL", ""),
        "client_auth_basic": basic,
        "pkce": security.get("PKCE") not in (None, False),
    }
    return Credential("oauth2-user-agent", {**fields, **more}, label=name)


def with_environment(text: str, draft: Draft) -> str:
    """`text` with ``{{$processEnv NAME}}`` and its kin as variables that say where they are kept."""

    def note(match: re.Match[str]) -> str:
        draft.variables.setdefault(identifier(match[1]), Variable(None)).env = match[1]
        return "{{" + match[1] + "}}"

    return _ENVIRONMENT.sub(note, text)
