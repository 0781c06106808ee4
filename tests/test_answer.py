"""A refused call says in one line what was tried, what the provider said, and what to do."""

from __future__ import annotations

import pytest

from apiconn_nb.errors import StatusError
from tests.echo import Answer, Echo
from tests.opened import Open


@pytest.mark.parametrize("said", ["There is no order 7.", "There is no order 7"])
def test_the_providers_sentence_ends_once(echo: Echo, opened: Open, said: str) -> None:
    echo.answer("/orders/7", Answer(404, {"detail": said}))

    with pytest.raises(StatusError, match=r"404 Not Found: There is no order 7\. [A-Z]"):
        opened(echo.url, retries=0).get("/orders/7")
