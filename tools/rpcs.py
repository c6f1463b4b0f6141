"""What the protos say of themselves: every rpc with its comment, its errors and its door."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cards.type.v1 import door_pb2
from google.protobuf.descriptor_pb2 import (
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

from tools.generate_protos import protoc, sources

# Paths of a descriptor's parts, as source information names them.
SERVICE_FIELD = 6
METHOD_FIELD = 2

REASON = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
STATUSES = frozenset(
    {
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "FAILED_PRECONDITION",
        "RESOURCE_EXHAUSTED",
        "DEADLINE_EXCEEDED",
    }
)


@dataclass(frozen=True, kw_only=True)
class Rpc:
    """One rpc; `package` is the name of its package between `cards.` and the version."""

    package: str
    service: str
    name: str
    comment: str
    reasons: tuple[str, ...]
    admission: str
    anonymous: bool
    mutating: bool
    streaming: bool


def rpcs() -> tuple[Rpc, ...]:
    """Every rpc of every proto, in the order in which they are written."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.binpb"
        protoc(sources(), "--include_source_info", f"--descriptor_set_out={image}")
        files = FileDescriptorSet.FromString(image.read_bytes()).file
    return tuple(rpc for file in files for rpc in _rpcs_of(file))


def _rpcs_of(file: FileDescriptorProto) -> Iterator[Rpc]:
    comments = {tuple(each.path): each.leading_comments for each in file.source_code_info.location}
    mutating = {
        message.name
        for message in file.message_type
        if any(field.name == "idempotency_key" for field in message.field)
    }
    for number, service in enumerate(file.service):
        for index, method in enumerate(service.method):
            text = comments.get((SERVICE_FIELD, number, METHOD_FIELD, index), "")
            comment, reasons = read_comment(text)
            yield Rpc(
                package=file.package.split(".")[1],
                service=service.name,
                name=method.name,
                comment=comment,
                reasons=reasons,
                admission=_admission(method),
                anonymous=method.options.Extensions[door_pb2.door].anonymous,
                mutating=method.input_type.rsplit(".", 1)[-1] in mutating,
                streaming=method.server_streaming,
            )


def read_comment(text: str) -> tuple[str, tuple[str, ...]]:
    """What a comment says, and the reasons that it names behind `Errors:`."""
    flat = " ".join(text.split())
    said, _, errors = flat.partition("Errors:")
    reasons = dict.fromkeys(each for each in REASON.findall(errors) if each not in STATUSES)
    return said.strip(), tuple(reasons)


def _admission(method: MethodDescriptorProto) -> str:
    number = method.options.Extensions[door_pb2.door].admission_class
    return door_pb2.AdmissionClass.Name(number).removeprefix("ADMISSION_CLASS_").lower()
