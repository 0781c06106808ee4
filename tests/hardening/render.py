"""docs/security-evidence.md from the figures of a run.

``APICONN_LONG=1 APICONN_EVIDENCE=figures.json python -m pytest tests/hardening -m ''``, then
``python -m tests.hardening.render figures.json > docs/security-evidence.md``.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

Figures = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Row:
    """What was tried, its figures as a text with their names, and the tests that gave them."""

    tried: str
    figures: str
    tests: tuple[str, ...]


ROWS = (
    Row(
        "**No secret is left anywhere.** Every method, by magic, by Python, in a form and in a real kernel that is "
        "restarted, in success, 401, 403, time-out, reset, bad JSON, redirect to another origin, interrupt; against a "
        "server that repeats every secret it gets",
        "{canary.scenarios} calls; {canary.artefacts} artefacts, {canary.bytes} bytes, searched for any half of any "
        "secret in {canary.encodings} encodings ({canary.searches} searches): 0 found",
        ("test_canary_matrix.py::test_by_magic", "test_canary_matrix.py::test_by_python",
         "test_canary_kernel.py::test_a_notebook_run_saved_restarted_and_run_again"),
    ),
    Row(
        "**The search itself.** Builds that leak on purpose, each in another way",
        "{mutations.planted} planted, {mutations.found} found",
        ("test_mutations.py::test_a_build_that_leaks_is_found",),
    ),
    Row(
        "**Ctrl-C at any line of ours**: the traceback shows no secret, the next call works",
        "{interrupts.places} places",
        ("test_interrupts.py::test_interrupted_at_any_line",),
    ),
    Row(
        "**The fence.** Hostile addresses in redirects (301, 302, 303, 307, 308), next-page links, `Link` headers, "
        "token endpoints and calls: userinfo, ports, IPv6, IDN, other spellings of an address, other schemes",
        "{fence.attacks} attacks; no connection but to the collection's origin",
        ("test_fence.py::test_redirects", "test_fence.py::test_next_links", "test_fence.py::test_link_headers",
         "test_fence.py::test_token_endpoints_that_send_elsewhere", "test_fence.py::test_the_call_itself"),
    ),
    Row(
        "**Faults.** A proxy that breaks what a real server (the demo, httpbin) says; pages that end, repeat, shrink; "
        "silly `Retry-After`, clocks that jump, resolvers that hang, certificates that are over",
        "{faults.survived} survived: rows, or one clear error within the time-out",
        ("test_faults.py::test_a_fault_between_us_and_the_demo", "test_faults.py::test_a_fault_between_us_and_httpbin",
         "test_paging_faults.py::test_pages_that_came_are_kept_and_the_call_goes_on",
         "test_time_and_names.py::test_a_storm_of_429_with_a_silly_retry_after_ends_in_time"),
    ),
    Row(
        "**Bombs.** gzip, deflate, brotli, endless bodies, nesting, entities, workbooks and Parquet files that unfold, "
        "each in a process that may use 450 MB more",
        "{bombs.survived} survived",
        ("test_bombs.py::test_each_bomb_is_a_frame_or_one_clear_error",),
    ),
    Row(
        "**A sweep while one call in twenty fails**, of data and of actions",
        "{sweep.rows} rows, {sweep.failures} failures, every row accounted for exactly once",
        ("test_sweep_faults.py::test_every_row_exactly_once",),
    ),
    Row(
        "**Hostile text.** The Big List of Naughty Strings in every part of a request, in names, settings and on magic "
        "lines; JSONTestSuite as answers; fuzzing of cells, files, lines, caches and recordings",
        "{naughty.values} values arrived unchanged, {naughty.settings} settings, {json.cases} JSON texts, "
        "{fuzz.inputs} fuzzed inputs",
        ("test_naughty.py::test_the_big_list_in_every_place", "test_naughty.py::test_on_a_magic_line",
         "test_json_suite.py::test_the_suite", "test_fuzz.py::test_any_cell"),
    ),
    Row(
        "**What a server says is shown as text**: markup, terminal commands, text that runs backwards",
        "{shown.attacks} answers",
        ("test_shown.py::test_a_refusal", "test_shown.py::test_a_table_its_columns_and_its_status_line"),
    ),
    Row(
        "**On disk.** Config, tokens, recordings and cache: kill -9 at each step; full disk, quota, a folder of "
        "somebody else's; several writers; file systems without locks",
        "{disk.kills} kills, {disk.refusals} refusals, {disk.writes} writes at once: nothing torn, nothing lost",
        ("test_disk.py::test_killed_at_each_step", "test_disk.py::test_a_disk_that_does_not_take_it",
         "test_disk.py::test_several_processes_write_and_nothing_is_lost"),
    ),
    Row(
        "**A long life.** One process, calls of all kinds; forks beside busy threads; forms opened and closed; the end "
        "under `-X dev -W error`",
        "{life.calls} calls (+{life.megabytes} MB in the second half), {fork.children} forked children, {life.forms} "
        "forms, {life.quiet_ends} silent ends",
        ("test_long_life.py::test_many_calls_in_one_process", "test_fork.py::test_children_of_a_busy_process",
         "test_long_life.py::test_no_warning_at_the_end"),
    ),
    Row(
        "**Source and dependencies.** Nothing is `eval`ed or unpickled; floors, conflicts, undeclared imports",
        "{source.files} files",
        ("test_dependencies.py::test_nothing_that_came_from_elsewhere_is_run_or_unpickled",
         "test_dependencies.py::test_there_is_none"),
    ),
)  # fmt: skip

HEAD = """# How the promise was tried

`SECURITY.md` in the repository says what is promised. Each row below is an attack on it, with the figures of one run of
`tests/hardening` (`APICONN_LONG=1`, as `.ci/run` runs it) and the tests that gave them. The figures are written by the
tests themselves; `tests/hardening/render.py` makes this page of them.

| tried | came of it | by |
|---|---|---|
"""
TAIL = """
**Not in these figures.** Logins under attack (`tests/login/test_attacks.py`), what a real browser saves
(`tests/browser/`), renewals by several kernels (`tests/auth/test_renewal_processes.py`), importers
(`tests/importers/test_untrusted_text.py`), and each answer shape (`tests/frames/`).

**Not asked here.** Whether a dependency has a known vulnerability: pip-audit needs a service on the network. `.ci/run`
asks it where it is installed and reached, and prints whether it did.
"""


def page(figures: Figures) -> str:
    """The whole page. Raises KeyError for a figure that the run did not give."""
    return HEAD + "".join(_line(row, figures) for row in ROWS) + TAIL


def _line(row: Row, figures: Figures) -> str:
    words = row.figures
    for group, numbers in figures.items():
        for name, number in numbers.items():
            words = words.replace(f"{{{group}.{name}}}", f"{number:,}")
    if "{" in words:
        raise KeyError(f"the run gave no figure for {words}")
    tests = ", ".join(f"`{test}`" for test in row.tests)
    return f"| {row.tried} | {words} | {tests} |\n"


def main() -> None:
    figures: Figures = defaultdict(dict, json.loads(Path(sys.argv[1]).read_text()))
    print(page(figures), end="")


if __name__ == "__main__":
    main()
