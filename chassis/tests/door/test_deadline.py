"""How long a caller waits."""

import asyncio
import time
from typing import Any

import pytest

from chassis import call as calls
from chassis.interceptors import deadline
from chassis.tests.door.conftest import PATIENCE_SECONDS, Doorway
from chassis.tests.door.refusals import refusal


async def test_who_gives_no_deadline_waits_two_seconds(
    door: Doorway, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[float] = []

    async def note(request: Any) -> None:
        left.append((calls.current().deadline or 0.0) - time.monotonic())

    door.api.behave = note
    await door.stub.Ping(door.pb.PingRequest())
    assert 0.0 < left[0] <= 2.0


async def test_the_default_deadline_is_kept(door: Doorway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "DEFAULT_SECONDS", 0.1)
    door.api.behave = lambda request: asyncio.sleep(3_600)
    told = await refusal(door.stub.Ping(door.pb.PingRequest()))
    assert (told.code, told.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")


async def test_a_time_out_inside_is_a_defect_and_not_the_callers(door: Doorway) -> None:
    async def fail(request: Any) -> None:
        raise TimeoutError

    door.api.behave = fail
    assert (await refusal(door.stub.Ping(door.pb.PingRequest()))).code == "INTERNAL"


async def test_a_deadline_is_not_far_away(door: Doorway) -> None:
    await door.stub.Ping(door.pb.PingRequest(), timeout=30)
    told = await refusal(door.stub.Ping(door.pb.PingRequest(), timeout=40))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "DEADLINE_TOO_LONG")


async def test_the_work_ends_at_the_callers_deadline(door: Doorway) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(request: Any) -> None:
        begun.set()
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.set()

    door.api.behave = wait
    # A busy machine may need longer than a short deadline to begin at all.
    for seconds in (0.1, 1.0, 10.0):
        told = await refusal(door.stub.Ping(door.pb.PingRequest(), timeout=seconds))
        assert told.code == "DEADLINE_EXCEEDED"
        if begun.is_set():
            break
    await asyncio.wait_for(ended.wait(), PATIENCE_SECONDS)


async def test_a_stream_of_answers_may_stay_open(
    door: Doorway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "DEFAULT_SECONDS", 0.05)
    request = door.pb.WatchRequest(account_id="acc-1")
    open_ended = door.stub.Watch(request, metadata=door.person())
    assert [(await open_ended.read()).number for _ in range(10)] == list(range(1, 11))
    open_ended.cancel()
    with_far_deadline = door.stub.Watch(request, metadata=door.person(), timeout=3600)
    assert (await with_far_deadline.read()).number == 1
    with_far_deadline.cancel()
