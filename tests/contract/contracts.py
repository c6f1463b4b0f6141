"""What the protos promise, read from their descriptors: the rpcs of every service, public facts."""

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from cards.type.v1 import door_pb2
from google.protobuf.descriptor import (
    Descriptor,
    FileDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "protos" / "gen"
SERVICES = ("accounts", "auth", "loyalty", "notify", "risk", "support")
EVERYWHERE = "feed"
"""The package of what every service serves."""
KEY = "idempotency_key"


@dataclass(frozen=True)
class Rpc:
    """One rpc of one service."""

    service: str
    method: MethodDescriptor

    def __str__(self) -> str:
        return f"{self.service}.{self.name}"

    @property
    def name(self) -> str:
        return self.method.name

    @property
    def path(self) -> str:
        """What gRPC calls it."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"

    @property
    def request(self) -> type[Message]:
        return GetMessageClass(self.method.input_type)

    @property
    def response(self) -> type[Message]:
        return GetMessageClass(self.method.output_type)

    @property
    def streams(self) -> bool:
        """Its answers are a stream."""
        return self.method.server_streaming

    @property
    def converses(self) -> bool:
        """Its requests are a stream."""
        return self.method.client_streaming

    @property
    def mutating(self) -> bool:
        return KEY in self.method.input_type.fields_by_name

    @property
    def acknowledges(self) -> bool:
        """Its answer has a receipt. Where a secret is in a request, there is no key to name it by,
        but a receipt all the same."""
        return "receipt" in self.method.output_type.fields_by_name

    @property
    def door(self) -> Any:
        """The demands of the door, a cards.type.v1.Door."""
        return self.method.GetOptions().Extensions[door_pb2.door]


@cache
def files() -> tuple[FileDescriptor, ...]:
    """Every generated file under `cards`."""
    paths = sorted((GENERATED / "cards").rglob("*_pb2.py"))
    names = [".".join(path.relative_to(GENERATED).with_suffix("").parts) for path in paths]
    return tuple(import_module(name).DESCRIPTOR for name in names)


def proto_services(service: str) -> list[ServiceDescriptor]:
    """The proto services that one of the six has to serve: its own, and those of everybody."""
    return [
        each
        for file in files()
        if file.package.split(".")[1] in (service, EVERYWHERE)
        for each in file.services_by_name.values()
    ]


@cache
def rpcs() -> tuple[Rpc, ...]:
    """Every rpc of every service."""
    return tuple(
        Rpc(service, method)
        for service in SERVICES
        for described in proto_services(service)
        for method in described.methods
    )


@cache
def rpc(name: str) -> Rpc:
    """An rpc by `<service>.<Rpc>`."""
    return next(each for each in rpcs() if str(each) == name)


@cache
def facts() -> dict[str, Descriptor]:
    """Every public fact by its full name: the messages of events.proto that are no part of one."""
    found: dict[str, Descriptor] = {}
    for file in files():
        if file.name.endswith("/events.proto"):
            messages = file.message_types_by_name.values()
            parts = {
                field.message_type
                for message in messages
                for field in message.fields
                if field.message_type is not None
            }
            found.update({each.full_name: each for each in messages if each not in parts})
    return found


def snake(name: str) -> str:
    """`ChargeAuthorised` → `charge_authorised`, as subjects spell it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
