"""``--records PATH``: the rows where a person says they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from apiconn_nb.errors import FrameError
from apiconn_nb.frames.candidates import Candidate
from apiconn_nb.frames.names import path_text
from apiconn_nb.frames.orient import keyed, looks_keyed, table_rows


def asked_for(document: Any, records: str, found: Sequence[Candidate]) -> tuple[list[Any], str]:
    """The rows at a JMESPath and their kind.

    ``$``, as the status line shows paths, is accepted in front. Raises FrameError for a path that does not parse or
    matches nothing; `found` is what the error can name instead.
    """
    value = search(document, records)
    if value is None and _null_at(document, records):
        return [], "records"
    if value is None:
        raise FrameError(f"--records {records} matches nothing. {_there_is(document, found)}")
    if isinstance(value, list):
        if value and all(isinstance(item, list) for item in value):
            return table_rows(value), "table"
        return value, "records"
    if looks_keyed(value):
        return keyed(value), "keyed"
    return [value], "record" if isinstance(value, dict) else "value"


def search(document: Any, records: str) -> Any:
    """What a JMESPath finds in a document (None where nothing)."""
    try:
        return jmespath.search(_expression(records), document)
    except JMESPathError as error:
        raise _no_path(records, error) from None


def check_path(records: str) -> None:
    """Raise FrameError for a JMESPath that does not parse."""
    try:
        jmespath.compile(_expression(records))
    except JMESPathError as error:
        raise _no_path(records, error) from None


def _expression(records: str) -> str:
    path = re.sub(r"^\$\.?(?=.)", "", records.strip())
    return "@" if path in {"", "$"} else path


def _no_path(records: str, error: JMESPathError) -> FrameError:
    reason = str(error).splitlines()[0].rstrip(".: ")
    hint = quoted(_expression(records))
    return FrameError(
        f"--records {records} is not a JMESPath ({reason})."
        + (f" A key that is not a plain word goes in quotes: {hint}" if hint else "")
    )


def _null_at(document: Any, records: str) -> bool:
    """Whether the path is there and null, as Go and others write a list without elements."""
    *around, key = records.strip().removeprefix("$").strip(".").split(".")
    value = search(document, ".".join(around) or "@")
    return isinstance(value, dict) and value.get(key.strip('"'), ...) is None


def is_plain(records: str) -> bool:
    """Whether a path only names keys, and so finds in an answer whose lists are cut what it finds in the whole."""
    return (
        re.fullmatch(r"\$?\.?([A-Za-z_]\w*(\.[A-Za-z_]\w*)*|\"[^\"\\]*\"|@)?", records.strip().removesuffix("[]"))
        is not None
    )


def quoted(path: str) -> str:
    """A dotted path whose keys are quoted where JMESPath wants it; '' where that is not what is wrong."""
    keys = path.split(".")
    if not all(re.fullmatch(r"[^\s\[\]\"'|&`(){}]+(\[\])?", key) for key in keys):
        return ""
    return ".".join(key if re.fullmatch(r"[A-Za-z_]\w*(\[\])?", key) else f'"{key}"' for key in keys)


def _there_is(document: Any, found: Sequence[Candidate]) -> str:
    places = [
        f"{path_text(one.path)} ({one.count})" for one in sorted(found, key=lambda one: (one.last_resort, -one.score))
    ]
    if places:
        return "There is " + ", ".join(places[:6]) + (", …" if len(places) > 6 else "") + "."
    if isinstance(document, dict):
        keys = list(document)
        return "There is one object with " + (", ".join(keys[:8]) or "no keys") + (", …" if len(keys) > 8 else "") + "."
    if isinstance(document, list):
        return f"There is a list of {len(document)} ($)."
    return "The answer is a single value."
