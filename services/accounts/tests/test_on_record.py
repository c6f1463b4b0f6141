"""What changes nothing and is on record all the same."""

import json
from typing import Any

from sqlalchemy import select

from chassis.call import Principal
from chassis.event_store.tables import audit
from services.accounts.tests.conftest import OPERATOR, Door


async def leaves(door: Door) -> list[Any]:
    """The audit log, in order."""
    query = select(audit.c.leaf).order_by(audit.c.leaf_index)
    rows = await door.node.ports.database.read(lambda c: c.execute(query).all())
    return [json.loads(row.leaf) for row in rows]


async def test_who_looked_at_a_number_or_at_somebody_else_is_on_record(door: Door) -> None:
    account = await door.open()
    holder = Principal("cardholder:h", "cardholder", ("holder",), account.customer_id, 2)
    before = len(await leaves(door))
    await door("GetCustomer", as_=holder, customer_id=account.customer_id)
    assert len(await leaves(door)) == before
    await door("GetCustomer", customer_id=account.customer_id)
    card_id = account.cards[0].card_id
    number = (await door("RevealCardNumber", as_=holder, card_id=card_id)).number
    told = (await leaves(door))[before:]
    assert [(each["actor"], each["action"], each["object"]) for each in told] == [
        (OPERATOR.subject, "accounts.GetCustomer", f"customer-{account.customer_id}"),
        ("cardholder:h", "accounts.RevealCardNumber", f"card-{card_id}"),
    ]
    assert number not in str(told)
