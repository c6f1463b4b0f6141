"""Budgets: how long a line, a function and a file may be, and that each module says what it is."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import ROOT, Source, report, sources

LINE_COLUMNS = 100
FILE_LINES = 400
FUNCTION_LINES = 70
DOMAIN_FUNCTION_LINES = 40
DOCSTRING_LINES = 3
DRAWING = frozenset("├└│─▶")


def over_budget(source: Source) -> Iterator[str]:
    """Where a file is longer than it may be, or does not say what it is."""
    lines = source.text.splitlines()
    if len(lines) > FILE_LINES:
        yield f"{source.path}: {len(lines)} lines; a file has at most {FILE_LINES}"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS:
            yield f"{source.path}:{number}: {len(line)} columns; a line has at most {LINE_COLUMNS}"
    limit = DOMAIN_FUNCTION_LINES if source.in_domain else FUNCTION_LINES
    for function in source.functions():
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > limit:
            yield f"{source.path}:{function.lineno} {function.name}: {length} lines of {limit}"
    yield from _docstring(source)


def _docstring(source: Source) -> Iterator[str]:
    text = ast.get_docstring(source.tree)
    if not text:
        yield f"{source.path}: no docstring"
        return
    # A drawing, such as the tree of errors, says more than three lines could, and is not counted.
    paragraphs = [part for part in text.split("\n\n") if not set(part) & DRAWING]
    lines = [line for part in paragraphs for line in part.splitlines() if line.strip()]
    if len(lines) > DOCSTRING_LINES:
        yield f"{source.path}: a docstring of {len(lines)} lines; it has one to {DOCSTRING_LINES}"


def test_files_functions_lines_and_docstrings_keep_to_their_budgets() -> None:
    violations = [each for source in sources() for each in over_budget(source)]
    assert not violations, report(violations)


def test_lines_of_protos_keep_to_their_budget() -> None:
    violations = [
        f"{path.relative_to(ROOT)}:{number}: {len(line)} columns"
        for path in sorted((ROOT / "protos" / "cards").rglob("*.proto"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LINE_COLUMNS
    ]
    assert not violations, report(violations)


def function_of(lines: int) -> str:
    return '"""Text."""\ndef long() -> None:\n' + "    x = 1\n" * (lines - 1)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("chassis/a.py", '"""Text."""\n' + "x = 1\n" * 399, 0),
        ("chassis/a.py", '"""Text."""\n' + "x = 1\n" * 400, 1),
        ("chassis/a.py", '"""Text."""\n#' + "x" * 100, 1),
        ("chassis/a.py", function_of(70), 0),
        ("chassis/a.py", function_of(71), 1),
        ("services/a/domain/b.py", function_of(40), 0),
        ("services/a/domain/b.py", function_of(41), 1),
        ("services/a/domain/tests/test_b.py", function_of(41), 0),
        ("chassis/a.py", "", 1),
        ("chassis/a.py", '"""One.\n\nTwo.\nThree.\n"""', 0),
        ("chassis/a.py", '"""One.\n\nTwo.\nThree.\nFour.\n"""', 1),
        ("chassis/a.py", '"""One.\n\nA\n├── B\n├── C\n└── D\n"""', 0),
    ],
)
def test_the_budgets_catch_what_is_over_them(path: str, text: str, expected: int) -> None:
    assert len(list(over_budget(Source(path, text)))) == expected
