"""Clearing records that nobody could match: who works them, and what may be done."""

import pytest
from cards.accounts.v1 import clearing_service_pb2 as pb

from chassis.kernel.errors import Refused
from services.accounts.domain.clearing.events import ClearingRecordResolved
from services.accounts.tests.clearing_files import csv_file, record
from services.accounts.tests.conftest import OPERATOR, Door
from services.accounts.tests.test_clearing import came_to, cleared, deliver


async def test_what_nobody_can_match_is_worked_by_somebody(door: Door) -> None:
    account = await door.open()
    card = account.cards[0].card_id
    charge_id = (await door.charge(account, 20)).charge.charge_id
    unknown = "4111111111111111"
    records = [record(f"R-{n}", n * 1_000, card=unknown) for n in (1, 2, 3)]
    assert came_to(await deliver(door, csv_file(records))) == {"unmatched": 3}
    items = (await door("ListUnmatched")).items
    assert [item.last_four for item in items] == ["1111"] * 3
    posted = await door(
        "ResolveUnmatched",
        item_id=items[0].item_id,
        resolution=pb.CLEARING_RESOLUTION_POSTED,
        card_id=card,
    )
    assert posted.item.resolved_by == OPERATOR.scope
    assert posted.item.account_id == account.account_id
    await door(
        "ResolveUnmatched",
        item_id=items[1].item_id,
        resolution=pb.CLEARING_RESOLUTION_MATCHED,
        account_id=account.account_id,
        charge_id=charge_id,
    )
    await door(
        "ResolveUnmatched",
        item_id=items[2].item_id,
        resolution=pb.CLEARING_RESOLUTION_REJECTED,
        reason="NOT_OURS",
    )
    await door.node.caught_up()
    assert not (await door("ListUnmatched")).items
    assert len((await door("ListUnmatched", include_resolved=True)).items) == 3
    assert [(fact.amount.minor_units, fact.forced) for fact in cleared(door)] == [
        (1_000, True),
        (2_000, False),
    ]
    resolved = [fact for fact in door.node.facts() if isinstance(fact, ClearingRecordResolved)]
    assert {fact.resolved_by for fact in resolved} == {OPERATOR.scope}
    again = csv_file(records, "F-2")
    assert came_to(await deliver(door, again)) == {"duplicates": 3}


async def test_a_record_is_resolved_once(door: Door) -> None:
    account = await door.open()
    await deliver(door, csv_file([record("R-1", 1_000, card="4111111111111111")]))
    (item,) = (await door("ListUnmatched")).items
    reject = {"item_id": item.item_id, "resolution": pb.CLEARING_RESOLUTION_REJECTED}
    await door("ResolveUnmatched", **reject, reason="NOT_OURS")
    await door("ResolveUnmatched", **reject, reason="NOT_OURS")
    with pytest.raises(Refused) as refused:
        await door(
            "ResolveUnmatched",
            item_id=item.item_id,
            resolution=pb.CLEARING_RESOLUTION_POSTED,
            card_id=account.cards[0].card_id,
        )
    assert refused.value.reason == "CLEARING_ITEM_RESOLVED"
    assert cleared(door) == []


async def test_an_exception_can_only_be_rejected(door: Door) -> None:
    account = await door.open()
    await deliver(door, csv_file([record("R-1", 1_000, kind="loan")]))
    (item,) = (await door("ListUnmatched")).items
    with pytest.raises(Refused) as refused:
        await door(
            "ResolveUnmatched",
            item_id=item.item_id,
            resolution=pb.CLEARING_RESOLUTION_POSTED,
            card_id=account.cards[0].card_id,
        )
    assert refused.value.reason == "CLEARING_ITEM_NOT_POSTABLE"
