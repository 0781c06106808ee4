"""Every preset against the rooms that will use it: fields, file, request text, paging; and what no preset may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import jmespath
import pytest
import tomlkit

from apiconn_nb import auth, config, request
from apiconn_nb import presets as room
from apiconn_nb.errors import UnknownNameError
from apiconn_nb.fields import fields_of
from apiconn_nb.paging import paginator_named
from apiconn_nb.placeholders import names_in_header
from apiconn_nb.presets import Preset, parse, preset, presets
from apiconn_nb.secrets import is_reference
from tests.presets.sample import sample

# What issue 4 names; twenty more are asked for.
NAMED = {
    *("github", "google", "microsoft", "slack", "spotify", "notion", "stripe", "openai", "hubspot", "salesforce"),
    *("zendesk", "airtable", "shopify", "discord", "x", "linkedin", "dropbox", "zoom", "atlassian", "gitlab"),
    *("openweather", "nasa"),
}

# Documentation that a provider keeps under another domain than its API.
DOCUMENTED_AT = {
    "bitbucket": ("atlassian.com",),
    "dropbox": ("dropbox.tech",),
    "guardian": ("theguardian.com",),
    "linkedin": ("microsoft.com",),
    "pipedrive": ("readme.io",),  # pipedrive.readme.io
    "reddit": ("github.com",),  # github.com/reddit-archive
    "sendgrid": ("twilio.com",),
    "shopify": ("shopify.dev",),
    "slack": ("slack.dev",),
    "socrata": ("socrata.com",),
    "trello": ("atlassian.com",),
    "wikimedia": ("mediawiki.org",),
}

MARKETING = re.compile(
    r"\b(best|leading|powerful|seamless\w*|easy|easily|easiest|simply|effortless\w*|world-class|cutting-edge|fast|fastest|"
    r"amazing|great|robust|innovative|award\w*|popular|trusted|ultimate|premium|free|unlock|boost|supercharge\w*|"
    r"all-in-one|industry|state-of-the-art|revolution\w*|unlimited|affordable|beautiful\w*)\b|!",
    re.IGNORECASE,
)
# A run of characters as keys and tokens are written: letters and digits mixed, twenty or more.
TOKEN = re.compile(r"(?=[a-z0-9]*[a-z])(?=[a-z0-9]*[1-9])[a-z0-9]{20,}", re.IGNORECASE)
KNOWN_TOKENS = re.compile(
    r"(sk|rk|pk)_(live|test)_\w|gh[opsu]_|xox[abps]-\w|eyJ[A-Za-z0-9]|AKIA|AIza|-----BEGIN|SG\.\w|glpat-"
)

EVERY = [pytest.param(each, id=f"{each.name}-{each.method}") for each in [
    variant for one in presets().values() for variant in (one, *one.alternatives.values())
]]  # fmt: skip
MAIN = [pytest.param(each, id=each.name) for each in presets().values()]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from (str(key), *texts(each))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def site(url: str) -> str:
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


# ── finding one ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_named_providers_and_twenty_more() -> None:
    assert set(presets()) >= NAMED
    assert len(presets()) >= len(NAMED) + 20


def test_a_preset_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(room, "_read", read.append)
    assert "github" in presets()
    assert list(presets()) == sorted(presets())
    assert len(presets()) > 60
    assert read == []


def test_the_same_preset_twice_is_one() -> None:
    assert preset("github") is presets()["github"]


def test_a_name_nearly_right_is_answered_with_the_right_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean github") as caught:
        preset("githb")
    assert "\n" not in str(caught.value)
    with pytest.raises(KeyError):
        presets()["githb"]


# ── what a file holds ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("one", EVERY)
def test_its_settings_are_fields_of_its_method(one: Preset) -> None:
    fields = {each.name: each for each in fields_of(auth.method(one.method))}
    secret = {name for name, each in fields.items() if each.kind == "secret"}
    settings = set(one.auth) - {"method"}
    assert settings <= set(fields)
    assert not settings & secret
    assert set(one.secrets) <= secret
    assert all(is_reference(reference) for reference in one.secrets.values())
    assert {name for name in secret if fields[name].required} <= set(one.secrets)
    if one.method != "none":
        assert one.secrets


@pytest.mark.parametrize("one", EVERY)
def test_its_collection_loads_and_its_method_builds(one: Preset, tmp_path: Any) -> None:
    path = tmp_path / "apiconn.toml"
    path.write_text(tomlkit.dumps({one.name: one.collection(sample(one))}), encoding="utf-8")
    settings = config.load(path)[one.name]
    method = auth.method(one.method)
    values = dict(settings.auth)
    for field in fields_of(method):  # what only the person has: a client id, an account
        if field.required and field.kind == "text" and not field.default:
            values.setdefault(field.name, "of-the-person")
    built, _ = auth.build(method, values, environment="live", owner=one.name)
    assert built.slug == one.method
    assert settings.value("base_url").startswith("https://")


@pytest.mark.parametrize("one", MAIN)
def test_its_sources_are_pages_of_the_provider(one: Preset) -> None:
    own = set(DOCUMENTED_AT.get(one.name, ()))
    for variant in (one, *one.alternatives.values()):
        filled = variant.filled(sample(variant))
        own |= {site(text) for text in texts([filled.base_url, dict(filled.auth)]) if text.startswith("https://")}
    assert one.sources
    for url in one.sources.values():
        assert url.startswith("https://")
        assert site(url) in own, f"{url} is not at {own}"


@pytest.mark.parametrize("one", MAIN)
def test_its_urls_are_encrypted(one: Preset) -> None:
    for variant in (one, *one.alternatives.values()):
        for text in texts([variant.base_url, variant.auth, variant.calls, variant.note]):
            assert "http://" not in text


@pytest.mark.parametrize("one", MAIN)
def test_it_says_no_more_than_it_must(one: Preset) -> None:
    words = [one.title, one.note, *(each for other in one.alternatives.values() for each in (other.note,))]
    words += [text for each in one.variables for text in (each.label, each.help)]
    for text in words:
        assert not MARKETING.search(text), text
        assert "\n" not in text
        assert len(text) < 260
    assert re.fullmatch(r"[a-z0-9]+", one.name)
    assert one.title


@pytest.mark.parametrize("one", MAIN)
def test_it_holds_no_secret(one: Preset) -> None:
    everything = [one.base_url, one.note, one.query, one.headers, one.calls, [vars(each) for each in one.variables]]
    for variant in (one, *one.alternatives.values()):
        everything += [variant.base_url, variant.auth, variant.headers, variant.query, variant.calls, variant.note]
    for text in texts(everything):
        assert not KNOWN_TOKENS.search(text), text
        assert not TOKEN.search(text), text


def test_the_search_for_secrets_finds_one() -> None:
    data = {"title": "T", "sources": {}, "base_url": "https://api.example.org", "auth": {"method": "none"}}
    for leak in ("hof5gwx0su6owfnys0nyan9c87zr6t", "ghp_" + "a" * 36, "0471642aefef5fa1fa76530ce1ba4c85"):
        with pytest.raises(AssertionError):
            test_it_holds_no_secret(parse("leaky", {**data, "headers": {"X-Key": leak}}))


@pytest.mark.parametrize("one", MAIN)
def test_its_placeholders_are_declared_and_used(one: Preset) -> None:
    declared = {each.name for each in one.variables}
    used: set[str] = set()
    for variant in (one, *one.alternatives.values()):
        for text in texts([variant.base_url, variant.auth, variant.headers, variant.query]):
            used |= set(names_in_header(text))
        assert used <= declared
        for call in variant.calls.values():
            used |= set(request.parse(call["request"]).names()) - set(call.get("params", {}))
    assert used == declared
    for each in one.variables:
        assert each.label
        assert each.help
        if each.name in {asked.name for other in (one, *one.alternatives.values()) for asked in other.asks()}:
            assert each.default or each.example


@pytest.mark.parametrize("one", EVERY)
def test_scopes_are_written_as_it_says(one: Preset) -> None:
    scope = one.auth.get("scope", "")
    assert one.scopes in ("", "space", "comma")
    assert bool(scope) <= bool(one.scopes)
    if one.scopes == "comma":
        assert " " not in scope
    if one.scopes == "space":
        assert "," not in scope


# ── its calls ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("one", EVERY)
def test_its_test_call_works_without_another_question(one: Preset) -> None:
    call = one.filled(sample(one)).calls["test"]
    assert set(request.parse(call["request"]).names()) <= set(call.get("params", {}))


@pytest.mark.parametrize("one", EVERY)
def test_it_has_a_few_useful_calls(one: Preset) -> None:
    assert 1 <= len(set(one.calls) - {"test"}) <= 3


@pytest.mark.parametrize("one", EVERY)
def test_its_calls_become_requests(one: Preset) -> None:
    filled = one.filled(sample(one))
    shared = request.Shared(filled.base_url, {}, {})
    for name, call in filled.calls.items():
        template = request.parse(call["request"])
        values = dict.fromkeys(template.names(), "a value") | call.get("params", {})
        built = request.build(template, shared, values, frozenset())
        assert built.url.scheme == "https"
        assert site(str(built.url)) == site(filled.base_url)
        assert "%5B" not in built.url.path.upper()
        reads = template.method == "GET" or call.get("use_as") == "data"
        assert reads or (one.name, name) in {("openai", "respond"), ("anthropic", "message")}
        unused = set(call.get("params", {})) - set(template.names())
        assert not unused


@pytest.mark.parametrize("one", EVERY)
def test_its_rows_and_pages_can_be_read(one: Preset) -> None:
    for call in one.calls.values():
        jmespath.compile(call.get("records", "@"))
        kind = call.get("paginate", "none")
        assert paginator_named(kind).spec.partition(":")[0] == kind.partition(":")[0]
