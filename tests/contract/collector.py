"""A collector of traces and metrics that keeps what it is sent, as it is sent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chassis.testing.processes import LOOPBACK

WORKERS = 2
STOP_SECONDS = 1.0
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


class Collector(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """An OTLP collector; use it as a context manager."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self._server = grpc.server(ThreadPoolExecutor(WORKERS), handlers=[self])
        self.endpoint = f"{LOOPBACK}:{self._server.add_insecure_port(f'{LOOPBACK}:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(STOP_SECONDS).wait()

    def service(self, handler_call_details: Any) -> Any:
        """Whatever is exported is kept."""
        path = handler_call_details.method

        def keep(request: bytes, context: grpc.ServicerContext) -> bytes:
            self.received.append((path, request))
            return b""

        return grpc.unary_unary_rpc_method_handler(keep)

    def spans(self) -> Iterator[tuple[str, Any]]:
        """Every span, with the name of the service that it is of."""
        for path, raw in list(self.received):
            if path == TRACES:
                for each in ExportTraceServiceRequest.FromString(raw).resource_spans:
                    for scope in each.scope_spans:
                        yield from ((_name(each.resource), span) for span in scope.spans)

    def measuring(self) -> set[str]:
        """The services that sent metrics."""
        return {
            _name(each.resource)
            for path, raw in list(self.received)
            if path == METRICS
            for each in ExportMetricsServiceRequest.FromString(raw).resource_metrics
        }


def _name(resource: Any) -> str:
    known = {each.key: each.value.string_value for each in resource.attributes}
    return str(known["service.name"])
