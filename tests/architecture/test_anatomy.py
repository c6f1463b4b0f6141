"""Anatomy: six services, each with the same rooms under the same names."""

from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, report

SIX = {"accounts", "auth", "risk", "loyalty", "notify", "support"}

# What every service has, and what it may have; each may be a file or a package of that name.
REQUIRED = {"__init__", "__main__", "app", "config", "domain", "grpc_api", "tests"}
OPTIONAL = {
    "policies",
    "publishing",
    "projections",
    "queries",
    "tables",
    "clients",
    "use_cases",
    "migrations",
}

# Adapters that one service alone has, and why.
OWN: Mapping[str, Set[str]] = {
    # A second door, for card networks that speak ISO 8583; and statements as pages and files.
    "accounts": {"iso8583", "rendering"},
    # Evaluates the rules, written in CEL, that an analyst may change without a release; and
    # compares names across scripts and spellings.
    "risk": {"rule_engine", "name_matching"},
    # Keeps the earning rules in force in memory, and never trusts them for longer than is safe.
    "loyalty": {"rule_reader"},
    # Words messages from templates, in two languages, as text and as HTML.
    "notify": {"rendering"},
}


def rooms(service: Path) -> set[str]:
    """The Python files and packages directly in a service's folder; data folders are not rooms."""
    return {
        path.stem
        for path in service.iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
    }


def out_of_place(service: Path) -> Iterator[str]:
    """What a service lacks, and what it has that no other would look for."""
    present = rooms(service)
    yield from (f"{service.name} has no {name}" for name in sorted(REQUIRED - present))
    known = REQUIRED | OPTIONAL | OWN.get(service.name, set())
    yield from (f"{service.name} has a room of its own: {name}" for name in sorted(present - known))
    readme = service / "README.md"
    if not readme.exists():
        yield f"{service.name} has no README.md that says what it answers for"


def present_services() -> list[Path]:
    folder = ROOT / "services"
    if not folder.exists():
        return []
    hidden = ("__pycache__", ".")
    return sorted(path for path in folder.iterdir() if not path.name.startswith(hidden))


def test_there_are_six_services_and_nothing_besides() -> None:
    names = {path.name for path in present_services()}
    assert not names - SIX, report(sorted(names - SIX))
    assert not names or names == SIX, report(sorted(SIX - names))


def test_every_service_has_the_same_rooms() -> None:
    violations = [each for service in present_services() for each in out_of_place(service)]
    assert not violations, report(violations)


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    service = tmp_path / "accounts"
    service.mkdir()
    (service / "README.md").write_text("# accounts")
    for name in REQUIRED - {"domain", "tests"}:
        (service / f"{name}.py").write_text("")
    for name in ("domain", "tests"):
        (service / name).mkdir()
        (service / name / "__init__.py").write_text("")
    return service


def test_a_complete_service_is_in_order(complete: Path) -> None:
    (complete / "templates").mkdir()
    (complete / "templates" / "declined.en.txt").write_text("")
    (complete / "queries.py").write_text("")
    assert not list(out_of_place(complete))


@pytest.mark.parametrize("name", ["helpers.py", "utils/x.py"])
def test_an_unknown_room_is_found(complete: Path, name: str) -> None:
    path = complete / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    assert list(out_of_place(complete)) == [
        f"accounts has a room of its own: {Path(name).parts[0].removesuffix('.py')}"
    ]


def test_a_missing_room_is_found(complete: Path) -> None:
    (complete / "grpc_api.py").unlink()
    (complete / "README.md").unlink()
    assert len(list(out_of_place(complete))) == 2
