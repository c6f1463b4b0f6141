"""What the services themselves say of their settings and of whom they call."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from chassis.config import Settings
from chassis.service import Service
from tests.deployment.cluster import ROOT, SERVICES

AUTH = "auth"


@cache
def described(service: str) -> Service:
    """The description of a service."""
    found: Service = import_module(f"services.{service}.app").SERVICE
    return found


@cache
def sources() -> Mapping[str, Sequence[str]]:
    """Service → whose facts it takes in, and whose feed it therefore reads."""
    return {service: described(service).sources for service in SERVICES}


def settings(service: str) -> type[Settings]:
    """The class of its settings."""
    return described(service).settings


@cache
def calls() -> Mapping[str, frozenset[str]]:
    """Service → whom it calls by gRPC: feeds, what its own code asks, and what the chassis asks on
    behalf of everybody."""
    everybodys = set(_stubs_in(ROOT / "chassis"))
    return {
        service: frozenset(
            everybodys | {*sources()[service], *_stubs_in(ROOT / "services" / service)}
        )
        - {service}
        for service in SERVICES
    }


def _stubs_in(folder: Path) -> Iterator[str]:
    """The services that code asks for stubs of: the second argument of `….stub(Class, "auth")`."""
    for path in folder.rglob("*.py"):
        if {"tests", "testing", "simulation"} & set(path.relative_to(folder).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="stub"), args=[_, ast.Constant(value=str(service)), *_]
                ):
                    yield service
                case _:
                    continue
