"""Names: facts say what happened, commands what is asked, and both are spelt the British way."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source_tree import ROOT, Source, report, sources

# A fact ends in a past participle: a regular one, or one of these.
REGULAR = re.compile(r"[^e]ed$|(fre|agre|decre|guarante)ed$")
RECORDING = frozenset({"Mark", "Note", "Record", "Report"})
PARTICLES = frozenset({"Away", "Back", "Down", "In", "Off", "On", "Out", "Over", "Up"})
IRREGULAR = frozenset(
    {
        "Begun",
        "Bound",
        "Broken",
        "Brought",
        "Built",
        "Chosen",
        "Cut",
        "Done",
        "Drawn",
        "Forgotten",
        "Found",
        "Frozen",
        "Given",
        "Gone",
        "Held",
        "Hidden",
        "Kept",
        "Known",
        "Laid",
        "Left",
        "Lent",
        "Lost",
        "Made",
        "Met",
        "Overdrawn",
        "Paid",
        "Put",
        "Read",
        "Repaid",
        "Run",
        "Seen",
        "Sent",
        "Set",
        "Shown",
        "Shut",
        "Spent",
        "Stolen",
        "Taken",
        "Told",
        "Torn",
        "Undone",
        "Withdrawn",
        "Withheld",
        "Won",
        "Written",
    }
)

AMERICAN = re.compile(
    r"authoriz|recogniz|organiz|categoriz|summariz|anonymiz|penaliz|behavior|color|favorit|honor"
    r"|canceled|canceling|fulfillment|catalog(?!ue)|enrollment",
    re.IGNORECASE,
)


def words(name: str) -> list[str]:
    """`ChargeAuthorised` → ["Charge", "Authorised"]."""
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", name)


def says_what_happened(name: str) -> bool:
    """Whether a name ends in a past participle, or in one and its particle (`LoggedIn`)."""
    *before, last = words(name)
    if last in PARTICLES and before:
        last = before[-1]
    return bool(REGULAR.search(last)) or last in IRREGULAR


def is_an_order(name: str) -> bool:
    """Whether a name can be read as an order: it ends as no fact does, or orders to record one."""
    parts = words(name)
    return parts[0] in RECORDING or not REGULAR.search(parts[-1])


def classes_below(source: Source, base: str) -> Iterator[ast.ClassDef]:
    """The classes of a file whose base class is called `base`."""
    for each in source.classes():
        if any(ast.unparse(parent).split(".")[-1] == base for parent in each.bases):
            yield each


def badly_named(source: Source) -> Iterator[str]:
    """Facts that do not end in a past participle, commands that do; undecorated ones of both."""
    for base, decorator in (("Fact", "fact"), ("Command", "command")):
        for each in classes_below(source, base):
            place = f"{source.path}:{each.lineno}: {each.name}"
            if base == "Fact" and not says_what_happened(each.name):
                yield f"{place}: a fact ends in a past participle"
            if base == "Command" and not is_an_order(each.name):
                yield f"{place}: a command is an order, not what came of it"
            if not any(
                ast.unparse(mark).split(".")[-1] == decorator for mark in each.decorator_list
            ):
                yield f"{place}: lacks @{decorator}"


def american(names: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The names that are spelt the American way; each comes with its place."""
    for place, name in names:
        # The metadata key of a token is spelt so by its standard.
        if AMERICAN.search(name) and name.lower() != "authorization":
            yield f"{place}: {name}"


def defined_names(source: Source) -> Iterator[tuple[str, str]]:
    """Every name that a file itself gives: classes, functions, arguments, variables, attributes."""
    for node in ast.walk(source.tree):
        place = f"{source.path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield place, node.name
        elif isinstance(node, ast.arg):
            yield place, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield place, node.id if isinstance(node, ast.Name) else node.attr


def defined_in_protos() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "protos" / "cards").rglob("*.proto")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            declaration = line.split("//")[0]
            yield from (
                (f"{path.relative_to(ROOT)}:{number}", name)
                for name in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", declaration)
            )


def test_facts_end_in_a_past_participle_and_commands_do_not() -> None:
    violations = [each for source in sources() if source.in_domain for each in badly_named(source)]
    assert not violations, report(violations)


def test_names_are_british() -> None:
    judged = [source for source in sources() if source.parts[:2] != ("tests", "architecture")]
    violations = [each for source in judged for each in american(defined_names(source))]
    violations += american(defined_in_protos())
    assert not violations, report(violations)


def test_no_two_facts_of_a_service_share_a_name() -> None:
    """A fact is stored under its name, so two of one name could not be told apart."""
    seen: dict[tuple[str, str], str] = {}
    violations = []
    for source in sources():
        if not source.in_domain:
            continue
        for each in classes_below(source, "Fact"):
            key = (source.parts[1], each.name)
            place = f"{source.path}:{each.lineno}"
            if key in seen:
                violations.append(f"{place}: {each.name} is also in {seen[key]}")
            seen[key] = place
    assert not violations, report(violations)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@fact\nclass ChargeAuthorised(Fact): ...", 0),
        ("@fact\nclass CardReportedLost(Fact): ...", 0),
        ("@fact\nclass AuthoriseCharge(Fact): ...", 1),
        ("class ChargeAuthorised(Fact): ...", 1),
        ("@command\nclass AuthoriseCharge(Command): ...", 0),
        ("@command\nclass ChargeAuthorised(Command): ...", 1),
        ("@command\nclass Redeem(Command): ...", 0),
        ("@fact\nclass HolderLoggedIn(Fact): ...", 0),
        ("@command\nclass ReportCardLost(Command): ...", 0),
        ("@command\nclass ProposeRuleSet(Command): ...", 0),
        ("@command\nclass RecordSendFailed(Command): ...", 0),
        ("@value\nclass Merchant: ...", 0),
    ],
)
def test_the_name_check_catches_bad_names(text: str, expected: int) -> None:
    assert len(list(badly_named(Source("services/a/domain/events.py", text)))) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AuthorizeCharge", 1),
        ("authorise_charge", 0),
        ("catalog", 1),
        ("catalogue", 0),
        ("canceled_at", 1),
        ("cancelled_at", 0),
        ("fulfillment", 1),
        ("fulfilment", 0),
    ],
)
def test_the_spelling_check_knows_both_ways(name: str, expected: int) -> None:
    assert len(list(american([("here", name)]))) == expected


def test_a_name_falls_into_words() -> None:
    assert words("ChargeAuthorised") == ["Charge", "Authorised"]
    assert words("PANKept") == ["PAN", "Kept"]
