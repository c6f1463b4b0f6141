"""Spend controls through the door: who sets them, what is used, and what they decline."""

from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import controls_service_pb2 as pb

from chassis.call import Principal, entered
from chassis.kernel.errors import Invalid, Refused
from chassis.testing.harness import call
from services.accounts.app import SERVICE
from services.accounts.tests.conftest import GROCER, OPERATOR, Door, gbp


def holder(account: Any) -> Principal:
    """Whoever owns the account."""
    return Principal("cardholder:ada", "cardholder", ("holder",), customer_id=account.customer_id)


class ControlsDoor:
    """Calls ControlsService as somebody, with a new key each time."""

    def __init__(self, door: Door) -> None:
        self._api = next(
            api
            for _, api, descriptor in SERVICE.rpcs(door.node.ports)
            if descriptor.name == "ControlsService"
        )
        self._number = 0

    async def __call__(self, name: str, request: Any, as_: Principal = OPERATOR) -> Any:
        self._number += 1
        with entered(call(f"accounts.{name}", f"controls-{self._number}", principal=as_)):
            return await getattr(self._api, name)(request, None)


def weekly(account: Any, limit: float = 100, **changes: Any) -> pb.SetControlRequest:
    """At most so much a week on groceries."""
    fields: dict[str, Any] = {
        "control_id": "groceries-weekly",
        "kind": pb.CONTROL_KIND_AMOUNT,
        "window": pb.CONTROL_WINDOW_WEEK,
        "limit": gbp(limit),
        "mccs": ["5411"],
    }
    control = pb.SpendControl(**{**fields, **changes})
    return pb.SetControlRequest(account_id=account.account_id, control=control)


async def test_a_holder_limits_groceries_and_sees_what_is_used(door: Door) -> None:
    account, controls = await door.open(), ControlsDoor(door)
    ada = holder(account)
    made = await controls("SetControl", weekly(account), ada)
    assert made.control.set_by == accounts.CHANNEL_HOLDER
    assert (await door.charge(account, 80)).approved
    declined = (await door.charge(account, 30)).charge
    assert (declined.response_code, declined.reason, declined.control_id) == (
        "61",
        "CONTROL_AMOUNT_EXCEEDED",
        "groceries-weekly",
    )
    request = pb.ListControlsRequest(account_id=account.account_id)
    (listed,) = (await controls("ListControls", request, ada)).controls
    assert (listed.used, listed.used_times) == (gbp(80), 1)
    assert listed.control == weekly(account).control
    lift = pb.RemoveControlRequest(account_id=account.account_id, control_id="groceries-weekly")
    await controls("RemoveControl", lift, ada)
    assert (await door.charge(account, 30)).approved


async def test_the_issuers_control_is_not_the_holders_to_lift(door: Door) -> None:
    account, controls = await door.open(), ControlsDoor(door)
    await controls("SetControl", weekly(account))
    lift = pb.RemoveControlRequest(account_id=account.account_id, control_id="groceries-weekly")
    with pytest.raises(Refused, match="CONTROL_OF_ISSUER"):
        await controls("RemoveControl", lift, holder(account))
    with pytest.raises(Refused, match="CONTROL_OF_ISSUER"):
        await controls("SetControl", weekly(account, limit=10_000), holder(account))


async def test_a_limit_is_in_the_currency_of_the_account_and_not_missing(door: Door) -> None:
    account, controls = await door.open(), ControlsDoor(door)
    foreign = weekly(account)
    foreign.control.limit.currency_code = "EUR"
    with pytest.raises(Invalid, match="CURRENCY_MISMATCH"):
        await controls("SetControl", foreign)
    missing = weekly(account)
    missing.control.ClearField("limit")
    with pytest.raises(Invalid, match="LIMIT_MISSING"):
        await controls("SetControl", missing)


async def test_controls_are_listed_in_pages_and_by_card(door: Door) -> None:
    account, controls = await door.open(), ControlsDoor(door)
    card_id = account.cards[0].card_id
    for number in range(3):
        of_card = card_id if number else ""
        await controls("SetControl", weekly(account, control_id=f"c{number}", card_id=of_card))
    request = pb.ListControlsRequest(account_id=account.account_id, page_size=2)
    page = await controls("ListControls", request)
    assert [each.control.control_id for each in page.controls] == ["c0", "c1"]
    request.page_token = page.next_page_token
    page = await controls("ListControls", request)
    assert [each.control.control_id for each in page.controls] == ["c2"]
    assert not page.next_page_token
    of_card = pb.ListControlsRequest(account_id=account.account_id, card_id=card_id)
    assert len((await controls("ListControls", of_card)).controls) == 2


async def test_a_card_good_in_one_country_is_not_good_in_another(door: Door) -> None:
    account, controls = await door.open(), ControlsDoor(door)
    at_home = pb.SpendControl(control_id="at-home", kind=pb.CONTROL_KIND_ALLOW, countries=["FR"])
    await controls(
        "SetControl", pb.SetControlRequest(account_id=account.account_id, control=at_home)
    )
    answer = await door.charge(account, 1, merchant=GROCER)
    assert (answer.charge.response_code, answer.charge.control_id) == ("57", "at-home")
