"""Several streams as one: what a call says and hears at the same time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def merged(*sources: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The items of all sources as they come, until the last ends or the first fails.

    Of each source one item is fetched ahead. Closing this cancels the sources where they wait.
    """
    waiting: dict[asyncio.Task[T], AsyncIterator[T]] = {}

    def fetch(source: AsyncIterator[T]) -> None:
        waiting[asyncio.create_task(_next_of(source))] = source

    try:
        for each in sources:
            fetch(each)
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            # The set has no order; that of `waiting` is the same in every run.
            for task in [task for task in waiting if task in done]:
                source = waiting.pop(task)
                try:
                    item = task.result()
                except StopAsyncIteration:
                    continue  # This source has ended; the others go on.
                yield item
                fetch(source)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _next_of(source: AsyncIterator[T]) -> T:
    return await anext(source)
