"""``%apicall`` lines and cells that cannot be, and what a refusal says: one sentence, nothing sent that need not be."""

from __future__ import annotations

import pytest
from IPython.display import Image

from apiconn_nb.errors import ApiConnError, FrameError, StatusError, UnknownNameError, UsageError
from tests.echo import Answer, Echo
from tests.notebook.test_call_magic import PNG, shop
from tests.shell import NotebookShell

__all__ = ["shop"]

BAD: list[tuple[str, type[ApiConnError], str]] = [
    ("%apicall", UsageError, "Which collection"),
    ("%apicall shop", UsageError, "What should be called"),
    ("%apicall nosuch GET /x", UnknownNameError, "No collection 'nosuch'"),
    ("%apicall shp GET /x", UnknownNameError, "did you mean shop"),
    ("%apicall shop.nosuch", UnknownNameError, "No call of shop 'nosuch'"),
    ("%apicall shop --no-such GET /x", UnknownNameError, "No option '--no-such'"),
    ("%apicall shop --as table GET /x", UsageError, "--as takes auto or frame"),
    ("%apicall shop --pages none GET /x", UsageError, "--pages takes a number"),
    ("%apicall shop --pages 0 GET /x", UsageError, "--pages takes a number"),
    ("%apicall shop -p novalue GET /x", UsageError, "NAME=VALUE"),
    ("%apicall shop -p 'v:={broken' GET /x", UsageError, "takes JSON"),
    ("%apicall shop --paginate nosuch GET /x", ApiConnError, "nosuch"),
    ("%apicall shop FETCH /x", UsageError, "no HTTP method"),
    ("%apicall shop GET", UsageError, "has no URL"),
    ("%apicall shop 'GET /x", UsageError, "close the quote"),
    ("%%apicall shop\n\n# only a comment", UsageError, "has no request"),
    ("%%apicall shop\nGET /a\n###\nGET /b", UsageError, "2 requests split by ###"),
    ("%%apicall shop\nGET /a\nnot a header", UsageError, "a header is NAME: value"),
    ('%%apicall shop\nPOST /a\n\n{"a": }', UsageError, "not JSON at line 1"),
    ("%%apicall shop GET /a\nGET /b", UsageError, "stands twice"),
    ("%apicall shop GET https://elsewhere.example/x", ApiConnError, "no origin of shop"),
    ("%apicall shop GET /x -p v=1 -o", UsageError, "--out takes a value"),
    ("%apicall --resume", UsageError, "Nothing is unfinished"),
]


@pytest.mark.parametrize(("cell", "kind", "words"), BAD, ids=[each[0][:40] for each in BAD])
def test_what_cannot_be_is_one_sentence_and_nothing_is_sent(
    shop: NotebookShell, echo: Echo, cell: str, kind: type[ApiConnError], words: str
) -> None:
    with pytest.raises(ApiConnError) as caught:
        shop.run(cell)
    assert isinstance(caught.value, kind), repr(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not echo.arrived


def test_a_refusal_says_what_was_tried_what_came_and_what_to_do(shop: NotebookShell, echo: Echo) -> None:
    echo.answer("/v1/x", Answer(403, {"error": {"message": "read only"}}))
    with pytest.raises(StatusError, match=r"GET http.*/v1/x · 403 Forbidden: read only\. .*scope and rights") as caught:
        shop.run("%apicall shop GET /x")
    assert caught.value.response is not None
    assert caught.value.response.json() == {"error": {"message": "read only"}}


def test_as_of_another_kind_is_said(shop: NotebookShell, echo: Echo) -> None:
    echo.answer("/v1/x", Answer(body=PNG, headers={"Content-Type": "image/png"}))
    assert isinstance(shop.run("%apicall shop GET /x"), Image)
    with pytest.raises(FrameError):
        shop.run("%apicall shop --as frame GET /x")
    with pytest.raises(FrameError, match="not JSON"):
        shop.run("%apicall shop --as json GET /x")
