"""A store that is locked: messages are answered in time, and nothing of them comes later."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chassis.database import ThreadRunner
from services.accounts.iso8583.door import Claim
from services.accounts.iso8583.message import Message
from services.accounts.tests.conftest import opened
from services.accounts.tests.network import (
    Terminal,
    World,
    connected,
    open_door,
    served,
    settings,
)

DEADLINE_SECONDS = 0.4
PROMPT_SECONDS = 2 * DEADLINE_SECONDS
TRIES = 20


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else writes to the store, and takes long."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A door on a store with threads of its own, as it is served."""
    monkeypatch.setattr("chassis.testing.harness.InlineRunner", ThreadRunner)
    async with opened(tmp_path) as rpcs:
        account = await rpcs.open()
        number = (await rpcs("RevealCardNumber", card_id=account.cards[0].card_id)).number
        chosen = settings(iso8583_deadline_ms=int(DEADLINE_SECONDS * 1000))
        door = open_door(rpcs.node, chosen)
        async with served(door, chosen) as server, connected(server, door.codec) as line:
            yield World(rpcs, door, line, Terminal(number), account)


async def told(world: World, messages: list[Message]) -> list[str]:
    """Field 39 of each, in time."""
    clock = asyncio.get_running_loop().time
    started = clock()
    for each in messages:
        world.line.send(each)
    answers = {}
    for _ in messages:
        answer = await world.line.receive()
        answers[answer[11]] = answer[39]
    assert clock() - started < PROMPT_SECONDS
    return [answers[each[11]] for each in messages]


async def approved(world: World, message: Message) -> None:
    """The store has been free for a moment."""
    for _ in range(TRIES):
        if await told(world, [message]) == ["00"]:
            return
    raise AssertionError("the store did not become free")


async def test_a_locked_store_is_answered_in_time_and_nothing_is_done_later(
    world: World, tmp_path: Path
) -> None:
    held_before = world.terminal.message("0100", 1_000)
    assert await told(world, [held_before]) == ["00"]
    bought, sold, back = (
        world.terminal.message("0100", 2_000),
        world.terminal.message("0200", 3_000),
        world.terminal.about(held_before, "0400", 1_000),
    )
    with locked(tmp_path / "store.db"):
        assert await told(world, [bought]) == ["91"]
        assert await told(world, [sold, back]) == ["91", "91"]
        inquiry = world.terminal.message("0100", 0, f3="310000")
        assert await told(world, [inquiry]) == ["00"], "to look needs no lock"
    # What waited has had its turn by the time that this is answered.
    await approved(world, world.terminal.message("0100", 10))
    assert (await world.held(), await world.owed()) == (1_010, 0)
    assert await told(world, [back, sold, bought]) == ["00", "00", "00"]
    assert (await world.held(), await world.owed()) == (2_010, 3_000)


async def test_what_is_repeated_while_the_store_is_locked_is_done_once(
    world: World, tmp_path: Path
) -> None:
    asked = world.terminal.message("0100", 2_000)
    with locked(tmp_path / "store.db"):
        for _ in range(3):
            assert await told(world, [asked]) == ["91"]
            asked = Message("0101", asked.fields)
    await approved(world, asked)
    assert await world.held() == 2_000
    assert len(world.charged()) == 1


def test_whoever_is_first_stays_so() -> None:
    begun, given_up = Claim(), Claim()
    assert (begun.begin(), begun.give_up(), begun.begin()) == (True, False, True)
    assert (given_up.give_up(), given_up.begin(), given_up.give_up()) == (True, False, True)
