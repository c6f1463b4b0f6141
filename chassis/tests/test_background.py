"""Loops that run for ever: how they stop, and how slowly they try again."""

import asyncio

import pytest

from chassis.background import Background, Backoff

PATIENCE_SECONDS = 60.0


class Loop(Background):
    """Counts its rounds: a pause, then something that should not be torn."""

    def __init__(self, pause_seconds: float, work_seconds: float) -> None:
        super().__init__()
        self.begun = self.done = 0
        self._pause_seconds = pause_seconds
        self._work_seconds = work_seconds

    async def main(self) -> None:
        while True:
            await self.pause(asyncio.sleep(self._pause_seconds))
            self.begun += 1
            await asyncio.sleep(self._work_seconds)
            self.done += 1


async def in_hand(loop: Loop) -> None:
    """Wait until the loop is at what should not be torn."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while loop.begun == loop.done:  # noqa: ASYNC110 - it knows of no event.
            await asyncio.sleep(0)


async def test_stopping_interrupts_a_pause() -> None:
    loop = Loop(3_600, 0)
    task = asyncio.create_task(loop.run())
    await asyncio.sleep(0.01)
    await asyncio.wait_for(loop.stop(3_600), PATIENCE_SECONDS)
    await task
    assert not task.cancelled()


async def test_stopping_waits_for_what_is_in_hand() -> None:
    loop = Loop(0, 0.05)
    task = asyncio.create_task(loop.run())
    await in_hand(loop)
    rounds = loop.begun
    await loop.stop(3_600)
    await task
    assert loop.begun == loop.done == rounds


async def test_stopping_does_not_wait_for_ever() -> None:
    loop = Loop(0, 3_600)
    task = asyncio.create_task(loop.run())
    await in_hand(loop)
    await asyncio.wait_for(loop.stop(0.02), PATIENCE_SECONDS)
    await task
    assert (loop.begun, loop.done) == (1, 0)


async def test_a_loop_that_was_stopped_before_it_ran_does_not_run() -> None:
    loop = Loop(0, 0)
    await loop.stop(1)
    await loop.run()
    assert loop.begun == 0


async def test_being_cancelled_by_somebody_else_is_not_being_stopped() -> None:
    loop = Loop(60, 0)
    task = asyncio.create_task(loop.run())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_loop_is_its_owners() -> None:
    class Failing(Background):
        async def main(self) -> None:
            raise LookupError("defect")

    with pytest.raises(LookupError, match="defect"):
        await Failing().run()


def test_delays_double_up_to_a_cap_and_begin_anew() -> None:
    backoff = Backoff(0.1, 0.5)
    assert [backoff.delay() for _ in range(5)] == [0.1, 0.2, 0.4, 0.5, 0.5]
    backoff.reset()
    assert backoff.delay() == 0.1
