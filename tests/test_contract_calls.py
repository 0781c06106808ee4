"""interface.md read by a stranger: lines and cells of ``%apicall`` where the page leaves no second reading."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pandas as pd
import pytest

import apiconn_nb as api
from apiconn_nb.errors import ApiConnError, FrameError, PlaceholderError, UnknownNameError, UsageError
from tests.canary import Canary
from tests.echo import Answer, Arrived, Echo
from tests.notebook.test_call_magic import PNG, line, shop
from tests.shell import NotebookShell

__all__ = ["shop"]


# ── names and values ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_without_a_value_brings_the_close_names_of_the_notebook(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns["country"] = "DE"
    with pytest.raises(PlaceholderError, match=r"\[cuntry\].*-p cuntry=….*define the variable.*mean country\?.*\[\["):
        shop.run("%apicall shop GET /x?c=[cuntry]")
    assert not echo.arrived


def test_in_a_saved_call_a_missing_name_is_not_looked_for_in_the_notebook(shop: NotebookShell, echo: Echo) -> None:
    with Path("apiconn.toml").open("a") as file:
        file.write('\n[shop.calls.one]\nrequest = "GET /x/[owner]"\n')
    shop.user_ns["owner"] = "ada"
    with pytest.raises(PlaceholderError, match=r"-p owner=… \(in Python owner=…\), or as a default") as caught:
        shop.run("%apicall shop.one -p ownr=x")
    assert "variable" not in str(caught.value)
    assert "Did you mean ownr?" in str(caught.value)
    assert not echo.arrived


def test_a_doubled_bracket_is_literal_even_where_the_name_has_a_value(shop: NotebookShell, echo: Echo) -> None:
    shop.run('%%apicall shop -p name=v\nPOST /x?q=[[name]\nX-Q: [[name]\n\n{"q": "<<name>"}')
    assert echo.last.query == [("q", "[name]")]
    assert echo.last.headers["X-Q"] == "[name]"
    assert json.loads(echo.last.body) == {"q": "<name>"}


def test_a_value_that_the_request_has_no_place_for_is_said(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%apicall shop GET /x?country=[country] -p country=FR -p contry=DE -p other=1")
    assert "-p contry is not used: did you mean country?" in line(shop)
    assert "-p other is not used: the request has no [other] or <other>." in line(shop)
    assert echo.last.query == [("country", "FR")]


def test_a_table_where_text_belongs_is_called_a_table(shop: NotebookShell) -> None:
    shop.user_ns["frame"] = pd.DataFrame({"a": [1]})
    with pytest.raises(PlaceholderError, match="frame is a table"):
        shop.run("%apicall shop GET /x?q=[frame]")


# ── the request ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("written", ["env:TOKEN", "Bearer env:TOKEN", "token env:TOKEN"])
def test_a_reference_in_a_credential_header_may_have_a_scheme_before_it(
    shop: NotebookShell, echo: Echo, canary: Canary, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("TOKEN", canary("token"))
    shop.run(f"%%apicall shop --save mine\nGET /x\nAuthorization: {written}")
    assert echo.last.headers["Authorization"] == written.replace("env:TOKEN", canary.values[0])
    assert "literal" not in line(shop)
    assert f"Authorization: {written}" in Path("apiconn.toml").read_text()
    shop.run("%apicall shop.mine --dry-run")
    assert written.replace("env:TOKEN", "••Authorization••") in shop.display_text()
    canary.assert_absent(shop.display_text(), Path("apiconn.toml"))


def test_the_advice_on_a_literal_keeps_its_scheme(shop: NotebookShell, canary: Canary) -> None:
    shop.run(f"%%apicall shop\nGET /x\nAuthorization: Bearer {canary('typed')}")
    assert line(shop).endswith("Instead write Authorization: Bearer env:NAME")


def test_a_header_that_is_written_twice_is_sent_twice(shop: NotebookShell) -> None:
    shop.run("%apiconn_auth shop --header Prefer=shared")
    request = shop.run(
        "%%apicall shop --as response\nGET /x\nPrefer: a\nPrefer: b\nContent-Type: x/y\nContent-Type: a/b"
    ).request
    assert request.headers.get_list("Prefer") == ["a", "b"]
    assert request.headers.get_list("Content-Type") == ["a/b"]
    shop.run("%%apicall shop --dry-run\nGET /x\nPrefer: a\nPrefer: b")
    assert "Prefer: a\nPrefer: b" in shop.display_text()


def test_headers_go_out_as_they_are_written(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%apiconn_auth shop --header X-SHARED=1")
    shop.run("%%apicall shop\nGET /x\nx-mine: ü\naccept: text/csv")
    assert {"X-SHARED", "x-mine", "accept", "User-Agent"} <= set(echo.last.headers)
    assert "Accept" not in echo.last.headers


@pytest.mark.parametrize(
    "text", ["GET\t/x", "GET  /x ", "\tGET /x\n", "\ufeffGET /x", "GET /x HTTP/1.1\r\n\r\n", "\r\n/x"]
)
def test_white_space_around_a_request_line_is_none_of_it(shop: NotebookShell, echo: Echo, text: str) -> None:
    shop.run_cell_magic("apicall", "shop", text)
    assert (echo.last.method, echo.last.target, echo.last.body) == ("GET", "/v1/x", b"")


def test_double_braces_in_a_path_are_told_how_a_value_is_written(shop: NotebookShell, echo: Echo) -> None:
    for text in ("GET {{host}}/users", "{{host}}/users", "GET /users/{{ id }}?x=1"):
        with pytest.raises(UsageError, match=r"is a variable of \.http files and Postman: write \[(host|id)\]"):
            shop.run(f"%apicall shop '{text}'")
    assert not echo.arrived
    shop.run('%%apicall shop\nPOST /x?q={{id}}&p={id}\nX-A: $id\n\n{"text": "Hello {{name}}"}')
    assert dict(echo.last.query) == {"q": "{{id}}", "p": "{id}"}
    assert json.loads(echo.last.body) == {"text": "Hello {{name}}"}


@pytest.mark.parametrize("kind", ["", "Content-Type: application/x-www-form-urlencoded\n"])
def test_a_form_can_be_written_pair_by_pair_as_in_http_files(shop: NotebookShell, echo: Echo, kind: str) -> None:
    shop.run(f"%%apicall shop -p c='x y'\nPOST /x\n{kind}\na=1\n&b=2\n  &c=<c>\n")
    assert echo.last.body == b"a=1&b=2&c=x%20y"
    assert echo.last.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_variable_of_an_http_file_is_told_from_a_request_line(shop: NotebookShell, echo: Echo) -> None:
    with pytest.raises(UsageError, match=r"'@base = 1' is a variable of a \.http file: .*-p base=….*\[base\]"):
        shop.run("%%apicall shop\n@base = 1\n\nGET /x")
    assert not echo.arrived


def test_a_very_long_url_goes_out_whole_and_is_cut_where_it_is_said(shop: NotebookShell, echo: Echo) -> None:
    text = "a" * 5000
    frame = shop.run(f"%apicall shop GET /x?q={text}&end=1")
    assert echo.last.query == [("q", text), ("end", "1")]
    assert len(line(shop)) < 500
    assert "&end=1 · 200 · " in line(shop)
    assert str(frame.api.request.url).endswith(f"{text}&end=1")
    echo.answer("/v1/x", Answer(500))
    for call in (f"GET /x?q={text} --retries 0", f"GET /x?q={text}&n=[none]", text):
        with pytest.raises(ApiConnError) as caught:
            shop.run(f"%apicall shop {call}")
        assert len(str(caught.value)) < 900


def test_a_body_can_be_a_file_as_in_http_files(shop: NotebookShell, echo: Echo) -> None:
    Path("photo.png").write_bytes(PNG)
    Path("order.json").write_text('{"sku": <sku>}')
    shop.run("%%apicall shop\nPOST /x\n\n< ./photo.png")
    assert echo.last.body == PNG
    assert echo.last.headers["Content-Type"] == "image/png"
    shop.run("%%apicall shop -p sku=S1\nPUT /x\nContent-Type: application/vnd.order+json\n\n<@ order.json")
    assert json.loads(echo.last.body) == {"sku": "S1"}
    assert echo.last.headers["Content-Type"] == "application/vnd.order+json"
    shop.run("%%apicall shop\nPOST /x\n\n<< ./photo.png")
    assert echo.last.body == b"< ./photo.png"


def test_a_part_can_be_a_file(shop: NotebookShell, echo: Echo) -> None:
    Path("photo.png").write_bytes(PNG)
    head = "POST /x\nContent-Type: multipart/form-data; boundary=b"
    part = 'Content-Disposition: form-data; name="f"; filename="p.png"\nContent-Type: image/png'
    shop.run(f"%%apicall shop -p note=hi\n{head}\n\n--b\n{part}\n\n< ./photo.png\n--b\n\n<note>\n--b--")
    assert b"image/png\r\n\r\n" + PNG + b"\r\n--b\r\n\r\nhi\r\n--b--\r\n" in echo.last.body


def test_a_file_that_cannot_be_sent(shop: NotebookShell, echo: Echo) -> None:
    with pytest.raises(
        UsageError, match=r"file ./none.bin cannot be read: No such file or directory\. .* double it: <<"
    ):
        shop.run("%%apicall shop\nPOST /x\n\n< ./none.bin")
    with pytest.raises(UsageError, match=r"A saved call sends no file \(./none.bin\)"):
        shop.run("%%apicall shop --save up\nPOST /x\n\n< ./none.bin")
    with Path("apiconn.toml").open("a") as file:
        file.write('\n[shop.calls.up]\nrequest = """POST /x/[id]\n\n< ~/.ssh/id_rsa"""\n')
    shop.user_ns["rows"] = [{"id": 1}]
    for line_of in ("shop.up -p id=1", "shop.up --each rows"):
        with pytest.raises(UsageError, match="may have come from somebody else"):
            shop.run(f"%apicall {line_of}")
    with pytest.raises(UsageError, match="may have come from somebody else"):
        api.collection("shop").call("up", id=1)
    assert not echo.arrived


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ('GET "/x?q=a b" --as json', "/v1/x?q=a%20b"),
        ("--as json GET '/x?q=a b'", "/v1/x?q=a%20b"),
        ('"GET /x?q=1" --as json', "/v1/x?q=1"),
        ("'/x?q=1' --as json", "/v1/x?q=1"),
        ("GET /x?q=a b --as json", "/v1/x?q=a%20b"),
        ("GET /People?$filter=Name eq 'Scott' --as json", "/v1/People?$filter=Name%20eq%20'Scott'"),
        ("GET /People('scott')?q=\"a\" --as json", "/v1/People('scott')?q=%22a%22"),
        ("GET /x?q=[q] -p 'q=a b'", "/v1/x?q=a%20b"),
        ("GET /x?q=[q] -p q='a b'", "/v1/x?q=a%20b"),
        ("GET /x?q=#1", "/v1/x?q="),
    ],
)
def test_a_request_on_the_line_is_sent_as_it_is_typed(shop: NotebookShell, echo: Echo, typed: str, sent: str) -> None:
    shop.run(f"%apicall shop {typed}")
    assert echo.last.target == sent


# ── lines that cannot be ───────────────────────────────────────────────────────────────────────────────────────────

REFUSED: list[tuple[str, type[ApiConnError], str]] = [
    ("GET /x", UsageError, "%apicall NAME GET /x"),
    ("https://api.example.org/x", UsageError, "%apicall NAME GET https://api.example.org/x"),
    ("shop GET /x --as jsn", UsageError, "--as takes auto or frame or json or text or bytes or response, not 'jsn'"),
    ("shop GET /x --as jsn", UsageError, "Did you mean json?"),
    ("shop GET /x --as", UsageError, "--as takes a value: --as auto|frame|"),
    ("shop GET /x -p", UsageError, "--param takes a value: --param NAME=VALUE"),
    ("shop GET /x --timeout soon", UsageError, "--timeout takes a number, not 'soon'"),
    ("shop GET /x --timeout 0", UsageError, "--timeout takes seconds, more than 0"),
    ("shop GET /x --timeout -1", UsageError, "--timeout takes seconds, more than 0"),
    ("shop GET /x --retries -1", UsageError, "--retries takes a number from 0"),
    ("shop GET /x --wide 0", UsageError, "--wide takes a number from 1"),
    ("shop GET /x --fresh=yes", UsageError, "--fresh takes no value"),
    ("shop GET /x --each rws", UsageError, "no variable 'rws' is in the notebook. Did you mean rows?"),
    ("shop GET /x --each number", UsageError, "number is of type int"),
    ("shop GET /x/[id] --each rows --as json", UsageError, "leave --as out"),
    (".nosuch", UsageError, "Which collection?"),
    ("shop known", UsageError, "known is a saved call: write %apicall shop.known"),
    ("shop.nosuch GET /x", UnknownNameError, "No call of shop 'nosuch'"),
]


@pytest.mark.parametrize(("words", "kind", "said"), REFUSED, ids=[each[0] for each in REFUSED])
def test_a_line_that_cannot_be_says_what_to_write(
    shop: NotebookShell, echo: Echo, words: str, kind: type[ApiConnError], said: str
) -> None:
    shop.user_ns |= {"rows": [{"id": 1}], "number": 3}
    with Path("apiconn.toml").open("a") as file:
        file.write('\n[shop.calls.known]\nrequest = "GET /x"\n')
    with pytest.raises(kind) as caught:
        shop.run(f"%apicall {words}")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not echo.arrived


@pytest.mark.parametrize("words", ["--help", "-h", "shop --help"])
def test_help_is_the_page_without_its_indentation(shop: NotebookShell, words: str) -> None:
    page = str(shop.run(f"%apicall {words}"))
    assert page.startswith("Call an API and get a DataFrame.\n")
    assert "\n    -p, --param NAME=VALUE" in page


def test_a_cell_of_comments_leaves_the_line_its_request(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%%apicall shop GET /x\n# what it is for\n")
    assert echo.last.target == "/v1/x"


# ── one call per row ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_no_column_is_a_variable_of_the_notebook(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns |= {"rows": pd.DataFrame({"id": [7, 8]}), "country": "DE", "id": 99}
    shop.run("%apicall shop GET /x/[id]?c=[country] --each rows")
    assert sorted(each.target for each in echo.arrived) == ["/v1/x/7?c=DE", "/v1/x/8?c=DE"]


def test_no_rows_are_an_empty_frame_and_nothing_is_sent(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns["rows"] = pd.DataFrame({"id": []})
    frame = shop.run("%apicall shop GET /x/[id] --each rows")
    assert isinstance(frame, pd.DataFrame)
    assert frame.empty
    assert frame.api.failures.empty
    assert "GET /x/[id] · 0 calls · 0 rows" in line(shop)
    assert "nothing was called" in line(shop)
    assert not echo.arrived


def test_a_column_that_stands_twice_is_said(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns["rows"] = pd.DataFrame([[1, 2]], columns=["id", "id"])
    with pytest.raises(UsageError, match="--each rows: the column 'id' stands twice"):
        shop.run("%apicall shop GET /x/[id] --each rows")
    assert not echo.arrived


def test_a_forecast_is_shown_when_it_changes_and_not_at_each_call(shop: NotebookShell) -> None:
    shop.user_ns["rows"] = pd.DataFrame({"id": range(250)})
    shop.run("%apicall shop GET /x/[id] --each rows -o out")
    assert "250 calls, 8 at a time" in shop.display_text()
    assert len(shop.displays) <= 4


def test_a_dry_run_of_a_sweep_shows_its_first_request(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns["rows"] = [{"id": 7}, {"id": 8}]
    shop.run("%apicall shop GET /x/[id] --each rows --dry-run")
    assert f"GET {echo.url}/v1/x/7\n" in shop.display_text()
    assert "the first of 2 calls" in line(shop)
    assert not echo.arrived


# ── a dry run ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
def test_a_dry_run_of_each_method_sends_nothing(shop: NotebookShell, echo: Echo, method: str) -> None:
    assert shop.run(f"%apicall shop {method} /x --dry-run") is None
    assert f"{method} {echo.url}/v1/x\n" in shop.display_text()
    assert "dry run · nothing was sent · live" in line(shop)
    assert not echo.arrived


def test_a_dry_run_shows_a_private_value_by_its_name_and_answers_a_literal(
    shop: NotebookShell, echo: Echo, canary: Canary
) -> None:
    text = f'POST /x\nAuthorization: Bearer {canary("typed")}\n\n{{"a": "<key>", "b": "ü"}}'
    shop.run(f"%%apicall shop -p key=env:NOT_SET --dry-run\n{text}")
    assert '{"a": "••key••", "b": "ü"}' in shop.display_text()
    assert "Instead write Authorization:" in line(shop)
    canary.assert_absent(shop.display_text(), "\n".join(shop.history()))


# ── saved calls ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_saving_over_a_call_says_so(shop: NotebookShell) -> None:
    shop.run("%apicall shop GET /x --save mine")
    assert "Saved as shop.mine: %apicall shop.mine" in line(shop)
    shop.run("%apicall shop GET /y --save mine")
    assert "Saved as shop.mine, in the place of the one before: %apicall shop.mine" in line(shop)


def test_how_the_pages_were_found_is_saved_with_the_call(shop: NotebookShell, echo: Echo) -> None:
    def paged(arrived: Arrived) -> Answer | None:
        after = int(dict(arrived.query).get("after", "0"))
        paging = {"next": {"after": str(after + 1)}} if after < 2 else {}
        return Answer(body={"results": [{"id": after}], "paging": paging})

    echo.rules.insert(0, paged)
    assert len(shop.run("%apicall shop GET /x --pages all --save deals")) == 3
    text = Path("apiconn.toml").read_text()
    assert 'pages = "all"' in text
    assert 'paginate = "cursor:after=paging.next.after"' in text
    assert len(shop.run("%apicall shop.deals")) == 3
    shop.run("%apicall shop GET /x --save one")
    assert text.count("paginate") == Path("apiconn.toml").read_text().count("paginate")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"errors": [], "users": [{"id": 1}, {"id": 2}]}, "2 rows × 1 column from $.users (2); also $.errors (0) · "),
        ({"items": [{"id": 1}, {"id": 2}]}, "2 rows × 1 column from $.items · "),
        ({"id": 1, "tags": ["a"]}, "1 row × 2 columns from $ (1 record); also $.tags (1) · "),
    ],
)
def test_the_status_line_says_where_the_rows_were_and_what_else_was_there(
    shop: NotebookShell, echo: Echo, body: object, said: str
) -> None:
    echo.answer("/v1/x", Answer(body=body))
    shop.run("%apicall shop GET /x")
    assert said in line(shop)


# ── what comes back ────────────────────────────────────────────────────────────────────────────────────────────────


def test_bytes_that_are_no_text_come_back_as_bytes(shop: NotebookShell, echo: Echo) -> None:
    sound = b"ID3\x03\x00\xff\xfb\x90"
    echo.answer("/v1/x", Answer(body=sound, headers={"Content-Type": "audio/mpeg"}))
    assert shop.run("%apicall shop GET /x") == sound
    assert "binary, 8 bytes" in line(shop)


def test_a_drawing_is_shown_where_its_scripts_do_not_run(shop: NotebookShell, echo: Echo) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    echo.answer("/v1/x", Answer(body=drawing, headers={"Content-Type": "image/svg+xml"}))
    shown = shop.run("%apicall shop GET /x")
    bundle, _ = shop.display_formatter.format(shown)
    assert bundle["text/html"].startswith('<img src="data:image/svg+xml;base64,')
    assert not set(bundle) & {"image/png", "image/svg+xml"}


def test_pages_are_for_frames_and_that_is_said(shop: NotebookShell) -> None:
    assert isinstance(shop.run("%apicall shop GET /x --pages all --as json"), dict)
    assert "--as json is the first answer alone; pages are followed for frames." in line(shop)


def test_df_api_of_a_frame_that_nobody_keeps(shop: NotebookShell, echo: Echo) -> None:
    collection = api.collection("shop")
    assert collection.get("/x").api.raw == Answer().content()
    accessor = collection.get("/x").api
    gc.collect()
    assert accessor.request.url == f"{echo.url}/v1/x"
    with pytest.raises(FrameError, match="made from another"):
        _ = collection.get("/x").head().api.raw


def test_an_action_is_not_refreshed(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns["rows"] = [{"id": 1}]
    for words in ("POST /x", "POST /x/[id] --each rows", "GET /x --use-as action"):
        frame = shop.run(f"%apicall shop {words}")
        sent = len(echo.arrived)
        with pytest.raises(UsageError, match=r"acts \((POST|GET)\) and is sent once"):
            frame.api.refresh()
        assert len(echo.arrived) == sent
    assert len(shop.run("%apicall shop POST /x --use-as data").api.refresh()) == 2


def test_params_of_python_are_a_dict_or_pairs(shop: NotebookShell, echo: Echo) -> None:
    collection = api.collection("shop")
    collection.get("/x", params=[("a", 1), ("a", True), ("b", None)])
    assert echo.last.query == [("a", "1"), ("a", "true")]
    with pytest.raises(UsageError, match=r"write /x\?a=1 instead"):
        collection.get("/x", params="a=1")
