"""How a call is made and what becomes of its answer: the options of ``%%apicall``, settled with what a call saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from apiconn_nb.cache import parse_ttl
from apiconn_nb.errors import UsageError
from apiconn_nb.frames import FrameOptions
from apiconn_nb.secrets import Secret, is_reference

if TYPE_CHECKING:
    from apiconn_nb.settings import SavedCall

As = Literal["auto", "frame", "json", "text", "bytes", "response"]
AS: tuple[As, ...] = ("auto", "frame", "json", "text", "bytes", "response")
SINCE = ("last",)


@dataclass(frozen=True)
class Options:
    """How a call is made and what becomes of its answer.

    `pages` is how many (None: all; 0: as the call saved, else one); `timeout` and the others override the
    collection's; `use_as` is ``data`` or ``action`` (empty: by the method); `cache` is how old an answer may be
    (``1h``), `fresh` asks in any case; `since` is ``last`` to compare with the previous answer, by the columns `key`.
    """

    returned: As = "auto"
    records: str | None = None
    pages: int | None = 0
    paginate: str = ""
    timeout: float | None = None
    retries: int | None = None
    use_as: str = ""
    concurrency: int = 8
    dates: bool = True
    explode: str | None = None
    wide: int | None = None
    columns: Mapping[str, str] | None = None
    strict: bool = False
    cache: str = ""
    fresh: bool = False
    since: str = ""
    key: tuple[str, ...] = ()

    @property
    def is_action(self) -> bool | None:
        """Whether the call is an action; None: its method decides."""
        return None if not self.use_as else self.use_as == "action"

    @property
    def ttl(self) -> float:
        """How old a cached answer may be, in seconds; 0: nothing is cached."""
        return parse_ttl(self.cache) if self.cache else 0.0

    def frames(self) -> FrameOptions:
        """The options for the frame."""
        return FrameOptions(self.dates, self.explode, self.wide, self.columns, self.strict)

    def sending(self) -> dict[str, Any]:
        """What overrides the collection's policy (members of `sending.Policy`)."""
        return {"is_action": self.is_action, "timeout": self.timeout, "retries": self.retries}


def settle(options: Options, saved: SavedCall | None, overrides: Mapping[str, Any]) -> Options:
    """The options that hold: given ones, else the saved call's, else the defaults. Raises UsageError."""
    changed = {name: value for name, value in overrides.items() if value is not None}
    unknown = [name for name in changed if name not in Options.__dataclass_fields__]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no option of a call; there is {', '.join(Options.__dataclass_fields__)}.")
    if "pages" in changed:
        changed["pages"] = pages_of(changed["pages"])
    if isinstance(changed.get("key"), str):
        changed["key"] = (changed["key"],)
    options = replace(options, **changed)
    if saved is not None:
        options = _with_saved(options, saved)
    if options.pages == 0:
        options = replace(options, pages=1)
    if options.since and options.since not in SINCE:
        raise UsageError(f"--since takes last, not {options.since!r}.")
    _check_numbers(options)
    assert options.ttl >= 0  # what is no time is said here, before anything is sent
    return options


def _check_numbers(options: Options) -> None:
    """Raise UsageError for a number that its option cannot mean."""
    for name, least in (("concurrency", 1), ("retries", 0), ("wide", 1)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise UsageError(f"--{name} takes a number from {least}, not {value}.")
    if options.timeout is not None and not options.timeout > 0:
        raise UsageError(f"--timeout takes seconds, more than 0, not {options.timeout:g}.")


def _with_saved(options: Options, saved: SavedCall) -> Options:
    """`options` where they say something, the saved call's where they are silent."""
    kept: dict[str, Any] = {
        "records": saved.records,
        "paginate": saved.paginate,
        "use_as": saved.use_as,
        "cache": saved.cache,
        "key": saved.key,
        "columns": saved.columns,
        "strict": saved.strict,
    }
    options = replace(options, **{name: each for name, each in kept.items() if each and not getattr(options, name)})
    if saved.pages and options.pages == 0:
        options = replace(options, pages=pages_of(saved.pages))
    return options


def pages_of(text: str | int) -> int | None:
    """``--pages``: a number from 1, or ``all`` (None). Raises UsageError."""
    if str(text) == "all":
        return None
    if not str(text).isdigit() or int(text) < 1:
        raise UsageError(f"--pages takes a number from 1 or all, not {text!r}.")
    return int(text)


def settle_values(
    saved: SavedCall | None, given: Mapping[str, Any], variables: Mapping[str, Any], collection: str
) -> dict[str, Any]:
    """The dynamic values: given ones, else the call's defaults, else (unsaved calls) the notebook's variables."""
    if saved is None:
        return {**variables, **given}
    return {**{name: _default(name, value, collection) for name, value in saved.params.items()}, **given}


def _default(name: str, value: Any, collection: str) -> Any:
    """A default written as a reference is private."""
    if isinstance(value, str) and is_reference(value):
        return Secret.from_reference(value, label=name, owner=f"{collection}/params/{name}")
    return value
