"""The Python files that people wrote, read once, with names resolved through their imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ("chassis", "services", "client", "demo", "tools", "benchmarks", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file: its path from the root of the project, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def parts(self) -> tuple[str, ...]:
        return Path(self.path).parts

    @property
    def is_test(self) -> bool:
        return "tests" in self.parts or self.parts[-1] == "conftest.py"

    @property
    def in_domain(self) -> bool:
        return self.parts[0] == "services" and "domain" in self.parts and not self.is_test

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and full dotted name of everything imported: modules, and names out of modules."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield node.lineno, f"{node.module}.{alias.name}"

    @cached_property
    def _imported_names(self) -> dict[str, str]:
        names = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    bound = alias.asname or alias.name.split(".")[0]
                    names[bound] = alias.name if alias.asname else bound
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return names

    def uses(self) -> Iterator[tuple[int, str]]:
        """Line and full dotted name of every use of something imported (`datetime.now`)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute | ast.Name) and (name := self.resolve(node)):
                yield node.lineno, name

    def resolve(self, node: ast.expr) -> str | None:
        """The full name that an expression `a.b.c` stands for, if `a` was imported."""
        if isinstance(node, ast.Name):
            return self._imported_names.get(node.id)
        if isinstance(node, ast.Attribute) and (owner := self.resolve(node.value)):
            return f"{owner}.{node.attr}"
        return None

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def classes(self) -> Iterator[ast.ClassDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef):
                yield node


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project but the generated ones."""
    files = [ROOT / "conftest.py"]
    for folder in WRITTEN:
        files += sorted((ROOT / folder).rglob("*.py"))
    return tuple(
        Source(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in files
    )


def services() -> tuple[str, ...]:
    """The names of the services that there are."""
    folder = ROOT / "services"
    return tuple(sorted(each.name for each in _visible(folder))) if folder.exists() else ()


def _visible(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name != "__pycache__" and not path.name.startswith("."):
            yield path


def report(violations: list[str]) -> str:
    """What a failing test says: one violation a line."""
    return "\n".join(["", *violations])
