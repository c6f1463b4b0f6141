"""The tools: what they read in protos and code, and that a stale tree is seen and made fresh."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source_tree import report, sources
from tools.generate_protos import differences, replace
from tools.reasons import Reason, reasons_in
from tools.rpcs import read_comment, rpcs


def test_a_comment_falls_into_what_is_said_and_the_reasons() -> None:
    text = "Posts a\nmessage. Errors: NOT_FOUND CASE_UNKNOWN,\n CASE_CLOSED (for a day)."
    assert read_comment(text) == ("Posts a message.", ("CASE_UNKNOWN", "CASE_CLOSED"))
    assert read_comment("Reads.") == ("Reads.", ())


def test_reasons_are_read_from_the_errors_that_are_raised() -> None:
    code = "raise Refused('CARD_LOST', f'card {last} is lost')\nraise ValueError('NO_REASON')"
    assert list(reasons_in("accounts", code)) == [
        Reason(
            owner="accounts",
            name="CARD_LOST",
            status="FAILED_PRECONDITION",
            text="card … is lost",
        )
    ]


def test_every_rpc_says_what_it_does() -> None:
    silent = [f"{rpc.service}.{rpc.name}" for rpc in rpcs() if not rpc.comment]
    assert not silent, report(silent)


def reasons_among(tree: ast.Module) -> Iterator[str]:
    """The literal texts of a file, and what the chassis says of a category that is not there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
            yield f"{node.value.upper()}_NOT_FOUND"


def test_every_reason_that_an_rpc_names_is_given_by_the_code() -> None:
    """A caller who handles a reason that nobody gives handles nothing."""
    given: dict[str, set[str]] = {}
    for source in sources():
        if not source.is_test and source.parts[0] in ("chassis", "services"):
            owner = source.parts[1] if source.parts[0] == "services" else "chassis"
            given.setdefault(owner, set()).update(reasons_among(source.tree))
    unknown = [
        f"{rpc.service}.{rpc.name}: {reason}"
        for rpc in rpcs()
        for reason in rpc.reasons
        if rpc.package in given and reason not in given[rpc.package] | given["chassis"]
    ]
    assert not unknown, report(unknown)


def tree(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_stale_generated_tree_is_seen_and_made_fresh(tmp_path: Path) -> None:
    fresh = tree(tmp_path / "fresh", cards__a="1", cards__b="2")
    committed = tree(tmp_path / "committed", cards__a="1", cards__b="old", gone__c="3")
    assert differences(fresh, committed) == [
        "cards/b: stale",
        "gone/c: no proto gives it",
    ]
    replace(fresh, committed)
    assert not differences(fresh, committed)
    assert not (committed / "gone").exists()
    (committed / "cards" / "a").unlink()
    assert differences(fresh, committed) == ["cards/a: missing"]
