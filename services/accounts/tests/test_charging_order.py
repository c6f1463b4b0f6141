"""Every flow of the processor's scenario pages ends the same whatever comes twice, out of order,
or at once."""

# A request waits for its answer, so a network cannot reorder an increment before what it raises; it
# can reorder what nobody waits for: advice, reversals and clearing records, also before the
# authorisation itself.

import asyncio
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.kernel.errors import Error
from chassis.kernel.events import Command
from chassis.testing.harness import running
from services.accounts.app import SERVICE
from services.accounts.domain.account import commands
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.charging.commands import RecordStandIn, ReverseRefund
from services.accounts.tests.stories import GROCER, NOW, PUMP, TODAY, AccountStory, pounds

A: dict[str, Any] = {"account_id": "account", "charge_id": "charge"}
ON: dict[str, Any] = {"transaction_date": TODAY}
POSTED: dict[str, Any] = {**ON, "posting_date": TODAY}


def authorise(amount: float, **more: Any) -> commands.AuthoriseCharge:
    fields: dict[str, Any] = {"merchant": GROCER, **more}
    return commands.AuthoriseCharge(
        **A, card_id="card", amount=pounds(amount), transaction_at=NOW, **ON, **fields
    )


def clear(amount: float, charge_id: str = "charge") -> commands.ClearCharge:
    return commands.ClearCharge(
        account_id="account",
        charge_id=charge_id,
        clearing_id="clearing",
        card_id="card",
        amount=pounds(amount),
        merchant=GROCER,
        **POSTED,
    )


def advise(amount: float) -> commands.AdviseCharge:
    return commands.AdviseCharge(**A, advice_id="advice", amount=pounds(amount), **ON)


def reverse(amount: float | None = None) -> commands.ReverseCharge:
    asked = None if amount is None else pounds(amount)
    return commands.ReverseCharge(**A, reversal_id="reversal", amount=asked, **ON)


def increment(id: str, **more: Any) -> commands.IncrementCharge:
    return commands.IncrementCharge(**A, increment_id=id, **more, **ON)


@dataclass(frozen=True)
class Flow:
    """Messages in the order that the merchant meant; those in `waiting` are answered before the
    next of them is sent. `available` is what may be spent in the end, in pounds."""

    messages: tuple[Command, ...]
    available: float
    waiting: tuple[int, ...] = (0,)

    def orders(self) -> list[tuple[Command, ...]]:
        """Every order in which they can arrive."""
        found = []
        for order in permutations(range(len(self.messages))):
            asked = [place for place in order if place in self.waiting]
            if asked == sorted(asked):
                found.append(tuple(self.messages[place] for place in order))
        return found


FLOWS = {
    "tip": Flow((authorise(45), clear(55)), 945),
    "fuel": Flow((authorise(1, merchant=PUMP, estimated=True), advise(30), clear(30)), 970),
    "raised": Flow(
        (
            authorise(25),
            increment("first", to=pounds(40)),
            increment("second", by=pounds(10)),
            clear(50),
        ),
        950,
        waiting=(0, 1, 2),
    ),
    "reversed": Flow((authorise(10), reverse()), 1000),
    "reversed in part": Flow((authorise(30), reverse(20), clear(10)), 990),
    "forced": Flow((clear(55, charge_id=""),), 945, waiting=()),
    "declined and posted": Flow((authorise(5000), clear(5000)), -4000),
    "several clearings": Flow(
        (
            authorise(100),
            replace(clear(60), clearing_id="first", final=False),
            replace(clear(50), clearing_id="second", final=False),
        ),
        890,
    ),
    "refund taken back": Flow(
        (
            commands.RefundCharge(
                account_id="account",
                refund_id="refund",
                charge_id="",
                card_id="card",
                amount=pounds(30),
                merchant=GROCER,
                **POSTED,
            ),
            ReverseRefund(account_id="account", refund_id="refund", reversal_id="back", **POSTED),
        ),
        1000,
        waiting=(),
    ),
    "approved by the network": Flow(
        (
            authorise(5000),
            RecordStandIn(account_id="account", charge=authorise(5000), response_code="00"),
            clear(5000),
        ),
        -4000,
    ),
    "declined by the network": Flow(
        (
            authorise(50),
            RecordStandIn(account_id="account", charge=authorise(50), response_code="91"),
        ),
        1000,
        waiting=(),
    ),
}


def arrive(messages: tuple[Command, ...]) -> AccountStory:
    """The messages as they arrive; the network is told what is refused, and goes on."""
    story = AccountStory()
    for message in messages:
        try:
            story.when(message)
        except Error:
            continue  # It says so to the network, and nothing is changed by it.
    return story


def end(state: CreditAccount) -> Any:
    """What an account has come to, without the way there."""
    return {
        "available": state.available_minor,
        "posted": state.posted_minor,
        "held": state.held_minor,
        "charges": [
            (
                each.charge_id,
                each.status,
                each.amount_minor,
                each.held_minor,
                each.captured_minor,
                each.refunded_minor,
                each.forced,
                each.response_code,
            )
            for each in state.charges.values()
        ],
        "refunds": [
            (each.status, each.posted_minor, each.reversed_minor, each.pending_minor)
            for each in state.charging.refunds.values()
        ],
    }


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_ends_where_it_should(name: str) -> None:
    flow = FLOWS[name]
    assert arrive(flow.messages).available == flow.available


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_ends_the_same_in_whatever_order_it_arrives(name: str) -> None:
    flow = FLOWS[name]
    wanted = end(arrive(flow.messages).state)
    for order in flow.orders():
        assert end(arrive(order).state) == wanted, [type(each).__name__ for each in order]


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_ends_the_same_however_often_a_message_comes(name: str) -> None:
    flow = FLOWS[name]
    wanted = end(arrive(flow.messages).state)
    doubled = tuple(each for message in flow.messages for each in (message, message))
    assert end(arrive(doubled).state) == wanted
    assert end(arrive(flow.messages * 2).state) == wanted


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_flows_end_the_same_duplicated_and_reordered_at_once(data: st.DataObject) -> None:
    flow = FLOWS[data.draw(st.sampled_from(sorted(FLOWS)))]
    order = list(data.draw(st.sampled_from(flow.orders())))
    for message in data.draw(st.lists(st.sampled_from(flow.messages), max_size=6)):
        # A copy may come at any time after the message itself.
        first = order.index(message)
        order.insert(data.draw(st.integers(first + 1, len(order))), message)
    assert end(arrive(tuple(order)).state) == end(arrive(flow.messages).state)


async def _open(node: Any) -> None:
    opening = AccountStory().opening
    await node.ports.application.execute(opening, actor="operator:test")


async def _send(node: Any, message: Command) -> None:
    try:
        await node.ports.application.execute(message, actor="service:gateway")
    except Error:
        return  # It says so to the network, and nothing is changed by it.


async def _state(node: Any) -> CreditAccount:
    state: CreditAccount = await node.ports.application.state(CREDIT_ACCOUNT, "account")
    return state


@pytest.mark.parametrize("name", FLOWS)
async def test_a_flow_ends_the_same_when_all_of_it_comes_at_once(name: str, tmp_path: Path) -> None:
    """Each message twice and all in one batch of the store."""
    flow = FLOWS[name]
    wanted = end(arrive(flow.messages).state)
    async with running(SERVICE, tmp_path) as node:
        await _open(node)
        await asyncio.gather(*(_send(node, each) for each in (*flow.messages, *flow.messages)))
        assert end(await _state(node)) == wanted


@pytest.mark.parametrize("name", FLOWS)
async def test_a_flow_ends_the_same_through_two_applications_on_one_store(
    name: str, tmp_path: Path
) -> None:
    """The network has two ways in: each message goes both, in opposite orders where it can."""
    flow = FLOWS[name]
    wanted = end(arrive(flow.messages).state)
    one_way, other_way = flow.orders()[0], flow.orders()[-1]
    async with running(SERVICE, tmp_path) as first, running(SERVICE, tmp_path) as second:
        await _open(first)
        for here, there in zip(one_way, other_way, strict=True):
            await _send(first, here)
            await _send(second, there)
        assert end(await _state(first)) == wanted
        assert end(await _state(second)) == wanted
