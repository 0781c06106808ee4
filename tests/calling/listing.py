"""A list of rows in pages, as an `Echo` rule: what was asked for is in the server's `arrived`."""

from __future__ import annotations

from collections.abc import Callable

from tests.echo import Answer, Arrived, Echo

PER_PAGE = 3


def rows(pages: int) -> list[int]:
    """The ids of all rows of so many pages."""
    return list(range(pages * PER_PAGE))


def listing(echo: Echo, path: str, pages: int, trouble: Callable[[int, int], Answer | None] = lambda *_: None) -> None:
    """Serve `pages` pages by next link at `path`; `trouble(page, time)` may answer in its place, times from 1."""
    asked: dict[int, int] = {}

    def answer(arrived: Arrived) -> Answer:
        page = int(dict(arrived.query).get("page", "1"))
        asked[page] = asked.get(page, 0) + 1
        instead = trouble(page, asked[page])
        if instead is not None:
            return instead
        items = [{"id": number, "name": f"n{number}"} for number in range((page - 1) * PER_PAGE, page * PER_PAGE)]
        following = f"{echo.url}{path}?page={page + 1}" if page < pages else None
        return Answer(body={"items": items, "next": following, "total": pages * PER_PAGE})

    echo.answer(path, answer)


def numbered(echo: Echo, path: str, pages: int, trouble: Callable[[int, int], Answer | None] = lambda *_: None) -> None:
    """The same by page number with a known total, so that pages are fetched ahead of their turn."""
    asked: dict[int, int] = {}

    def answer(arrived: Arrived) -> Answer:
        page = int(dict(arrived.query).get("page", "1"))
        asked[page] = asked.get(page, 0) + 1
        instead = trouble(page, asked[page])
        if instead is not None:
            return instead
        items = [{"id": number, "name": f"n{number}"} for number in range((page - 1) * PER_PAGE, page * PER_PAGE)]
        return Answer(body={"items": items, "page": page, "total_pages": pages, "total": pages * PER_PAGE})

    echo.answer(path, answer)
