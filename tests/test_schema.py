"""The JSON Schema of apiconn.toml says what the reader says: what one takes the other takes."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from apiconn_nb import auth, config
from apiconn_nb.errors import ApiConnError
from apiconn_nb.presets import presets
from apiconn_nb.schema import schema

VALIDATOR = jsonschema.Draft202012Validator(schema())
GOOD = """
#:schema ./apiconn.schema.json
[github]
base_url = "https://api.github.com"
retries = 2

[github.auth]
method = "key-in-header"
key_prefix = "Bearer "
key = "env:GITHUB_TOKEN"
dev_key = "keyring:github/dev"

[github.headers]
Accept = "application/json"

[github.calls.issues]
request = "GET /repos/[owner]/[repo]/issues"
pages = 3
private = ["owner"]

[github.calls.issues.params]
owner = "pandas-dev"
size = 100
"""
BAD = {
    "an unknown setting": '[a]\nbase_uri = "https://a.example"',
    "a number as text": '[a]\nretries = "3"',
    "an unknown method": '[a.auth]\nmethod = "key-in-heather"',
    "another method's setting": '[a.auth]\nmethod = "basic"\nusername = "u"\nkey = "env:K"',
    "a literal secret": '[a.auth]\nmethod = "key-in-header"\nkey = "CANARY-literal"',
    "a flag as text": '[a.auth]\nmethod = "oauth2-user-agent"\nclient_id = "i"\npkce = "on"',
    "none of the choices": '[a]\nenvironment = "staging"',
    "an unknown key of a call": '[a.calls.b]\nrequest = "GET /"\nrecord = "x"',
    "a call without a request": '[a.calls.b]\nrecords = "x"',
    "a list as text": '[a.calls.b]\nrequest = "GET /"\nprivate = "x"',
    "no table": 'a = "b"',
}


def reader_takes(text: str, folder: Path) -> bool:
    (folder / "apiconn.toml").write_text(text)
    try:
        config.load(folder / "apiconn.toml")
    except ApiConnError:
        return False
    return True


def test_it_is_a_schema_and_takes_a_good_file(tmp_path: Path) -> None:
    VALIDATOR.check_schema(VALIDATOR.schema)

    assert reader_takes(GOOD, tmp_path)
    VALIDATOR.validate(tomllib.loads(GOOD))


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_the_reader_refuses_it_refuses(text: str, tmp_path: Path) -> None:
    assert not reader_takes(text, tmp_path)
    assert not VALIDATOR.is_valid(tomllib.loads(text))


@pytest.mark.parametrize("name", presets())
def test_it_takes_what_a_preset_writes(name: str) -> None:
    """But for what only the person knows: those settings are required, and empty in a preset."""
    preset = presets()[name]
    for each in (preset, *preset.alternatives.values()):
        table: dict[str, Any] = each.collection({asked.name: asked.default or "abc" for asked in each.asks()})
        unknown = [error for error in VALIDATOR.iter_errors({name: table}) if not only_missing(error)]
        assert not unknown, unknown[0]


def only_missing(error: jsonschema.ValidationError) -> bool:
    """Whether all that is wrong with the collection's own method is a required setting that is not filled in yet."""
    return any(
        {inner.validator for inner in error.context or [] if inner.schema_path[0] == number} == {"required"}
        for number, _ in enumerate(auth.methods())
    )


def test_the_command_writes_it() -> None:
    done = subprocess.run([sys.executable, "-m", "apiconn_nb.schema"], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == schema()
