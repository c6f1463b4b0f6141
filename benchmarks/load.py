"""A load generator in a process of its own: so many callers, each with one call under way.

Reads a job as JSON from standard input and prints what it measured as JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from itertools import count
from typing import Any

import grpc
import uvloop
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.type.v1 import money_pb2
from grpc_health.v1 import health_pb2

AUTHORISE = "/cards.accounts.v1.AccountsService/AuthoriseCharge"
HEALTH = "/grpc.health.v1.Health/Check"
ECHO = "/bench.Echo/Echo"
TIMEOUT_SECONDS = 20.0
CHANNELS = 4
PAYLOAD = b"x" * 200


def requests(job: dict[str, Any]) -> Any:
    """Endless serialised requests of the job's kind."""
    if job["method"] == ECHO:
        return iter(lambda: PAYLOAD, None)
    if job["method"] == HEALTH:
        check = health_pb2.HealthCheckRequest().SerializeToString()
        return iter(lambda: check, None)
    return _authorisations(job["cards"], job["run"])


def _authorisations(cards: list[str], run: str) -> Any:
    merchant = events_pb2.Merchant(id="BENCH", name="corner shop", mcc="5411", country="GB")
    for number in count():
        yield pb.AuthoriseChargeRequest(
            idempotency_key=f"{run}-{number}",
            card_id=cards[number % len(cards)],
            amount=money_pb2.Money(minor_units=100 + number % 100, currency_code="GBP"),
            merchant=merchant,
            entry_mode=pb.ENTRY_MODE_CHIP,
        ).SerializeToString()


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job: `addresses`, `method`, `callers`, `seconds`, `token`, `cards`, `run`."""
    metadata = [("authorization", f"Bearer {job['token']}")] if job.get("token") else []
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [
        grpc.aio.insecure_channel(job["addresses"][i % len(job["addresses"])], options)
        for i in range(CHANNELS)
    ]
    invokes = [channel.unary_unary(job["method"], None, None) for channel in channels]
    made, took, errors = requests(job), [], Counter[str]()
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    begin = time.perf_counter()
    end = begin + job["seconds"]

    async def caller(invoke: Any) -> None:
        while (started := time.perf_counter()) < end:
            try:
                await invoke(next(made), metadata=metadata, timeout=TIMEOUT_SECONDS)
            except grpc.aio.AioRpcError as error:
                errors[f"{error.code().name} {error.details()}"] += 1
                continue
            took.append(time.perf_counter() - started)

    await asyncio.gather(*(caller(invokes[i % CHANNELS]) for i in range(job["callers"])))
    lasted = time.perf_counter() - begin
    for channel in channels:
        await channel.close(None)
    took.sort()
    return {
        "per_second": len(took) / lasted,
        "p50_ms": _at(took, 0.50) * 1000,
        "p99_ms": _at(took, 0.99) * 1000,
        "errors": dict(errors),
    }


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(json.loads(sys.stdin.read())))))
