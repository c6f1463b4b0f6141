"""The least that a door does, as an interceptor: who calls under which key, and errors in words."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from chassis import call
from chassis.grpc_errors import to_status
from chassis.kernel.errors import Error
from chassis.simulation.calls import SUBJECT

KEY_FIELD = "idempotency_key"


class LightDoor:
    """A grpc.aio.ServerInterceptor without tokens, permissions, limits and telemetry."""

    def __init__(self, service: str) -> None:
        self._service = service

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], details: Any
    ) -> Any:
        handler = await continuation(details)
        if handler is None:
            return None
        name = details.method.rpartition("/")[2]
        metadata = dict(details.invocation_metadata)
        subject = str(metadata.get(SUBJECT, "service:unknown"))
        return _Handler(handler, _Entrance(self._service, name, subject))


@dataclass(frozen=True, slots=True)
class _Entrance:
    service: str
    name: str
    subject: str

    def enter(self, request: Any) -> None:
        """Say who calls, in the context of the task that serves the call."""
        call.enter(
            call.Call(
                method=f"{self.service}.{self.name}",
                principal=call.Principal(
                    subject=self.subject,
                    kind=self.subject.partition(":")[0],
                    roles=(self.subject.partition(":")[0],),
                    customer_id=self.subject.partition(":")[2],
                ),
                idempotency_key=getattr(request, KEY_FIELD, ""),
                request_hash=hashlib.sha256(request.SerializeToString(deterministic=True)).digest(),
                origin="simulation",
            )
        )

    async def refuse(self, context: Any, error: Error) -> None:
        """End the call as the real door would."""
        await context.abort(*to_status(error, f"{self.service}.cards"))


class _Handler:
    """A method handler that lets calls in."""

    def __init__(self, inner: Any, entrance: _Entrance) -> None:
        self.request_deserializer = inner.request_deserializer
        self.response_serializer = inner.response_serializer
        self.response_streaming = inner.response_streaming
        self._inner = inner
        self._entrance = entrance

    async def unary_unary(self, request: Any, context: Any) -> Any:
        self._entrance.enter(request)
        try:
            return await self._inner.unary_unary(request, context)
        except Error as error:
            await self._entrance.refuse(context, error)

    async def unary_stream(self, request: Any, context: Any) -> Any:
        self._entrance.enter(request)
        try:
            async for response in self._inner.unary_stream(request, context):
                yield response
        except Error as error:
            await self._entrance.refuse(context, error)
