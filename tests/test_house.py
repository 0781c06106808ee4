"""The house stands: floors, one file per method, no import in a function without its reason, small rooms, good names.

Each rule is a function from sources to a list of sentences; it is shown to fail on a bad sample, then held to the
package. A new room is on the floor ``calling`` until FLOORS says otherwise.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import PACKAGE, Source, read_package
from tests.isolation import MACHINE_ENVIRON

ROOT = Path(__file__).parents[1]
SOURCES = read_package(ROOT / PACKAGE)

# From the ground up; imports go sideways or down. A room that is not named here is on the floor `calling`.
FLOORS = {
    "words": {"errors", "forks", "fields", "keyrings", "secrets", "placeholders", "redaction"},
    "identity": {"auth", "login"},
    "calling": set(),
    "faces": {"notebook", "importers", "demo"},
    "package": {""},
}
# Who may not import what at run time (a type hint may name anything).
SCREEN = {"IPython", "ipywidgets", "anywidget", "ipykernel"}
NOT_ON_FLOOR = {
    "words": {"httpx", "authlib", "pandas", *SCREEN},
    "identity": {"pandas", *SCREEN},
    "calling": SCREEN,
    "package": {"httpx", "pandas", *SCREEN},  # `import apiconn_nb` and %load_ext are cheap
}
NOT_IN_ROOM = {"frames": {"httpx", "authlib"}, "importers": SCREEN, "demo": SCREEN}

MAX_LINES = 300
LONG_FOR_A_REASON: dict[str, str] = {}  # file: why it is one concept all the same

VAGUE = re.compile(r"^(.*_)?(utils?|helpers?|managers?|common)(_.*)?$")
VAGUE_CLASS = re.compile(r"(Utils?|Helpers?|Managers?|Common)$")

# A slug that is also an everyday word (`client_auth` is "basic" or "none") counts only where methods are spoken of.
MAY_NAME_METHODS = {"demo", "importers", "presets"}


def floor_of(room: str) -> str:
    return next((floor for floor, rooms in FLOORS.items() if room in rooms), "calling")


def room_imported(module: str, rooms: set[str]) -> str | None:
    """The room of the package that an absolute dotted name belongs to; None for another library or a dunder name."""
    parts = module.split(".")
    if parts[0] != PACKAGE or len(parts) < 2 or parts[1].startswith("__"):
        return None
    is_room = len(parts) > 2 or parts[1] in rooms.union(*FLOORS.values())
    return parts[1] if is_room else ""


def upward_imports(sources: list[Source]) -> Iterator[str]:
    order = list(FLOORS)
    rooms = {source.room for source in sources}
    for source in sources:
        own = floor_of(source.room)
        for found in source.imports():
            room = room_imported(found.module, rooms)
            if room is None or room == source.room:
                continue
            above = floor_of(room)
            if order.index(above) > order.index(own):
                yield (
                    f"{source}:{found.line} ({own}) imports {found.module} ({above}): imports go sideways or down. "
                    "Move what is needed down, or name the room's floor in FLOORS."
                )


def imports_of_the_notebook(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        for found in source.imports():
            if f"{found.module}.".startswith(f"{PACKAGE}.notebook.") and source.room not in {"notebook", ""}:
                yield f"{source}:{found.line} imports notebook/: nothing but the package's loader does."


def foreign_imports(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        floor = floor_of(source.room)
        refused = NOT_ON_FLOOR.get(floor, set()) | NOT_IN_ROOM.get(source.room, set())
        for found in source.imports():
            library = found.module.partition(".")[0]
            if library in refused and not found.for_types_only:
                yield f"{source}:{found.line} imports {library}: {source.room or PACKAGE} ({floor}) does without it."


def methods_that_import_methods(sources: list[Source]) -> Iterator[str]:
    methods = {
        f"{PACKAGE}." + source.name.removesuffix(".py").replace("/", ".")
        for source in sources
        if source.room == "auth" and source.slug()
    }
    for source in sources:
        if source.room != "auth" or not source.slug():
            continue
        for found in source.imports():
            module = next((name for name in methods if f"{found.module}.".startswith(f"{name}.")), None)
            if module and not module.endswith("." + Path(source.name).stem):
                yield f"{source}:{found.line} imports {module}: method files never import one another."


def unexplained_imports(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        explained: set[int] = set()
        for found in source.imports():
            if not found.in_function:
                continue
            above = found.line - 1
            if source.lines[above - 1].strip() == "try:":  # the comment stands above the whole attempt
                above -= 1
            # One comment may stand above a block of imports.
            if "#" in source.lines[found.line - 1] or "#" in source.lines[above - 1] or above in explained:
                explained.add(found.line)
                continue
            yield (
                f"{source}:{found.line} imports {found.module} inside a function: import at the top, "
                "or say the measured start-up cost in a comment on that line or the one above."
            )


def long_files(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        if len(source.lines) > MAX_LINES and source.name not in LONG_FOR_A_REASON:
            yield f"{source} has {len(source.lines)} lines (at most {MAX_LINES}): two concepts; split it by concept."


def vague_names(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        for part in Path(source.name).with_suffix("").parts:
            if VAGUE.match(part):
                yield f"{source}: {part!r} says nothing; name the concept."
        for declared in source.classes():
            if VAGUE_CLASS.search(declared.name):
                yield f"{source}:{declared.lineno} class {declared.name}: name the concept."


def slugs_above_their_file(sources: list[Source]) -> Iterator[str]:
    homes = {slug: source.name for source in sources if source.room == "auth" and (slug := source.slug())}
    for source in sources:
        if source.room in MAY_NAME_METHODS:
            continue
        for parent, value, node in source.strings():
            if homes.get(value, source.name) == source.name:
                continue
            if "-" in value or _speaks_of_methods(parent):
                yield (
                    f"{source}:{node.lineno} names the method {value!r}: only {homes[value]} does. "
                    "Ask methods(), a field or the method's own actions."
                )


def _speaks_of_methods(parent: ast.AST) -> bool:
    """Whether the expression around a string compares, looks up or passes a method's slug."""
    if isinstance(parent, ast.keyword):
        return parent.arg in {"method", "slug"}
    if isinstance(parent, ast.Compare | ast.Call | ast.Subscript):
        return bool(re.search(r"\b(slug|methods?|method_named)\b", ast.unparse(parent)))
    return False


Rule = Callable[[list[Source]], Iterator[str]]
RULES: list[Rule] = [
    upward_imports,
    imports_of_the_notebook,
    foreign_imports,
    methods_that_import_methods,
    unexplained_imports,
    long_files,
    vague_names,
    slugs_above_their_file,
]

BASIC = Source("auth/basic.py", "class Basic:\n    slug: ClassVar[str] = 'basic'")
PASSWORD = "class P:\n    slug = 'oauth2-password'\n"
BAD: list[tuple[Rule, list[Source]]] = [
    (upward_imports, [Source("errors.py", "from apiconn_nb.transport import x"), Source("transport.py", "")]),
    (upward_imports, [Source("auth/base.py", "from ..transport import x"), Source("transport.py", "")]),
    (upward_imports, [Source("paging/link.py", "from .. import demo"), Source("demo/__init__.py", "")]),
    (upward_imports, [Source("fields.py", "def f():\n    import apiconn_nb.auth.base"), Source("auth/base.py", "")]),
    (upward_imports, [Source("fields.py", "import_module('apiconn_nb.auth')"), Source("auth/base.py", "")]),
    (upward_imports, [Source("request.py", "from apiconn_nb import collection"), Source("__init__.py", "")]),
    (imports_of_the_notebook, [Source("demo/check.py", "from ..notebook.magics import M")]),
    (imports_of_the_notebook, [Source("transport.py", "import apiconn_nb.notebook")]),
    (foreign_imports, [Source("transport.py", "from IPython.display import HTML")]),
    (foreign_imports, [Source("fields.py", "def f():\n    import httpx  # why")]),
    (foreign_imports, [Source("frames/rows.py", "import httpx")]),
    (foreign_imports, [Source("login/loopback.py", "import pandas as pd")]),
    (methods_that_import_methods, [BASIC, Source("auth/p.py", PASSWORD + "from apiconn_nb.auth.basic import Basic")]),
    (methods_that_import_methods, [BASIC, Source("auth/p.py", PASSWORD + "from . import basic")]),
    (unexplained_imports, [Source("x.py", "def f():\n    a = 1\n    import httpx\n")]),
    (unexplained_imports, [Source("x.py", "class A:\n    async def f(self):\n\n        from httpx import get\n")]),
    (long_files, [Source("x.py", "x = 1\n" * 301)]),
    (vague_names, [Source("frames/utils.py", "")]),
    (vague_names, [Source("auth_helpers.py", "")]),
    (vague_names, [Source("x.py", "class TokenManager: ...")]),
    (slugs_above_their_file, [Source("auth/p.py", PASSWORD), Source("notebook/form.py", "x = ['oauth2-password']")]),
    (slugs_above_their_file, [BASIC, Source("notebook/form.py", "if method.slug == 'basic': pass")]),
    (slugs_above_their_file, [BASIC, Source("config.py", "read(method='basic')")]),
    (slugs_above_their_file, [BASIC, Source("config.py", "methods()['basic']")]),
]
GOOD: list[tuple[Rule, list[Source]]] = [
    (upward_imports, [Source("transport.py", "from .errors import E\nimport httpx"), Source("errors.py", "")]),
    (upward_imports, [Source("transport.py", "from apiconn_nb import __version__"), Source("__init__.py", "")]),
    (foreign_imports, [Source("errors.py", "if TYPE_CHECKING:\n    import httpx")]),
    (foreign_imports, [Source("notebook/form.py", "import ipywidgets, pandas, httpx")]),
    (methods_that_import_methods, [BASIC, Source("auth/p.py", PASSWORD + "from apiconn_nb.auth.base import A")]),
    (unexplained_imports, [Source("x.py", "def f():\n    # 120 ms\n    import httpx\n    import authlib\n")]),
    (unexplained_imports, [Source("x.py", "def f():\n    import httpx  # 120 ms\n")]),
    (unexplained_imports, [Source("x.py", "if TYPE_CHECKING:\n    import httpx\n")]),
    (long_files, [Source("x.py", "x = 1\n" * 300)]),
    (vague_names, [Source("auth/tokens.py", "class TokenSlot: ..."), Source("commonmark.py", "")]),
    (slugs_above_their_file, [BASIC, Source("auth/tokens.py", "client_auth = choose('body', 'basic')")]),
    (slugs_above_their_file, [BASIC, Source("x.py", '"""basic"""'), Source("demo/x.py", "f(method='basic')")]),
]


def _named(case: object) -> str:
    return case.__name__ if callable(case) else ""


@pytest.mark.parametrize(("rule", "sources"), BAD, ids=_named)
def test_a_rule_sees_what_it_forbids(rule: Rule, sources: list[Source]) -> None:
    assert len(list(rule(sources))) == 1


@pytest.mark.parametrize(("rule", "sources"), GOOD, ids=_named)
def test_a_rule_lets_pass_what_it_allows(rule: Rule, sources: list[Source]) -> None:
    assert not list(rule(sources))


@pytest.mark.parametrize("rule", RULES, ids=_named)
def test_the_package_holds(rule: Rule) -> None:
    assert len(SOURCES) > 10, "the package was not found"
    broken = list(rule(SOURCES))
    assert not broken, "\n" + "\n".join(broken)


def test_every_exception_is_still_needed() -> None:
    lengths = {source.name: len(source.lines) for source in SOURCES}
    stale = [name for name in LONG_FOR_A_REASON if lengths.get(name, 0) <= MAX_LINES]
    assert not stale, f"no longer long, so no longer an exception: {', '.join(stale)}"
    assert all(len(reason) > 20 for reason in LONG_FOR_A_REASON.values()), "say why"


def test_every_method_has_one_file() -> None:
    files = [source for source in SOURCES if source.room == "auth" and source.slug()]
    slugs = [source.slug() for source in files]
    assert len(set(slugs)) == len(slugs)
    twice = [source.name for source in files if sum(_declares_slug(declared) for declared in source.classes()) > 1]
    assert not twice, f"one method, one file: {', '.join(twice)}"


def _declares_slug(declared: ast.ClassDef) -> bool:
    return "slug" in {
        target.id
        for statement in declared.body
        for target in (statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)])
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize("folder", [PACKAGE, "tests", "notebooks", "docs"])
def test_no_machine_stands_in_the_files(folder: str) -> None:
    """No path of the machine where the tests run, and no address that a package was downloaded from."""
    here = [re.escape(path) for path in (f"{ROOT}/", f"{MACHINE_ENVIRON.get('HOME', ROOT)}/")]
    forbidden = re.compile("|".join([*here, r"/(home|Users)/[a-z]\w+/\w", r'"resolved":\s*"http', r'"http[^"]*\.whl"']))
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file in sorted((ROOT / folder).rglob("*"))
        if file.suffix in {".py", ".md", ".toml", ".json", ".txt", ".in", ".mjs", ".ipynb"} and file != Path(__file__)
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert not found, "\n".join(found)
