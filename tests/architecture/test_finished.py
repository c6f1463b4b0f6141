"""Nothing unfinished: no promises, no skipped tests, no swallowed errors, nothing unbounded."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import Source, report, sources

PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
SKIPPED = re.compile(r"\bmark\.(skip|xfail)|\bpytest\.(skip|xfail)\b")

# What grows without end unless it is told a size, and where the size stands.
SIZED = {
    "asyncio.Queue": "maxsize",
    "queue.Queue": "maxsize",
    "concurrent.futures.ThreadPoolExecutor": "max_workers",
    "concurrent.futures.ProcessPoolExecutor": "max_workers",
}


def unfinished(source: Source) -> Iterator[str]:
    """Where a file promises, skips, swallows or sets no limit."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if PROMISE.search(line):
            yield f"{source.path}:{number}: a promise; do it or file it"
        if SKIPPED.search(line):
            yield f"{source.path}:{number}: a test that does not run proves nothing"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            yield from _swallowed(source, node)
        elif isinstance(node, ast.Raise) and node.exc and "NotImplemented" in ast.unparse(node.exc):
            yield f"{source.path}:{node.lineno}: not implemented; use an abstract method"
        elif isinstance(node, ast.Call) and _unbounded(source, node):
            yield f"{source.path}:{node.lineno}: {ast.unparse(node.func)} has no limit"


def _unbounded(source: Source, call: ast.Call) -> bool:
    limit = SIZED.get(source.resolve(call.func) or "")
    return limit is not None and not call.args and limit not in {k.arg for k in call.keywords}


def _swallowed(source: Source, handler: ast.ExceptHandler) -> Iterator[str]:
    # An error may be passed over where a comment says why that is right.
    if not all(isinstance(each, ast.Pass | ast.Continue) for each in handler.body):
        return
    written = source.text.splitlines()[handler.lineno - 1 : handler.end_lineno]
    if not any("#" in line for line in written):
        yield f"{source.path}:{handler.lineno}: an error is swallowed and nobody says why"


def test_nothing_is_left_unfinished() -> None:
    judged = [source for source in sources() if source.parts[-1] != "test_finished.py"]
    violations = [each for source in judged for each in unfinished(source)]
    assert not violations, report(violations)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1  # TODO later", 1),
        ("@pytest.mark.skip\ndef test_x(): ...", 1),
        ("try:\n    x()\nexcept OSError:\n    pass", 1),
        ("try:\n    x()\nexcept OSError:\n    pass  # It has gone already.", 0),
        ("for x in y:\n    try:\n        x()\n    except OSError:\n        continue", 1),
        ("def x():\n    raise NotImplementedError", 1),
        ("import asyncio\nx = asyncio.Queue()", 1),
        ("import asyncio\nx = asyncio.Queue(maxsize=LIMIT)", 0),
        ("from concurrent.futures import ThreadPoolExecutor\nx = ThreadPoolExecutor()", 1),
        ("from concurrent.futures import ThreadPoolExecutor\nx = ThreadPoolExecutor(2)", 0),
    ],
)
def test_the_check_catches_what_is_unfinished(text: str, expected: int) -> None:
    assert len(list(unfinished(Source("chassis/a.py", text)))) == expected
