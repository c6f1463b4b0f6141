"""Traces that go through, and figures of what was asked, refused and slow."""

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import (
    metrics_service_pb2,
    metrics_service_pb2_grpc,
)
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from chassis import call as calls
from chassis.call import Call, entered
from chassis.config import Settings
from chassis.kernel.errors import Refused
from chassis.telemetry import Telemetry
from chassis.tests.door.conftest import Doorway, doorway, until
from chassis.tests.door.refusals import refusal

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
UNSAMPLED = f"00-{TRACE_ID}-00f067aa0ba902b7-00"


def ping(door: Doorway, traceparent: str | None = None, seconds: float = 20) -> Any:
    metadata = [("traceparent", traceparent)] if traceparent else None
    return door.stub.Ping(door.pb.PingRequest(), metadata=metadata, timeout=seconds)


async def seen(door: Doorway, traceparent: str | None = None) -> str:
    found: list[str] = []

    async def note(request: Any) -> None:
        found.append(calls.current().traceparent)

    door.api.behave = note
    await ping(door, traceparent)
    return found[0]


async def test_a_sampled_trace_goes_on_as_a_child(door: Doorway) -> None:
    onward = await seen(door, SAMPLED)
    [span] = door.spans.get_finished_spans()
    assert span.name == "echo.Ping"
    assert span.kind is SpanKind.SERVER
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert onward == f"00-{TRACE_ID}-{span.context.span_id:016x}-01"
    assert (span.attributes or {})["cards.status"] == "OK"


async def test_an_unsampled_trace_goes_through_untouched(door: Doorway) -> None:
    assert await seen(door, UNSAMPLED) == UNSAMPLED
    assert door.spans.get_finished_spans() == ()


async def test_where_no_trace_is_one_begins(door: Doorway) -> None:
    for bad in (None, "", "00-0-0-00", UNSAMPLED.upper(), f"00-{'0' * 32}-00f067aa0ba902b7-00"):
        onward = await seen(door, bad)
        assert onward.endswith("-00")
        assert TRACE_ID not in onward
        assert len(onward) == 55
    async with doorway(sample_ratio=1.0) as always:
        assert int((await seen(always))[-2:], 16) & 1
        [span] = always.spans.get_finished_spans()
        assert span.parent is None


async def test_a_trace_spans_the_hop(door: Doorway) -> None:
    spans = InMemorySpanExporter()
    telemetry = Telemetry("support", processors=[SimpleSpanProcessor(spans)])
    stub = door.rpc(telemetry=telemetry).stub(type(door.stub), "echo")
    with entered(Call(method="support.Look", traceparent=SAMPLED)):
        await stub.Ping(door.pb.PingRequest())
    [client] = spans.get_finished_spans()
    [server] = door.spans.get_finished_spans()
    assert client.kind is SpanKind.CLIENT
    assert server.parent is not None
    assert server.parent.span_id == client.context.span_id
    telemetry.close()


async def test_rate_errors_and_duration_are_counted(door: Doorway) -> None:
    await ping(door)
    await ping(door)

    async def refuse(request: Any) -> None:
        raise Refused("NO", "no")

    door.api.behave = refuse
    await refusal(ping(door))
    await refusal(door.stub.Sweep(door.pb.SweepRequest(), timeout=5))
    counted = points(door.metrics, "rpc.server.call.duration")
    assert {
        (each.attributes["rpc.method"], each.attributes["rpc.response.status_code"]): each.count
        for each in counted
    } == {
        ("echo.Ping", "OK"): 2,
        ("echo.Ping", "FAILED_PRECONDITION"): 1,
        ("echo.Sweep", "UNAUTHENTICATED"): 1,
    }
    [in_flight] = points(door.metrics, "cards.rpc.in_flight")
    assert in_flight.value == 0


async def test_a_caller_who_hangs_up_is_counted_as_such(door: Doorway) -> None:
    begun = asyncio.Event()

    async def wait(request: Any) -> None:
        begun.set()
        await asyncio.sleep(30)

    door.api.behave = wait
    call = ping(door)
    await begun.wait()
    call.cancel()
    await until(lambda: bool(points(door.metrics, "rpc.server.call.duration")))
    [point] = points(door.metrics, "rpc.server.call.duration")
    assert point.attributes["rpc.response.status_code"] == "CANCELLED"


async def test_refusals_at_admission_are_counted_by_class() -> None:
    async with doorway(max_in_flight=8) as door:
        go = asyncio.Event()

        async def wait(request: Any) -> None:
            await go.wait()

        door.api.behave = wait
        calls = [asyncio.ensure_future(ping(door, seconds=30)) for _ in range(12)]
        await until(lambda: sum(call.done() for call in calls) == 4)
        go.set()
        await asyncio.gather(*calls, return_exceptions=True)
        [refused] = points(door.metrics, "cards.admission.refusals")
        assert refused.attributes == {"class": "query", "reason": "TOO_MANY_IN_FLIGHT"}
        assert refused.value == 4


def points(reader: InMemoryMetricReader, name: str) -> list[Any]:
    data = reader.get_metrics_data()
    return [
        point
        for resource in (data.resource_metrics if data is not None else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
    ]


def test_a_span_of_a_worker_is_kept_if_the_message_was_sampled() -> None:
    spans = InMemorySpanExporter()
    telemetry = Telemetry("loyalty", processors=[SimpleSpanProcessor(spans)])
    with telemetry.span("award", UNSAMPLED, SpanKind.CONSUMER) as onward:
        assert onward == UNSAMPLED

    def fail() -> None:
        with telemetry.span("award", SAMPLED, SpanKind.CONSUMER) as onward:
            assert onward.startswith(f"00-{TRACE_ID}-")
            raise ValueError("private")

    with pytest.raises(ValueError, match="private"):
        fail()
    [span] = spans.get_finished_spans()
    assert not span.status.is_ok
    assert "private" not in span.to_json()
    telemetry.close()


def test_about_as_many_traces_are_kept_as_was_asked_for() -> None:
    spans = InMemorySpanExporter()
    telemetry = Telemetry(
        "echo", sample_ratio=0.1, processors=[SimpleSpanProcessor(spans)], source=random.Random(7)
    )
    for _ in range(1000):
        with telemetry.span("work", None):
            pass
    assert 70 < len(spans.get_finished_spans()) < 130
    telemetry.close()


def test_without_a_collector_nothing_is_measured() -> None:
    telemetry = Telemetry.of("echo", Settings())
    assert not telemetry.measures
    telemetry.metrics.batch_committed(3, 0.01)
    telemetry.metrics.relay_lag.set(5)
    telemetry.close()


def test_hooks_of_the_store_are_counted() -> None:
    reader = InMemoryMetricReader()
    telemetry = Telemetry("echo", readers=[reader])
    telemetry.metrics.batch_committed(3, 0.01)
    telemetry.metrics.consumer_lag.set(5, {"source": "accounts"})
    [units] = points(reader, "cards.commit.units")
    assert (units.count, units.sum) == (1, 3)
    [lag] = points(reader, "cards.consumer.lag")
    assert (lag.value, lag.attributes) == (5, {"source": "accounts"})
    telemetry.close()


class Collector:
    """A collector of traces and metrics, as the settings name one."""

    def __init__(self) -> None:
        self.spans: list[str] = []
        self.metrics: set[str] = set()

    def Export(self, request: Any, context: Any) -> Any:
        if isinstance(request, trace_service_pb2.ExportTraceServiceRequest):
            found = [s for r in request.resource_spans for c in r.scope_spans for s in c.spans]
            self.spans += [span.name for span in found]
            return trace_service_pb2.ExportTraceServiceResponse()
        scopes = [scope for each in request.resource_metrics for scope in each.scope_metrics]
        self.metrics |= {metric.name for scope in scopes for metric in scope.metrics}
        return metrics_service_pb2.ExportMetricsServiceResponse()


def test_a_collector_gets_what_was_recorded() -> None:
    collector = Collector()
    server: Any = grpc.server(ThreadPoolExecutor(2))
    add_traces: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add_metrics: Any = metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server
    add_traces(collector, server)
    add_metrics(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    settings = Settings(otlp_endpoint=f"127.0.0.1:{port}", trace_sample_ratio=1.0)
    telemetry = Telemetry.of("echo", settings)
    with telemetry.span("work", None):
        telemetry.metrics.batch_committed(3, 0.01)
    telemetry.close()
    server.stop(None).wait()
    assert collector.spans == ["work"]
    assert {"cards.commit.units", "cards.commit.duration"} <= collector.metrics
