"""Protos of the two small services that only the simulation knows, made at run time."""

from types import ModuleType
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import GetMessageClass

_Field = descriptor_pb2.FieldDescriptorProto
_KINDS = {"text": _Field.TYPE_STRING, "number": _Field.TYPE_INT64, "truth": _Field.TYPE_BOOL}


def module(file: str, package: str, messages: dict[str, dict[str, str]]) -> ModuleType:
    """What protoc would generate for messages given as name → field → kind."""
    proto = descriptor_pb2.FileDescriptorProto(name=file, package=package, syntax="proto3")
    for name, fields in messages.items():
        message = proto.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), 1):
            message.field.add(
                name=field, number=number, type=_KINDS[kind], label=_Field.LABEL_OPTIONAL
            )
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(proto.SerializeToString())
    made = ModuleType(package)
    descriptor = pool.FindFileByName(file)
    made.__dict__["DESCRIPTOR"] = descriptor
    for name in messages:
        setattr(made, name, GetMessageClass(descriptor.message_types_by_name[name]))
    return made


class Rpc:
    """The generated half of a gRPC service with unary rpcs: a stub class and a registration."""

    def __init__(self, service: str, rpcs: dict[str, tuple[Any, Any]]) -> None:
        self.service = service
        self.rpcs = rpcs

    def stub(self, channel: Any) -> Any:
        """What the generated stub class does when it is called."""
        made = ModuleType(self.service)
        for name, (request, response) in self.rpcs.items():
            call = channel.unary_unary(
                f"/{self.service}/{name}",
                request_serializer=request.SerializeToString,
                response_deserializer=response.FromString,
                _registered_method=True,
            )
            setattr(made, name, call)
        return made

    def add_to_server(self, servicer: Any, server: Any) -> None:
        """What the generated `add_…Servicer_to_server` does."""
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                getattr(servicer, name),
                request_deserializer=request.FromString,
                response_serializer=response.SerializeToString,
            )
            for name, (request, response) in self.rpcs.items()
        }
        server.add_registered_method_handlers(self.service, handlers)


TILL = module(
    "cards/till/v1/events.proto",
    "cards.till.v1",
    {
        "AmountSpent": {"account_id": "text", "amount_minor": "number", "note": "text"},
        "SpendingReviewed": {"account_id": "text", "note": "text"},
    },
)
TILL_RPCS = module(
    "cards/till/v1/till_service.proto",
    "cards.till.v1",
    {
        "OpenRequest": {"idempotency_key": "text", "account_id": "text", "limit_minor": "number"},
        "OpenResponse": {"position": "number"},
        "SpendRequest": {
            "idempotency_key": "text",
            "account_id": "text",
            "amount_minor": "number",
            "note": "text",
        },
        "SpendResponse": {"approved": "truth", "spent_minor": "number", "position": "number"},
    },
)
TILL_RPC = Rpc(
    "cards.till.v1.TillService",
    {
        "Open": (TILL_RPCS.OpenRequest, TILL_RPCS.OpenResponse),
        "Spend": (TILL_RPCS.SpendRequest, TILL_RPCS.SpendResponse),
    },
)

POINTS = module("cards/points/v1/events.proto", "cards.points.v1", {})
POINTS_RPCS = module(
    "cards/points/v1/points_service.proto",
    "cards.points.v1",
    {
        "AdviseRequest": {"account_id": "text"},
        "AdviseResponse": {"points": "number"},
        "ExplainRequest": {"idempotency_key": "text", "account_id": "text"},
        "ExplainResponse": {"position": "number"},
    },
)
POINTS_RPC = Rpc(
    "cards.points.v1.PointsService",
    {
        "Advise": (POINTS_RPCS.AdviseRequest, POINTS_RPCS.AdviseResponse),
        "Explain": (POINTS_RPCS.ExplainRequest, POINTS_RPCS.ExplainResponse),
    },
)
