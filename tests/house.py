"""Reading the package's source for `test_house.py`: who imports whom, from where, and what stands in strings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "apiconn_nb"


@dataclass(frozen=True)
class Import:
    """One imported module, as an absolute dotted name."""

    module: str
    line: int
    in_function: bool
    for_types_only: bool


class Source:
    """A Python file of the package; `name` is its path under the package, such as ``auth/basic.py``."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines = text.splitlines()
        self.tree = ast.parse(text, name)

    @property
    def room(self) -> str:
        """The file or folder directly under the package: ``auth``, ``transport``; ``""`` for the package itself."""
        return Path(self.name).parts[0].removesuffix(".py").replace("__init__", "")

    def __repr__(self) -> str:
        return self.name

    def imports(self) -> Iterator[Import]:
        """Every import, also of the kind ``importlib.import_module("apiconn_nb.x")``."""
        for node, in_function, types_only in _walk(self.tree):
            for module in self._modules(node):
                yield Import(module, node.lineno, in_function, types_only)  # type: ignore[attr-defined]

    def _modules(self, node: ast.AST) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            base = self._absolute(node)
            return [f"{base}.{alias.name}" for alias in node.names]
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                return [argument.value]
        return []

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = [PACKAGE, *Path(self.name).parent.parts]
        kept = package[: len(package) - (node.level - 1)]
        return ".".join([*kept, *([node.module] if node.module else [])])

    def strings(self) -> Iterator[tuple[ast.AST, str, ast.Constant]]:
        """Every string constant that is not a docstring, with the node it stands in: ``(parent, value, node)``."""
        for parent in ast.walk(self.tree):
            if isinstance(parent, ast.Expr):  # a docstring
                continue
            for child in ast.iter_child_nodes(parent):
                if isinstance(child, ast.Constant) and isinstance(child.value, str):
                    yield parent, child.value, child

    def classes(self) -> Iterator[ast.ClassDef]:
        """Every class."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    def slug(self) -> str | None:
        """The slug of the authentication method that this file declares, if it declares one."""
        for declared in self.classes():
            for statement in declared.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                if isinstance(statement, ast.AnnAssign):
                    targets = [statement.target]
                named_slug = any(isinstance(target, ast.Name) and target.id == "slug" for target in targets)
                value = getattr(statement, "value", None)
                if named_slug and isinstance(value, ast.Constant) and value.value:
                    return str(value.value)
        return None


def read_package(folder: Path) -> list[Source]:
    """Every Python file under the package's `folder`."""
    files = sorted(folder.rglob("*.py"))
    return [Source(file.relative_to(folder).as_posix(), file.read_text(encoding="utf-8")) for file in files]


def _walk(tree: ast.AST, in_function: bool = False, types_only: bool = False) -> Iterator[tuple[ast.AST, bool, bool]]:
    for node in ast.iter_child_nodes(tree):
        yield node, in_function, types_only
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        guarded = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        yield from _walk(node, inside, types_only or guarded)
