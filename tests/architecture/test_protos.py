"""Protos: every public message has its fact, and the vendored rules are the validator's own."""

import ast
import importlib
import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import protovalidate
import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from tests.architecture.source_tree import ROOT, Source, report, services, sources
from tests.architecture.test_names import classes_below


def facts_of(service: str, tree: tuple[Source, ...]) -> dict[str, set[str]]:
    """Name of each fact of a service → the names of its fields."""
    return {
        each.name: {
            line.target.id
            for line in each.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        }
        for source in tree
        if source.in_domain and source.parts[1] == service
        for each in classes_below(source, "Fact")
    }


def without_fact(file: FileDescriptor, facts: Mapping[str, Set[str]]) -> Iterator[str]:
    """The public messages that no fact of the service stands behind.

    A message that is only the type of a field (a merchant, say) is a value and needs none.
    """
    values = {
        field.message_type.full_name
        for message in file.message_types_by_name.values()
        for field in message.fields
        if field.message_type is not None
    }
    for name, message in file.message_types_by_name.items():
        if message.full_name not in values and name not in facts:
            yield f"{file.name}: {name} has no fact of its name"


def events_of(service: str) -> FileDescriptor:
    descriptor = importlib.import_module(f"cards.{service}.v1.events_pb2").DESCRIPTOR
    assert isinstance(descriptor, FileDescriptor)
    return descriptor


@pytest.mark.parametrize("service", services())
def test_every_public_message_has_a_fact_of_its_name(service: str) -> None:
    violations = list(without_fact(events_of(service), facts_of(service, sources())))
    assert not violations, report(violations)


def test_a_public_message_without_its_fact_is_found() -> None:
    events = events_of("accounts")
    everything = {name: set[str]() for name in events.message_types_by_name}
    assert not list(without_fact(events, everything))
    missing = dict(everything)
    del missing["AccountOpened"]
    assert list(without_fact(events, missing)) == [
        "cards/accounts/v1/events.proto: AccountOpened has no fact of its name"
    ]


def test_the_vendored_rules_are_those_of_the_installed_validator() -> None:
    """The validator reads rules by its own descriptor; ours must mean the same by every number."""
    package = Path(protovalidate.__file__).parent
    module = ast.parse((package / "_gen/buf/validate/validate_pb.py").read_text(encoding="utf-8"))
    (carried,) = (
        ast.literal_eval(node.args[0])
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "file_desc"
    )
    theirs = FileDescriptorProto.FromString(carried)
    # Python leaves the JSON names, which follow from the others, out of a descriptor.
    for field in [*theirs.extension, *(each for m in theirs.message_type for each in m.field)]:
        field.ClearField("json_name")
    ours = FileDescriptorProto()
    validate_pb2.DESCRIPTOR.CopyToProto(ours)
    assert ours == theirs


def test_one_service_a_file_and_events_have_none() -> None:
    violations = []
    for path in sorted((ROOT / "protos" / "cards").rglob("*.proto")):
        declared = re.findall(r"^service (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        allowed = 1 if path.stem.endswith("_service") else 0
        if len(declared) != allowed:
            violations.append(f"{path.relative_to(ROOT)}: services {declared}")
    assert not violations, report(violations)
