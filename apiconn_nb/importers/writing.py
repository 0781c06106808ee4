"""One group of a draft's calls → one collection: secrets split out, each call written as a cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from apiconn_nb import auth, fence
from apiconn_nb.auth.header import check_name
from apiconn_nb.errors import ApiConnError, ConfigError
from apiconn_nb.fields import Field, check_url, fields_of, is_loopback
from apiconn_nb.importers import credentials
from apiconn_nb.importers.address import Address, resolved
from apiconn_nb.importers.draft import Call, Credential, Draft, names_in, only_name, replaced
from apiconn_nb.importers.names import call_name, call_name_of, env_name, unique
from apiconn_nb.importers.report import FoundSecret, Report
from apiconn_nb.importers.written import (
    CannotWrite,
    bare_names,
    header_of,
    shown,
    written_body,
    written_header,
    written_target,
)
from apiconn_nb.request import METHODS, Shared, Template, build, parse
from apiconn_nb.secrets import Secret, is_reference
from apiconn_nb.settings import CollectionSettings, SavedCall

_DOC = 400  # characters of a call's description
_OWN = ("host", "content-length", "connection", "accept-encoding", "transfer-encoding")


@dataclass
class Group:
    """Calls of one base URL and one credential: a collection to be."""

    base: str
    credential: Credential | None
    calls: list[tuple[Call, Address]] = field(default_factory=list)


class Writing:
    """One group becomes one collection."""

    def __init__(self, draft: Draft, group: Group, name: str, report: Report) -> None:
        self._draft = draft
        self._group = group
        self._name = name
        self._report = report

    def settings(self) -> CollectionSettings:
        """The collection. What cannot be written is in the report."""
        calls: dict[str, SavedCall] = {}
        for call, address in self._group.calls:
            named = call_name(call.name) or call_name_of(
                call.method, replaced(call.url.partition("?")[0], lambda _: "")
            )
            if named.lower() == "test" and call.method not in ("GET", "HEAD"):
                named = "test_call"  # `--test` runs the call `test`, and an action is not for that
            key = unique(named, calls)
            saved = self._call(call, address, key)
            if saved is not None:
                calls[key] = saved
                self._report.calls.append(f"{self._name}.{key}")
        method, values = self._method()
        connection = self._connection()
        connection = self._sound(connection)
        settings = CollectionSettings(self._name, method, connection, values, calls)
        try:
            settings.check()
        except ApiConnError as error:
            self._report.lost.append(f"{self._name}: {error}")
            settings = CollectionSettings(self._name, "none", connection, {}, calls)
        self._introduce(settings)
        return settings

    def _sound(self, connection: dict[str, Any]) -> dict[str, Any]:
        """The settings of the connection that hold, each looked at alone."""
        sound: dict[str, Any] = {}
        for name, value in connection.items():
            try:
                CollectionSettings(self._name, connection={name: value}).check()
                sound[name] = value
            except ApiConnError as error:
                self._lost(str(error))
        return sound

    def _introduce(self, settings: CollectionSettings) -> None:
        label = auth.method(settings.method).label
        base = settings.connection.get("base_url") or "no base URL yet"
        self._report.collections.append(f"{self._name} · {base} · {label}")
        missing = [
            f"{each.label}: %apiconn_auth {self._name} {each.option} …"
            for each in fields_of(auth.method(settings.method))
            if each.required and not settings.auth.get(each.name) and not each.default and not each.dev_of
        ]
        self._report.missing += missing
        if settings.method != "none" or self._group.credential:
            self._report.next.append(
                f"%apiconn_auth {self._name} --trust    shows where its credentials would go, and lets them through"
            )

    # ── connection and method ──────────────────────────────────────────────────────────────────────────────────────

    def _connection(self) -> dict[str, Any]:
        connection: dict[str, Any] = {"trusted_origins": fence.NO_ORIGIN}
        if self._group.base:
            connection["base_url"] = self._group.base
        connection |= self._draft.connection
        extra = self._group.credential
        for place, rows in (("headers", extra.headers), ("query", extra.query)) if extra else ():
            kept = {name: self._secret(text, f"{place} {name}", name, "") for name, text in rows.items()}
            if kept:
                connection[place] = {name: value for name, value in kept.items() if value}
        return connection

    def _method(self) -> tuple[str, dict[str, Any]]:
        credential = self._group.credential
        if credential is None:
            return "none", {}
        known = {each.name: each for each in fields_of(auth.method(credential.method))}
        values: dict[str, Any] = {}
        for name, raw in credential.fields.items():
            value = self._field(known[name], raw)
            if value not in ("", None):
                values[name] = value
        for each in known.values():
            # A required secret that the source does not have gets the reference that is suggested for it.
            if each.kind == "secret" and each.required and each.name not in values:
                values[each.name] = self._secret("", each.label, each.name, each.option)
        return credential.method, values

    def _field(self, described: Field, raw: Any) -> Any:
        if described.kind == "secret":
            return self._secret(str(raw), described.label, described.name, described.option) if raw else ""
        if described.kind == "rows":
            return {name: resolved(str(each), self._draft.variables) for name, each in dict(raw).items()}
        if not isinstance(raw, str):
            return raw
        text = resolved(raw, self._draft.variables)
        if not text:
            return ""
        if names_in(text):
            self._lost(f"{described.label} is the variable {names_in(text)[0]}, which has no value")
            return ""
        return self._url(described, text) if described.format in ("url", "template") else text

    def _url(self, described: Field, text: str) -> str:
        try:
            check_url(text, described.label)
        except ConfigError as error:
            host = httpx.URL(text).host if text.startswith("http://") else ""
            if not host or is_loopback(host):
                self._lost(str(error))
                return ""
            self._lost(f"{described.label}: {text} became https:// (credentials never go unencrypted)")
            return "https://" + text.removeprefix("http://")
        return text

    def _secret(self, text: str, label: str, key: str, option: str) -> Secret | str:
        """A secret of the source as a `Secret`, or the reference to where it is to be put."""
        name = only_name(text)
        variable = self._draft.variables.get(name)
        suggested = variable.env if variable and variable.env else env_name(self._name, name or key)
        value = resolved(text, self._draft.variables)
        is_known = bool(value) and not names_in(value)
        if not is_known and value and not only_name(value):
            self._lost(f"{label} is put together from {', '.join(names_in(value))}, which have no value")
        self._report.secrets.append(FoundSecret(self._name, label, option or key, suggested, is_known))
        return Secret(value, label=label) if is_known else f"env:{suggested}"

    def _missing(self, sentence: str) -> None:
        if sentence not in self._report.missing:
            self._report.missing.append(sentence)

    def _lost(self, sentence: str) -> None:
        self._report.lost.append(f"{self._name}: {sentence}")

    # ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _call(self, call: Call, address: Address, key: str) -> SavedCall | None:
        """The call as it is saved; None for one that a cell cannot hold, which the report names."""
        title = f"{self._name}.{key}"
        if call.method not in METHODS:
            self._report.refused.append(f"{call.method[:30]} {shown(call.url)}: no HTTP method of a cell")
            return None
        if address.missing and not self._group.base:
            self._missing(f"{address.missing}: %apiconn_auth {self._name} --base-url https://…")
        try:
            template = self._template(call, address)
            params = self._params(call, template)
            saved = SavedCall(
                request=str(template),
                params=params,
                private=tuple(dict.fromkeys(name for name in call.private if name in template.names())),
                optional=tuple(name for name in dict.fromkeys(call.optional) if name in template.names()),
                doc=" ".join(call.doc.split())[:_DOC],
            )
            lost = [*address.lost, *call.lost, *_tried(saved, self._group.base)]
        except CannotWrite as error:
            self._report.refused.append(f"{call.method} {shown(call.url)}: {error}")
            return None
        # The same sentence of a hundred calls is said once, with its number.
        self._report.lost += lost if len(self._group.calls) > 1 else [f"{title}: {each}" for each in lost]
        return saved

    def _template(self, call: Call, address: Address) -> Template:
        target = written_target(address.target, call.query, lambda text: resolved(text, self._draft.variables))
        if not target.startswith(("/", "?")) or target.startswith("//"):
            # An empty path, or one that `join` would change, is written as a whole URL of the same origin.
            target = self._group.base + target if self._group.base else "/" + target.lstrip("/")
        body, content_type = written_body(call.body) if call.body else ("", "")
        headers = self._headers(call)
        if body and content_type and not header_of(call, "Content-Type"):
            headers["Content-Type"] = content_type
        elif body and call.body and call.body.kind == "multipart":
            headers = {name: each for name, each in headers.items() if name.lower() != "content-type"}
            headers["Content-Type"] = content_type
        return Template(call.method, target, tuple(headers.items()), body)

    def _headers(self, call: Call) -> dict[str, str]:
        headers: dict[str, str] = {}
        for name, value in call.headers:
            if name.lower() in _OWN or name.startswith(":"):
                self._report.unneeded.append(f"header {name}")
                continue
            if is_reference(resolved(value, self._draft.variables).strip()):
                # Such a text would be read as a reference, and send what the person keeps there.
                call.lost.append(f"the header {name}, whose value is written like a secret reference")
                continue
            try:
                check_name(name, "header")
            except ConfigError:
                call.lost.append(f"the header {name[:40]!r}, which is no header's name")
                continue
            same = next((each for each in headers if each.lower() == name.lower()), name)
            joined = f"{headers[same]}, {written_header(value)}" if same in headers else written_header(value)
            headers[same] = joined
        return headers

    def _params(self, call: Call, template: Template) -> dict[str, Any]:
        bare = bare_names(call.body)
        params: dict[str, Any] = {}
        for name in template.names():
            if name in call.params:
                value = call.params[name]
            elif name in self._draft.variables and self._draft.variables[name].value is not None:
                value = self._variable(name, call, bare)
            else:
                continue
            if isinstance(value, str) and is_reference(value):
                call.lost.append(f"the default of {name}, which is written like a secret reference")
                continue
            params[name] = value
        return params

    def _variable(self, name: str, call: Call, bare: set[str]) -> Any:
        variable = self._draft.variables[name]
        value = resolved(variable.value or "", self._draft.variables)
        if variable.is_secret or credentials.is_secret_name(name):
            call.private.append(name)
            suggested = variable.env or env_name(self._name, name)
            self._report.secrets.append(FoundSecret(self._name, f"parameter {name}", name, suggested, True))
            return Secret(value, label=name)
        if names_in(value):
            call.lost.append(f"the default of {name}, which is put together from variables without a value")
            return ""
        return _as_json(value) if name in bare else value


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _tried(saved: SavedCall, base: str) -> list[str]:
    """Write the call's request out once, with stand-ins, so that what would fail later is said now."""
    try:
        template = parse(saved.request)
        values: Mapping[str, Any] = dict.fromkeys(template.names(), "1") | {
            name: value for name, value in saved.params.items() if not isinstance(value, Secret) and value != ""
        }
        build(template, Shared(base or "https://api.example.org"), values, frozenset(saved.private))
    except ApiConnError as error:
        return [f"as it is, the call is refused: {error}"]
    except (UnicodeEncodeError, ValueError) as error:
        raise CannotWrite(f"it cannot be sent ({type(error).__name__})") from None
    return []
