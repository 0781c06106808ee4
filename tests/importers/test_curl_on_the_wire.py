"""Each command is run by the real curl and sent by us; what arrives must say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import require_tool
from tests.importers.wire import Wire, by_curl, by_us, wire

COMMANDS = (
    "curl $URL/users",
    "curl $URL/users?limit=10&x=1".replace("&", r"\&"),
    'curl "$URL/search?q=a%20b&tag=x&tag=y#part"',
    "curl -I $URL/x",
    "curl -X DELETE $URL/users/7",
    "curl -XPATCH $URL/users/7 -d active=true",
    "curl $URL/f -d a=1 -d b=2 --data-urlencode 'c=x y&z' --data-urlencode '=raw text'",
    "curl $URL/f --data-urlencode plain",
    "curl -G $URL/f -d q=1 --data-urlencode 'name=Ä b' ",
    "curl -G '$URL/f?first=0' -d q=1".replace("'", '"'),
    """curl $URL/j -H 'Content-Type: application/json' -d '{"name": "<b>", "list": [1, 2.50], "q": "it'\\''s"}'""",
    """curl $URL/j --json '{"a": "[x]"}'""",
    """curl $URL/j --json '{"a": 1,' --json '"b": 2}'""",
    """curl $URL/j -H 'content-type: application/json; charset=utf-8' --data-raw '{"at": "@file"}'""",
    r"""curl $URL/q --data-raw $'line\none\ttab \'quoted\' \u00e9 \x41' -H 'Content-Type: text/plain'""",
    r"""curl $URL/emoji -H 'Content-Type: text/plain' --data-raw $'\U0001F600'""",
    'curl "$URL/dq" -H "X-Quoted: say \\"hi\\" \\$5 \\\\ back"',
    "curl $URL/multi \\\n  -H 'X-One: 1' \\\n  -H 'X-Two: 2' \\\n  --compressed",
    "curl -sSfLk0 $URL/cluster -o /dev/null".replace("0", ""),
    "curl -u user:pa:ss $URL/basic",
    "curl -u user: $URL/basic",
    "curl --user 'Ünï:påss' $URL/basic",
    "curl http://bob:s%40cret@$HOST/userinfo",
    "curl --oauth2-bearer tok123 $URL/bearer",
    "curl -H 'Authorization: Token abc' $URL/t",
    "curl -H 'Authorization: Basic dTpw' $URL/t",
    "curl -H 'X-Api-Key: k1' -H 'X-Secret: s1' $URL/two",
    "curl $URL/k?api_key=K%2B1",
    "curl -b 'a=1; b=2' $URL/cookies",
    "curl -A 'agent/1' -e https://example.org/ $URL/h",
    "curl -H 'X-Empty;' -H 'Accept:' $URL/h",
    "curl -r 0-99 $URL/range",
    "curl -F name=value -F 'other=a b;c' --form-string 'raw=@not-a-file' $URL/form",
    "curl $URL/a $URL/b --next $URL/c -d x=1",
    "curl --url $URL/u --request PUT --data-binary 'bin\n\nary' -H 'Content-Type: text/plain'",
    "curl --url-query 'a=1 2' --url-query '+b=raw%20' $URL/uq",
    "curl -d '' $URL/empty",
    "curl $URL/brackets?filter\\[state\\]=open -g",
    "curl -g '$URL/brackets/[id]/[[x]]?q=[name]'".replace("'", '"'),
    'TOKEN=abc; curl -H "X-Token: $TOKEN" $URL/assigned',
    "curl $URL/here -H 'Content-Type: text/plain' --data-binary @- <<'EOF'\nline 1\n<not a name>\nEOF\n",
    "curl $URL/herestring -H 'Content-Type: text/plain' --data-binary @- <<< 'here $X'",
    "curl -X POST $URL/xml -H 'Content-Type: application/xml' -d '<a><id>7</id></a>'",
    "curl --max-time 5.5 --retry 2 $URL/time",
    "curl -X QUERY $URL/query -d 'select=1'",
    "curl $URL/path%20with/%5Bodd%5D/c%C3%B4t%C3%A9",
    "echo ignored >/dev/null && curl $URL/after",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Wire]:
    with wire() as running:
        yield running


@pytest.mark.parametrize("command", COMMANDS)
def test_we_send_what_curl_sends(command: str, server: Wire, tmp_path: Path) -> None:
    curl = require_tool("curl", "apt-get install curl")
    if "--json" in command or "--url-query" in command:
        by_curl(curl, "curl --json '{}' $URL/probe --url-query a=1", tmp_path, URL=server.url)
        if not server.take():
            pytest.skip("this curl is older than 7.87 and has no --json or --url-query")
    command = command.replace("$URL", server.url).replace("$HOST", server.url.removeprefix("http://"))
    by_curl(curl, command, tmp_path)
    theirs = [seen.told() for seen in server.take()]
    assert theirs, "curl sent nothing: the command is wrong"
    by_us(command, tmp_path)
    ours = [seen.told() for seen in server.take()]
    assert ours == theirs
