"""The rpcs of a server by path, as the one handler that grpc.aio is given."""

from collections.abc import Iterable, Mapping
from typing import Any

import grpc

from chassis.grpc_errors import to_status
from chassis.kernel.errors import Unavailable


class Methods:
    """A `grpc.GenericRpcHandler` that generated `add_…Servicer_to_server` take for a server.

    A grpc.aio server waits for each method that is registered with it by a task of its own, and
    goes through all of these at every call: with 170 of them that is half of the loop's work.
    """

    def __init__(self) -> None:
        self._by_path: dict[str, Any] = {}
        self._refused: Any = None

    def add_generic_rpc_handlers(self, handlers: Iterable[Any]) -> None:
        """Nothing: the same handlers are registered by name."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Remember the handlers of one proto service."""
        for name, handler in handlers.items():
            self._by_path[f"/{service}/{name}"] = handler

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of a call, or None where there is none."""
        return self._refused or self._by_path.get(handler_call_details.method)

    def refuse(self, service: str) -> None:
        """Tell every call from now on, in the name of a service, to ask another server.

        What grpc.aio has not taken up when it stops is told CANCELLED, which nobody repeats.
        """
        refusal = Unavailable("DRAINING", "this server stops; ask another")
        code, text, trailers = to_status(refusal, f"{service}.cards")

        async def refuse(requests: Any, context: Any) -> None:
            await context.abort(code, text, trailers)

        # Of either kind of rpc no request is read, and no response written.
        self._refused = grpc.stream_stream_rpc_method_handler(refuse)
