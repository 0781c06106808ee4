"""The loop over pages in bash: what comes after the rows of a page."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field

from apiconn_nb.errors import UsageError
from apiconn_nb.exporters.plan import Plan
from apiconn_nb.exporters.python_text import is_plain, steps
from apiconn_nb.paging import Cursor, LinkHeader, NextLink, Offsets, PageNumbers
from apiconn_nb.paging.place import parsed

_ORIGIN = 'origin() { sed -E "s#^([a-z]+://[^/?]+).*#\\1#" <<< "$1"; }'
_STAYS = (
    '[[ $(origin "$next") == "$(origin "$base_url")" ]] || { echo "the next page is elsewhere: $next" >&2; exit 1; }'
)
_WITH_QUERY = """with_query() {  # URL NAME VALUE: the parameter set, the others as they are
  jq --null-input --raw-output --arg url "$1" --arg name "$2" --arg value "$3" '
    ($url | split("?")) as $parts
    | ($parts[1:] | join("?") | split("&") | map(select(. != "" and (split("=")[0] != $name)))) as $kept
    | $parts[0] + "?" + ($kept + [($name | @uri) + "=" + ($value | @uri)] | join("&"))'
}"""


@dataclass
class Loop:
    """Lines `before` the loop and `after` a page's rows."""

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    is_paged: bool = True


def loop_of(plan: Plan) -> Loop:
    """The loop of a plan's paginator. Raises UsageError for a kind that is no few lines of bash."""
    one = None if plan.pages == 1 else plan.paginator
    match one:
        case None:
            return Loop(is_paged=False)
        case LinkHeader():
            words = 'next=$(tr -d "\\r" < "$folder/headers" | sed -n "s/^[Ll]ink: *//p" | tr "," "\\n" | '
            words += f"sed -n 's/.*<\\([^>]*\\)>.*rel=\"\\{{0,1\\}}{one.relation}\"\\{{0,1\\}}.*/\\1/p' | head -n 1)"
            return _follow(words)
        case NextLink() if one.path and not one.base:
            return _follow(f"next=$({_read(one.path)})")
        case Cursor() if one.to.startswith("query:") and not one.source.startswith("header:"):
            name = parsed(one.to)[1]
            after = [*_flag(one.more), f"cursor=$({_read(one.source)})", '[[ -n "$cursor" ]] || break']
            return Loop([_WITH_QUERY], [*after, f'url=$(with_query "$url" {shlex.quote(name)} "$cursor")'])
        case PageNumbers() if one.to.startswith("query:"):
            return _counted(one, plan, "page", 1)
        case Offsets() if one.to.startswith("query:"):
            return _counted(one, plan, "offset", one.step)
    raise UsageError(f"{one.describe()} is no few lines of bash: --as-code httpx.")


def _follow(words: str) -> Loop:
    absolute = 'case "$next" in /*) next="$(origin "$base_url")$next";; esac'
    after = [words, '[[ -n "$next" ]] || break', absolute, _STAYS, 'url="$next"']
    return Loop([_ORIGIN], after)


def _read(path: str) -> str:
    if not is_plain(path):
        raise UsageError(f"{path!r} is no plain path, which jq needs: --as-code httpx.")
    place = "".join(f"[{json.dumps(step)}]?" for step in steps(path))
    return f'jq --raw-output {shlex.quote(f".{place} // empty")} <<< "$answer"'


def _flag(path: str) -> list[str]:
    return [f'[[ $({_read_flag(path)}) != "false" ]] || break'] if path else []


def _read_flag(path: str) -> str:
    if not is_plain(path):
        raise UsageError(f"{path!r} is no plain path, which jq needs: --as-code httpx.")
    place = "".join(f"[{json.dumps(step)}]?" for step in steps(path))
    return f'jq --raw-output {shlex.quote(f".{place} | tostring")} <<< "$answer"'


def _counted(one: PageNumbers | Offsets, plan: Plan, word: str, step: int) -> Loop:
    if not is_plain(plan.rows.path):
        raise UsageError(f"The rows are at {plan.rows.path}, which jq writes otherwise: --as-code httpx.")
    name = parsed(one.to)[1]
    place = "".join(f"[{json.dumps(each)}]?" for each in steps(plan.rows.path))
    count = f'count=$(jq {shlex.quote(f".{place} | length")} <<< "$answer")'
    after = [*_flag(one.more), count, '[[ "$count" -gt 0 ]] || break']
    after.append(f"{word}=$(({word} + {step or 'count'}))")
    last = one.pages if isinstance(one, PageNumbers) else one.total
    if last and not last.startswith("header:"):
        compare = f'[[ "${word}" -le "$({_read(last)})" ]] || break'
        after.append(compare if isinstance(one, PageNumbers) else compare.replace("-le", "-lt"))
    begin = f"{word}=$(sed -nE 's/.*[?&]{name}=([0-9]+).*/\\1/p' <<< \"$url\"); {word}=${{{word}:-{one.first}}}"
    return Loop([_WITH_QUERY, begin], [*after, f'url=$(with_query "$url" {shlex.quote(name)} "${word}")'])
