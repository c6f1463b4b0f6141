"""docs/regulation.md is true: the tests that it names exist, and the examples in them too."""

import ast
import re
from pathlib import Path

import pytest

from services.accounts.tests.test_fee_examples import CASES

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "regulation.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (?!example \|)(.+?) \| `(\w+)::(\w+)` \|$", PAGE, re.MULTILINE)
"""What an example is, and the module and the name of its test."""

TOLD = "test_fees_of_the_commentary"


def defined_in(module: str) -> set[str]:
    tree = ast.parse((HERE / f"{module}.py").read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_every_line_of_a_table_is_understood() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("|")]
    heads = [line for line in lines if line in ("| example | test |", "|---|---|")]
    assert len(ROWS) == len(lines) - len(heads) > 40


@pytest.mark.parametrize("module", sorted({module for _, module, _ in ROWS}))
def test_every_test_that_is_named_exists(module: str) -> None:
    named = {name for _, of, name in ROWS if of == module}
    assert named <= defined_in(module)


def test_every_example_of_the_table_of_fees_is_named_and_no_other() -> None:
    named = {example for example, _, name in ROWS if name == TOLD}
    shown = {example.removeprefix("comment ").partition(" (")[0] for example in named}
    assert shown == {str(case.id) for case in CASES}
