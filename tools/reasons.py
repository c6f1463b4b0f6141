"""The reasons of errors that the code gives, with their status and text, read from the source."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chassis.kernel import errors

ROOT = Path(__file__).resolve().parents[1]
CHASSIS = "chassis"


@dataclass(frozen=True, order=True, kw_only=True)
class Reason:
    """A reason for which `owner` (a service, or the chassis for all of them) refuses something."""

    owner: str
    name: str
    status: str
    text: str


def statuses() -> dict[str, str]:
    """Name of each class of error → its gRPC status."""
    return {
        name: kind.code
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.Error)
    }


def reasons() -> tuple[Reason, ...]:
    """Every reason that the chassis or a service gives, sorted."""
    found: set[Reason] = set()
    for owner, folder in [
        (CHASSIS, ROOT / CHASSIS),
        *((path.name, path) for path in (ROOT / "services").iterdir() if path.is_dir()),
    ]:
        for path in folder.rglob("*.py"):
            parts = path.relative_to(ROOT).parts
            if not {"tests", "simulation", "testing"} & set(parts):
                found.update(reasons_in(owner, path.read_text(encoding="utf-8")))
    return tuple(sorted(found))


def reasons_in(owner: str, source: str) -> Iterator[Reason]:
    """The reasons in one source: calls of the classes of error with a literal reason."""
    known = statuses()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        status = known.get(ast.unparse(node.func).rsplit(".", 1)[-1])
        if status and isinstance(node.args[0], ast.Constant | ast.JoinedStr):
            text = _text(node.args[1]) if len(node.args) > 1 else ""
            yield Reason(owner=owner, name=_text(node.args[0]), status=status, text=text)


def _text(node: ast.expr) -> str:
    """A literal text; what a formatted one fills in stands as …."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    return "…"
