"""What the layers of the door know of an rpc (fixed at start-up) and of one call of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any

from cards.type.v1 import door_pb2
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from chassis.call import Call

IDEMPOTENCY_FIELD = "idempotency_key"


class AdmissionClass(StrEnum):
    """How urgent an rpc is, most urgent first; see cards.type.v1.AdmissionClass."""

    CRITICAL = "critical"
    AUTHORISE = "authorise"
    QUERY = "query"
    BATCH = "batch"


_CLASSES = {
    door_pb2.ADMISSION_CLASS_CRITICAL: AdmissionClass.CRITICAL,
    door_pb2.ADMISSION_CLASS_AUTHORISE: AdmissionClass.AUTHORISE,
    door_pb2.ADMISSION_CLASS_BATCH: AdmissionClass.BATCH,
}


class BadDescription(Exception):
    """A proto demands of the door what cannot be; found at start-up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MethodDescription:
    """One rpc as the door sees it. `full` is the name policies and logs use, `path` gRPC's name.

    `resource_id` reads the id of the object asked about from a request; None where there is no
    single object.
    """

    service: str
    name: str
    path: str
    request: type[Message]
    request_streaming: bool
    response_streaming: bool
    mutating: bool
    admission_class: AdmissionClass
    anonymous: bool
    resource_type: str
    resource_id: Callable[[Any], Any] | None

    @property
    def full(self) -> str:
        return f"{self.service}.{self.name}"


@dataclass(slots=True, eq=False)
class Inbound:
    """One call on its way in. `raw` is the request's bytes, or the stream of them; `request` the
    message, or the stream of messages, once it is read; `status` is what the caller was told."""

    context: Any
    metadata: Mapping[str, Any]
    raw: Any
    call: Call
    request: Any = None
    status: str = "OK"


Handler = Callable[[Inbound], Awaitable[Any]]
"""What one layer calls of the next. A response is returned; a stream of them is written by the
innermost handler to the context, so that a layer sees every kind of rpc as one coroutine."""

Layer = Callable[[MethodDescription, Handler], Handler]
"""Puts something round the handler of one rpc; called once per rpc at start-up."""


def describe(service: str, method: MethodDescriptor) -> MethodDescription:
    """The description of an rpc from its descriptor and its `(cards.type.v1.door)` option.

    Raises BadDescription when the option names a field that the request does not have.
    """
    demands = method.GetOptions().Extensions[door_pb2.door]
    mutating = IDEMPOTENCY_FIELD in method.input_type.fields_by_name
    if mutating and method.client_streaming:
        raise BadDescription(f"{method.full_name}: a stream of requests has no idempotency key")
    return MethodDescription(
        service=service,
        name=method.name,
        path=f"/{method.containing_service.full_name}/{method.name}",
        request=GetMessageClass(method.input_type),
        request_streaming=method.client_streaming,
        response_streaming=method.server_streaming,
        mutating=mutating,
        admission_class=_CLASSES.get(demands.admission_class, AdmissionClass.QUERY),
        anonymous=demands.anonymous,
        resource_type=demands.resource_type,
        resource_id=_getter(method, demands),
    )


def _getter(method: MethodDescriptor, demands: door_pb2.Door) -> Callable[[Any], Any] | None:
    path = demands.resource_field
    if not path:
        return None
    if not demands.resource_type:
        raise BadDescription(f"{method.full_name}: resource_field needs resource_type")
    message: Descriptor | None = method.input_type
    for name in path.split("."):
        field = None if message is None else message.fields_by_name.get(name)
        if field is None or field.is_repeated:
            raise BadDescription(f"{method.full_name}: no single field {path} in the request")
        message = field.message_type
    if message is not None:
        raise BadDescription(f"{method.full_name}: {path} is a message, not an id")
    return attrgetter(path)
