"""Any text to each reader of ours: a result or one clear error; no crash, no hang, and nothing put in by a value."""

from __future__ import annotations

import json
import time
import tomllib
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apiconn_nb import auth, config, redaction
from apiconn_nb.cache.entry import read_entries
from apiconn_nb.errors import ApiConnError
from apiconn_nb.notebook import arguments, auth_magic, call_magic
from apiconn_nb.private_values import private_copy
from apiconn_nb.recording.entry import Entry
from apiconn_nb.request import Shared, build, parse
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings, SavedCall
from tests.hardening import evidence
from tests.hardening.hostile import NAUGHTY, check_one_line

EXAMPLES = 3000 if evidence.LONG else 150
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
ANY = st.text(max_size=200) | st.sampled_from(NAUGHTY)
PIECES = st.sampled_from(
    ["GET ", "POST ", "/", "?", "&", "=", "[", "]", "[[", "<", ">", "<<", "x", "name", "http://", "https://a", "@", ":",
     "\n", "\r\n", "\n\n", " ", "\t", "#", "###", "//", "{", "}", '"', "\\", ",", "X-A: ", "Content-Type: ", "%", "é",
     "application/json", "multipart/form-data; boundary=b", "--b", "env:A", "•", "\x00", "HTTP/1.1"]
)  # fmt: skip
CELL = st.lists(PIECES | ANY, max_size=25).map("".join)
TOML_PIECES = st.sampled_from(
    ["[", "]", "[[", "]]", "a", ".", '"', "'", "'''", '"""', "=", " ", "\n", "#", "auth", "method", "calls", "request",
     "base_url", '"https://example.org"', '"GET /x"', "env:A", "params", "{", "}", ",", "1", "true", "1979-05-27",
     "headers", '"basic"', "username", "key", "\\u0000", "\ufeff", "\r"]
)  # fmt: skip
TOML = st.lists(TOML_PIECES | ANY, max_size=30).map("".join)


def ends_well(act: Any, *args: Any) -> Any:
    """What `act` gives, or None after an error of ours; in a moment."""
    began = time.monotonic()
    try:
        return act(*args)
    except ApiConnError as error:
        check_one_line(error, args)
        return None
    finally:
        assert time.monotonic() - began < 5
        evidence.count("fuzz", inputs=1)


@FUZZ
@given(text=CELL, value=ANY)
def test_any_cell(text: str, value: str) -> None:
    template = ends_well(parse, text)
    if template is None:
        return
    values = dict.fromkeys(template.names(), value)
    shared = Shared("https://api.example.org/v1")
    public = ends_well(build, template, shared, values, frozenset())
    private = ends_well(build, template, shared, values, frozenset(values))
    if public is not None:
        assert all("\r" not in each and "\n" not in each for pair in public.headers.items() for each in pair)
    if private is not None:
        ends_well(private_copy, private)


@FUZZ
@given(
    path=st.lists(st.sampled_from(["/a", "/[x]", "/b[x]", "/"]), min_size=1, max_size=4).map("".join),
    query=st.lists(st.sampled_from(["a=1", "q=[x]", "q=p[x]s", "f[s]=[x]", "[x]=1"]), max_size=4).map("&".join),
    value=ANY,
)
def test_a_value_changes_no_structure(path: str, query: str, value: str) -> None:
    """The same request with a plain value and with any other one: equal but for the value itself."""
    template = parse(f"GET {path}" + (f"?{query}" if query else ""))
    shared = Shared("https://api.example.org/v1")
    plain = ends_well(build, template, shared, {"x": "plain"}, frozenset())
    if plain is None:
        return  # //[x] is no path
    for given_value in (value, Secret(value)):
        other = ends_well(build, template, shared, {"x": given_value}, frozenset())
        sent = other if other is None else ends_well(private_copy, other)
        if sent is None:
            continue
        before, after = plain.url.raw_path.split(b"?"), sent.url.raw_path.split(b"?")
        assert len(before) == len(after)
        assert before[0].count(b"/") == after[0].count(b"/")
        assert before[1:] == after[1:] or before[1].count(b"&") == after[1].count(b"&")
        assert before[1:] == after[1:] or before[1].count(b"=") == after[1].count(b"=")
        assert (sent.url.host, sent.url.port, sent.url.userinfo) == ("api.example.org", None, b"")


@FUZZ
@given(text=TOML)
def test_any_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "apiconn.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    before = path.read_bytes()
    found = ends_well(config.load, path)
    ends_well(config.save, path, CollectionSettings("new", calls={"x": SavedCall("GET /x")}))
    if found is None:
        assert path.read_bytes() == before, "a file that cannot be read is not written over"
    else:
        assert set(config.load(path)) == {*found, "new"}
        tomllib.loads(path.read_text())


@FUZZ
@given(
    line=st.lists(
        ANY | st.sampled_from(["-p", "--each", "--as", "frame", "a=1", "a:=1", "--", "-o", "'", '"', " "])
    ).map(" ".join)
)
def test_any_magic_line(line: str) -> None:
    words = ends_well(arguments.split, line)
    if words is None:
        return
    ends_well(call_magic.parser().read, words)
    ends_well(auth_magic.parser(auth.method("basic")).read, words)


@FUZZ
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_of_a_cache_or_a_recording(content: bytes) -> None:
    assert read_entries(content) == ()
    assert ends_well(Entry.from_bytes, content, "x.json") is None


@FUZZ
@given(value=st.text(min_size=4, max_size=60), around=st.text(max_size=30))
def test_any_secret_is_cut_from_any_text(value: str, around: str) -> None:
    redaction._known.clear()
    redaction.register(value)
    for form in redaction.encoded_forms(value):
        clean = redaction.redact(f"{around}{form}{around}")
        assert form not in clean.replace(redaction.MASK, "") or form in around + around
    assert json.dumps(value)[1:-1] not in redaction.redact(json.dumps(value)).replace(redaction.MASK, "")
    evidence.count("fuzz", inputs=1)
