"""Merging: items as they come, an end when all end, one failure for all, nothing left behind."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chassis.merging import merged


async def steps(*items: int, gate: asyncio.Event | None = None) -> AsyncIterator[int]:
    for item in items:
        if gate is not None:
            await gate.wait()
        yield item


async def test_a_source_that_waits_does_not_hold_the_others_up() -> None:
    gate = asyncio.Event()
    seen = []
    async for item in merged(steps(1, 2, gate=gate), steps(10, 20, 30)):
        seen.append(item)
        if item == 30:
            gate.set()
    assert seen == [10, 20, 30, 1, 2]


async def test_a_failure_ends_the_others_where_they_wait() -> None:
    ended = asyncio.Event()

    async def for_ever() -> AsyncIterator[int]:
        try:
            await asyncio.Event().wait()
            yield 1
        finally:
            ended.set()

    async def fails() -> AsyncIterator[int]:
        yield 2
        raise KeyError("broken")

    stream = merged(for_ever(), fails())
    assert await anext(stream) == 2
    with pytest.raises(KeyError):
        await anext(stream)
    assert ended.is_set()


async def test_closing_leaves_nothing_running() -> None:
    before = asyncio.all_tasks()
    stream = merged(steps(1, gate=asyncio.Event()), steps(5))
    assert await anext(stream) == 5
    await stream.aclose()
    assert asyncio.all_tasks() == before
