"""A load generator in a process of its own: so many callers, each with one call under way.

Reads a job as JSON from standard input and prints what it measured as JSON.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count, repeat
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
WARM_AT_ONCE = 64


def requests(job: dict[str, Any]) -> Iterator[bytes]:
    """Endless serialised requests of the job's kind."""
    if job["method"] == HEALTH:
        return repeat(health_pb2.HealthCheckRequest().SerializeToString())
    return authorisations(job["cards"], job["run"])


def authorisations(cards: list[str], run: str) -> Iterator[bytes]:
    """Endless serialised authorisations on `cards` in turn, under keys of this `run`."""
    merchant = events_pb2.Merchant(id="BENCH", name="corner shop", mcc="5411", country="GB")
    amount = money_pb2.Money(minor_units=1_99, currency_code="GBP")
    templates = [
        pb.AuthoriseChargeRequest(
            card_id=card, amount=amount, merchant=merchant, entry_mode=pb.ENTRY_MODE_CHIP
        ).SerializeToString()
        for card in cards
    ]
    for number in count():
        # Two serialised messages in a row are one with the fields of both: the generator must not
        # be what is measured.
        key = pb.AuthoriseChargeRequest(idempotency_key=f"{run}-{number}")
        yield templates[number % len(templates)] + key.SerializeToString()


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job: `addresses`, `method`, `callers`, `seconds`, `token`, `cards`, `run`, and
    `warm_calls`, so many calls before the clock starts."""
    metadata = [("authorization", f"Bearer {job['token']}")] if job.get("token") else []
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [
        grpc.aio.insecure_channel(job["addresses"][i % len(job["addresses"])], options)
        for i in range(CHANNELS)
    ]
    invokes = [channel.unary_unary(job["method"], None, None) for channel in channels]
    made, took, errors = requests(job), [], Counter[str]()
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    await _warm(invokes, made, metadata, job)
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
        "calls": len(took),
        "per_second": len(took) / lasted,
        "p50_ms": _at(took, 0.50) * 1000,
        "p99_ms": _at(took, 0.99) * 1000,
        "errors": dict(errors),
    }


async def _warm(invokes: list[Any], made: Iterator[bytes], metadata: Any, job: Any) -> None:
    """What a server has read once it need not read again."""
    for start in range(0, job.get("warm_calls", 0), WARM_AT_ONCE):
        size = min(WARM_AT_ONCE, job["warm_calls"] - start)
        calls = (
            invokes[i % CHANNELS](next(made), metadata=metadata, timeout=TIMEOUT_SECONDS)
            for i in range(size)
        )
        await asyncio.gather(*calls)


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(json.loads(sys.stdin.read())))))
