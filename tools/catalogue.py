"""Write docs/catalogue.md: commands, facts, subjects, policies, timers, rpcs and errors.

With --check nothing is written; it fails when the page is not what the code gives.
"""

import argparse
import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from chassis.envelope import snake_case
from chassis.kernel.ids import PARTITIONS
from chassis.service import Service
from tools.reasons import CHASSIS, Reason, reasons
from tools.rpcs import Rpc, rpcs

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "catalogue.md"
HEAD = """\
# Catalogue

Written by `make catalogue` from the code and the protos; `make check` says when it is not fresh.
A fact is public when it has a subject; `<p>` is the partition of its stream, 0 to {last}.
"""


def services() -> Iterator[Service]:
    """The descriptions of the services, by name."""
    for app in sorted((ROOT / "services").glob("*/app.py")):
        description = importlib.import_module(f"services.{app.parent.name}.app").SERVICE
        assert isinstance(description, Service)
        yield description


def page() -> str:
    """The whole page."""
    told, refused = rpcs(), reasons()
    parts = [HEAD.format(last=PARTITIONS - 1)]
    for service in services():
        parts.append(f"## {service.name}\n")
        parts += _section("Commands", ("command", "decided by", "what it asks"), _commands(service))
        parts += _section("Facts", ("fact", "what happened", "subject"), _facts(service))
        parts += _section("Policies", ("policy", "whenever", "what we do"), _policies(service))
        parts += _section("Timers", ("timer", "whenever", "what we do"), _timers(service))
        own = [each for each in told if each.package == service.name]
        parts += _section("Rpcs", ("rpc", "class", "what it answers", "errors"), _rpcs(own))
        parts += _section("Errors", ("reason", "status", "text"), _errors(service.name, refused))
    parts.append("## Every service\n")
    parts += _section(
        "Rpcs",
        ("rpc", "class", "what it answers", "errors"),
        _rpcs([each for each in told if each.package == "feed"]),
    )
    parts += _section("Errors", ("reason", "status", "text"), _errors(CHASSIS, refused))
    return "\n".join(parts)


def _section(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    if not lines:
        return []
    return [
        f"### {title}\n",
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *lines,
        "",
    ]


def _said(thing: Any) -> str:
    """The first paragraph of a docstring on one line."""
    text = inspect.getdoc(thing) or ""
    # A dataclass without a docstring of its own is given its signature for one.
    if text.startswith(f"{getattr(thing, '__name__', '')}("):
        return ""
    return " ".join(text.split("\n\n")[0].split())


def _commands(service: Service) -> Iterator[tuple[str, ...]]:
    for decider in service.deciders:
        for command in decider.commands:
            yield f"`{command.__name__}`", f"`{decider.category}`", _said(command)


def _facts(service: Service) -> Iterator[tuple[str, ...]]:
    public = service.public.DESCRIPTOR.message_types_by_name
    package = service.public.DESCRIPTOR.package
    # A fact that several kinds of aggregate record is listed once.
    for fact in dict.fromkeys(each for decider in service.deciders for each in decider.facts):
        name = fact.__name__
        subject = f"`{package}.{snake_case(name)}.<p>`" if name in public else ""
        yield f"`{fact.topic()}`", _said(fact), subject


def _policies(service: Service) -> Iterator[tuple[str, ...]]:
    for policy in service.policies:
        yield policy.name, f"`{policy.on.DESCRIPTOR.full_name}`", _said(policy.do)


def _timers(service: Service) -> Iterator[tuple[str, ...]]:
    for timer in service.timers:
        yield timer.do.__name__, f"`{timer.on.__name__}`", _said(timer.do)


def _rpcs(told: Iterable[Rpc]) -> Iterator[tuple[str, ...]]:
    for rpc in told:
        marks = [rpc.admission]
        marks += ["changes"] if rpc.mutating else []
        marks += ["streams"] if rpc.streaming else []
        marks += ["anonymous"] if rpc.anonymous else []
        errors = ", ".join(f"`{reason}`" for reason in rpc.reasons)
        yield f"`{rpc.service}.{rpc.name}`", ", ".join(marks), rpc.comment, errors


def _errors(owner: str, refused: Iterable[Reason]) -> Iterator[tuple[str, ...]]:
    for reason in refused:
        if reason.owner == owner:
            yield f"`{reason.name}`", reason.status, reason.text


def main() -> int:
    """Write the page, or compare; 0 when it is (now) fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    check = parser.parse_args().check
    fresh = page()
    if not check:
        PAGE.write_text(fresh, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh:
        return 0
    print("docs/catalogue.md is not what the code gives; run `make catalogue`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
