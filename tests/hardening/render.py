"""docs/security-evidence.md from the figures of a run, which are kept in tests/hardening/figures.json.

To run it all again and render (half an hour; each test file can also be run alone, the others' figures stay)::

    APICONN_LONG=1 APICONN_EVIDENCE=$PWD/tests/hardening/figures.json python -m pytest tests/hardening -m ''
    python -m tests.hardening.render

`test_evidence.py` holds the page to the figures, and the tests it names to those that there are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.hardening.evidence import Figures, gathered

FIGURES = Path(__file__).with_name("figures.json")
PAGE = Path(__file__).parents[2] / "docs" / "security-evidence.md"


@dataclass(frozen=True)
class Row:
    """What was tried, its figures as a text with their names, and the tests that gave them."""

    tried: str
    figures: str
    tests: tuple[str, ...]


ROWS = (
    Row(
        "**No secret is left anywhere.** Every method, by magic, by Python, by its form and in a real kernel that is "
        "restarted, in success, 401, 403, time-out, reset, bad JSON, redirect to another origin, interrupt; against a "
        "server that repeats every secret it gets",
        "{canary.scenarios} calls; {canary.artefacts} artefacts, {canary.bytes} bytes, searched for any half of any "
        "secret in {canary.encodings} encodings ({canary.searches} searches): 0 found",
        ("test_canary_matrix.py::test_by_magic", "test_canary_matrix.py::test_by_python",
         "test_canary_form.py::test_by_form",
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
        "**Faults.** A proxy that breaks what a real server (the demo, its token endpoint, httpbin) says; HTTP proxies "
        "that are broken or hostile; pages that end, repeat, shrink; silly `Retry-After`, clocks that jump, resolvers "
        "that hang, certificates that are over",
        "{faults.survived} survived: rows, or one clear error within the time-out",
        ("test_faults.py::test_a_fault_between_us_and_the_demo", "test_faults.py::test_a_fault_between_us_and_httpbin",
         "test_faults.py::test_a_fault_between_us_and_a_token_endpoint", "test_proxy_faults.py::test_a_proxy_that",
         "test_paging_faults.py::test_pages_that_came_are_kept_and_the_call_goes_on",
         "test_time_and_names.py::test_a_storm_of_429_with_a_silly_retry_after_ends_in_time"),
    ),
    Row(
        "**Bombs.** gzip, deflate, brotli, a gigabyte, endless bodies, 10,000 levels, entities, workbooks and Parquet "
        "files that unfold, each in a process that may use 450 MB more",
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
        "**Other ways in.** Charsets that are none, secrets with odd characters, an `apiconn.toml` full of markup in "
        "cells and in the form, values in generated scripts, which are run; an imported collection that names "
        "credentials of this machine",
        "{attacker.tries} tries, none came through",
        ("test_attacker.py::test_a_charset_that_is_none", "test_attacker.py::test_a_file_of_somebody_else_in_the_form",
         "test_attacker.py::test_a_value_runs_nothing_in_a_script_that_is_made_of_a_call",
         "test_imported.py::test_it_sends_no_credential"),
    ),
    Row(
        "**On disk.** Config, tokens, recordings and cache: kill -9 at each step; full disk, quota, a folder of "
        "somebody else's; wide permissions; several writers; file systems without locks",
        "{disk.kills} kills, {disk.refusals} refusals, {disk.writes} writes at once: nothing torn, nothing lost",
        ("test_disk.py::test_killed_at_each_step", "test_disk.py::test_a_disk_that_does_not_take_it",
         "test_disk.py::test_several_processes_write_and_nothing_is_lost"),
    ),
    Row(
        "**A long life.** Calls of all kinds, magics and forms in one IPython shell: no thread, socket, file or widget "
        "model more; forks beside busy threads, multiprocessing; reload, `%autoreload` and the end under "
        "`-X dev -W error`",
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

`SECURITY.md` in the repository says what is promised. Each row below is an attack on it, with the figures of a run of
`tests/hardening` and the tests that gave them. The tests write the figures themselves, into
`tests/hardening/figures.json`, and `tests/hardening/render.py` makes this page of them:

```text
APICONN_LONG=1 APICONN_EVIDENCE=$PWD/tests/hardening/figures.json python -m pytest tests/hardening -m ''
python -m tests.hardening.render
```

{run} Each change is tried by `.ci/run` with the same tests in their short form: 5,000 calls in a process instead of
100,000, sweeps of 1,000 rows instead of 10,000, Ctrl-C at sixty lines of a call instead of four hundred, one bomb in
three, a twentieth of the fuzzing, and a real notebook with three methods. The matrix of methods and situations is whole
in both.

| tried | came of it | by |
|---|---|---|
"""
SEARCHED = """
## Where secrets were looked for

Each is searched for both halves of each secret, in {canary.encodings} encodings: plain, percent-encoded once and twice,
form, JSON and JSON in JSON, HTML, XML, `repr`, quoted-printable, lower case, backwards, UTF-16, UTF-32, hexadecimal,
base64 and base32 at each offset. ZIP and gzip are unpacked.

| artefact | searched |
|---|---|
"""
TAIL = """
## What is shown elsewhere

Logins under attack (`tests/login/test_attacks.py`), what a real browser saves (`tests/browser/`), renewals by several
kernels (`tests/auth/test_renewal_processes.py`), importers with hostile and with any text
(`tests/importers/test_untrusted_text.py`), that a value changes no structure of a URL, a header or a body
(`tests/test_placeholders.py`), redirects from https to http and within an origin (`tests/test_redirects.py`),
credentials typed as literals (`tests/test_transport.py`, `tests/notebook/test_call_magic.py`), keyrings that hang and a
`file:` that is none (`tests/test_secrets.py`), and each answer shape (`tests/frames/`).

**Not asked here.** Whether a dependency has a known vulnerability: pip-audit needs a service on the network. `.ci/run`
asks it where the machine has it, and prints `NOT asked` where it has not or reached no service.
"""


def page(files: dict[str, dict[str, Figures]]) -> str:
    """The whole page. Raises KeyError for a figure that the run did not give."""
    figures = gathered(files)
    rows = "".join(_line(row, figures) for row in ROWS)
    searched = "".join(f"| {kind} | {number:,} |\n" for kind, number in sorted(figures["searched"].items()))
    return HEAD.replace("{run}", _run(files)) + rows + _filled(SEARCHED, figures) + searched + TAIL


def _run(files: dict[str, dict[str, Figures]]) -> str:
    """When and with what the figures were made."""
    runs = [dict(each["run"]) for each in files.values()]
    short = sorted(file for file, each in files.items() if dict(each["run"])["long"] != "yes")
    if short:
        raise KeyError(f"only the short form was run of {', '.join(short)}")
    days = sorted({str(each["day"]) for each in runs})
    used = {name: " and ".join(sorted({str(each[name]) for each in runs})) for name in runs[0] if name != "long"}
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    return (
        f"This run: {when}, {used['on']}, Python {used['python']}, "
        f"IPython {used['ipython']}, ipywidgets {used['ipywidgets']}, httpx {used['httpx']}, pandas {used['pandas']}."
    )


def _filled(text: str, figures: Figures) -> str:
    for group, numbers in figures.items():
        for name, number in numbers.items():
            text = text.replace(f"{{{group}.{name}}}", f"{number:,}")
    if "{" in text:
        raise KeyError(f"the run gave no figure for {text}")
    return text


def _line(row: Row, figures: Figures) -> str:
    tests = ", ".join(f"`{test}`" for test in row.tests)
    return f"| {row.tried} | {_filled(row.figures, figures)} | {tests} |\n"


def main() -> None:
    PAGE.write_text(page(json.loads(FIGURES.read_text())))
    print(f"{PAGE.name} is written")


if __name__ == "__main__":
    main()
