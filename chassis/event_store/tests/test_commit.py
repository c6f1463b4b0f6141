"""What is committed together: events, answers, inbox, timers and audit, on both databases."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from chassis import audit
from chassis.event_store.head import begin_epoch, read_head
from chassis.event_store.tables import audit as audit_table
from chassis.event_store.tables import events, idempotency, inbox, timers
from chassis.event_store.tests.sums import EXPIRY, Store, add, open_store, rows, work
from chassis.kernel.errors import Refused
from chassis.work import Inbox, Settled


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def head_position(store: Store) -> int:
    with store.database.engine.begin() as connection:
        return read_head(connection).position


async def test_a_command_is_stored_with_its_answer(store: Store) -> None:
    outcome = await store.committer.submit(work(add(5, "x"), key="k"))
    assert (outcome.answer, outcome.replayed) == (b"5@1", False)
    assert [(row.originator_id, row.topic) for row in rows(store, events)] == [
        ("sum-a", "NumberAdded.v1")
    ]
    assert bytes(rows(store, idempotency)[0].answer) == b"5@1"


async def test_the_same_key_and_body_get_the_first_answer_for_ever(store: Store) -> None:
    first = await store.committer.submit(work(add(5, "x"), key="k"))
    await store.committer.submit(work(add(7, "y"), key="other"))
    again = await store.committer.submit(work(add(5, "x"), key="k"))
    assert (again.answer, again.replayed) == (first.answer, True)
    assert again.receipt == first.receipt
    assert len(rows(store, events)) == 2


async def test_the_same_key_with_another_body_is_refused(store: Store) -> None:
    await store.committer.submit(work(add(5, "x"), key="k"))
    with pytest.raises(Refused, match="IDEMPOTENCY_KEY_REUSED"):
        await store.committer.submit(work(add(6, "x"), key="k", body=b"another"))
    assert len(rows(store, events)) == 1


async def test_two_of_a_key_in_one_batch_are_one(store: Store) -> None:
    both = await asyncio.gather(
        *(store.committer.submit(work(add(5, "x"), key="k")) for _ in range(2))
    )
    assert [outcome.replayed for outcome in both] == [False, True]
    assert both[0].answer == both[1].answer
    assert len(rows(store, events)) == 1


async def test_in_one_batch_each_decides_on_what_the_one_before_left(store: Store) -> None:
    results = await asyncio.gather(
        *(store.committer.submit(work(add(400, str(i)))) for i in range(4)),
        return_exceptions=True,
    )
    assert [getattr(result, "answer", "refused") for result in results] == [
        b"400@1",
        b"800@2",
        "refused",
        "refused",
    ]
    assert head_position(store) == 2


async def test_a_unit_of_several_commands_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(Refused):
        await store.committer.submit(work(add(900, "x"), add(900, "y"), key="k"))
    assert rows(store, events) == []
    assert rows(store, idempotency) == []
    assert rows(store, audit_table) == []


async def test_another_process_is_seen_before_anything_is_decided(store_url: str) -> None:
    one, other = open_store(store_url), open_store(store_url)
    await one.committer.submit(work(add(600, "x")))
    await other.committer.submit(work(add(300, "y")))
    with pytest.raises(Refused):
        await one.committer.submit(work(add(200, "z")))
    assert [row.originator_version for row in rows(one, events)] == [1, 2]
    one.close()
    other.close()


async def test_two_processes_at_once_never_pass_the_limit(store_url: str) -> None:
    stores = [open_store(store_url, threads=True) for _ in range(2)]
    results = await asyncio.gather(
        *(stores[i % 2].committer.submit(work(add(10, str(i)))) for i in range(200)),
        return_exceptions=True,
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 100
    assert all(isinstance(r, Refused) for r in results if isinstance(r, BaseException))
    assert [row.position for row in rows(stores[0], events)] == list(range(1, 101))
    for store in stores:
        store.close()


def message(position: int, outcome: str = "applied", epoch: int = 1) -> tuple[Inbox, ...]:
    return (Inbox("accounts", epoch, position, 3, "ChargeCleared", "account-1", outcome),)


async def test_a_message_has_its_effect_once(store: Store) -> None:
    for _ in range(2):
        await store.committer.submit(work(add(5, "x"), inbox=message(7)))
    await store.committer.submit(work(add(5, "y"), inbox=message(6)))
    assert len(rows(store, events)) == 1
    assert [(row.source, row.position) for row in rows(store, inbox)] == [("accounts", 7)]


async def test_after_a_restore_the_producer_counts_in_a_new_epoch(store: Store) -> None:
    await store.committer.submit(work(add(5, "x"), inbox=message(7)))
    await store.committer.submit(work(add(5, "y"), inbox=message(5, epoch=2)))
    assert len(rows(store, events)) == 2


async def test_another_worker_may_have_taken_in_what_nobody_reacts_to(store: Store) -> None:
    other = open_store(str(store.database.engine.url.render_as_string(hide_password=False)))
    await store.committer.submit(work(inbox=message(6, "ignored")))
    await other.committer.submit(work(inbox=message(7, "ignored")))
    both = (*message(7, "ignored"), *message(8))
    await store.committer.submit(work(add(5, "x"), inbox=both))
    assert [row.position for row in rows(store, inbox)] == [6, 7, 8]
    other.close()


async def test_a_parked_message_can_be_redriven_once(store: Store) -> None:
    await store.committer.submit(work(inbox=message(7, "parked")))
    for key in ("x", "y"):
        await store.committer.submit(work(add(5, key), inbox=message(7, "redriven")))
    assert [row.outcome for row in rows(store, inbox)] == ["redriven"]
    assert len(rows(store, events)) == 1


async def test_a_timer_is_set_with_its_fact_and_consumed_with_its_command(store: Store) -> None:
    await store.committer.submit(work(add(5, "x")))
    store.clock.advance(EXPIRY)
    (timer,) = rows(store, timers)
    command = store.codec.decode_command(timer.topic, bytes(timer.command))
    for _ in range(2):
        await store.committer.submit(work(command, timer=timer.timer_id))
    assert rows(store, timers) == []
    assert [row.topic for row in rows(store, events)] == ["NumberAdded.v1", "SumCleared.v1"]


async def test_a_timer_that_is_set_anew_in_the_last_moment_stays(store: Store) -> None:
    await store.committer.submit(work(add(5, "x")))
    store.clock.advance(EXPIRY)
    (read_as_due,) = rows(store, timers)
    command = store.codec.decode_command(read_as_due.topic, bytes(read_as_due.command))
    later = work(add(6, "y"))
    later = replace(later, meta=replace(later.meta, occurred_at=store.clock.now()))
    await store.committer.submit(later)
    await store.committer.submit(work(command, timer=read_as_due.timer_id))
    (timer,) = rows(store, timers)
    assert timer.due_at > read_as_due.due_at
    assert all(row.topic == "NumberAdded.v1" for row in rows(store, events))


async def test_what_fails_inside_fails_alone(store: Store) -> None:
    def fail(_connection: Connection, _settled: Settled) -> None:
        raise Refused("NOT_INSIDE", "no")

    results = await asyncio.gather(
        store.committer.submit(work(add(1, "x"), key="a")),
        store.committer.submit(work(add(2, "y"), key="b", inside=fail)),
        store.committer.submit(work(add(4, "z"), key="c")),
        return_exceptions=True,
    )
    assert isinstance(results[1], Refused)
    assert [getattr(r, "answer", None) for r in results] == [b"1@1", None, b"5@2"]
    assert len(rows(store, idempotency)) == 2


async def test_a_caller_that_goes_away_does_not_take_its_command_back(store: Store) -> None:
    task = asyncio.create_task(store.committer.submit(work(add(5, "x"), key="k")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.committer.close()
    assert len(rows(store, events)) == 1


async def test_every_act_is_a_leaf_of_the_audit_log(store: Store) -> None:
    for i in range(5):
        await store.committer.submit(work(add(i + 1, str(i)), key=str(i)))
    leaves = [bytes(row.leaf) for row in rows(store, audit_table)]
    with store.database.engine.begin() as connection:
        head = read_head(connection)
    root = audit.tree_root([audit.leaf_hash(leaf) for leaf in leaves])
    assert (head.audit_size, audit.root_of(head.audit_frontier)) == (5, root)


async def test_the_log_is_read_in_order_by_its_followers(store: Store) -> None:
    await asyncio.gather(*(store.committer.submit(work(add(1, str(i)))) for i in range(10)))
    other = open_store(str(store.database.engine.url.render_as_string(hide_password=False)))
    for log in (store.log, other.log):
        page = await log.after(3, 4)
        assert [each.position for each in page] == [4, 5, 6, 7]
    other.close()


async def test_a_follower_goes_on_where_another_process_wrote(store: Store) -> None:
    other = open_store(str(store.database.engine.url.render_as_string(hide_password=False)))
    await store.committer.submit(work(add(1, "x")))
    await other.committer.submit(work(add(1, "y")))
    assert [each.position for each in await store.log.after(1)] == [2]
    await store.committer.submit(work(add(1, "z")))
    assert [each.position for each in await store.log.after(0)] == [1, 2, 3]
    assert [each.position for each in await store.log.after(2)] == [3]
    other.close()


async def test_followers_wait_for_what_comes_from_whichever_process(store: Store) -> None:
    other = open_store(str(store.database.engine.url.render_as_string(hide_password=False)))
    waiting = [asyncio.create_task(each.log.committed(1, 60.0)) for each in (store, other)]
    await store.committer.submit(work(add(1, "x")))
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    await store.committer.submit(work(add(1, "y")))
    async with asyncio.timeout(60.0):
        await asyncio.gather(*waiting)
    other.close()


async def test_a_new_epoch_gives_events_new_identities(store: Store) -> None:
    await store.committer.submit(work(add(1, "x")))
    begin_epoch(store.database.engine)
    outcome: Any = await store.committer.submit(work(add(1, "y")))
    assert (outcome.receipt.epoch, outcome.receipt.position) == (2, 2)
    with store.database.engine.begin() as connection:
        page = store.log.page(connection, 0, 10)
    assert [(each.epoch, each.position) for each in page] == [(1, 1), (2, 2)]
