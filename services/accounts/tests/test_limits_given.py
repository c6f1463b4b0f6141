"""What is given as nothing is not what nobody gave: limits, and rates."""

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.type.v1.money_pb2 import Money

from chassis.kernel.errors import Invalid, Refused
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.test_applications_at_the_door import SECOND, asked


@pytest.mark.parametrize("amount", [0, 0.01, 2_000])
async def test_an_account_is_opened_with_the_limit_that_is_given(door: Door, amount: float) -> None:
    account = await door.open()
    about = {"customer_id": account.customer_id, "programme_id": "everyday"}
    opened = await door("OpenAccount", limit=gbp(amount), **about)
    assert opened.account.limit == gbp(amount)
    refused = await door.charge(opened.account, amount + 0.01)
    assert (refused.approved, refused.charge.reason) == (False, "INSUFFICIENT_CREDIT")
    assert (await door("OpenAccount", **about)).account.limit == gbp(1_000)


async def test_nothing_that_is_asked_for_or_proposed_is_granted_as_nothing(door: Door) -> None:
    await door.define()
    submitted = await door("SubmitApplication", asked(requested_limit=gbp(0)))
    assert submitted.application.requested_limit == gbp(0)
    other = {"family_name": "Byron", "date_of_birth": "1991-12-10"}
    generous = await door("SubmitApplication", asked(**other))
    asked_for, proposed_as = submitted.application, generous.application
    for application, given in ((asked_for, None), (proposed_as, gbp(0))):
        about = {"application_id": application.application_id}
        proposed = await door("ProposeApproval", limit=given, **about)
        assert proposed.application.limit == gbp(0)
        confirmed = await door("ConfirmApproval", as_=SECOND, **about)
        assert confirmed.account.limit == gbp(0)


async def test_an_account_opened_again_with_another_card_is_another(door: Door) -> None:
    account = await door.open()
    about = {"customer_id": account.customer_id, "programme_id": "everyday"}
    first = await door("OpenAccount", **about)
    same = {"account_id": first.account.account_id, **about}
    assert (await door("OpenAccount", **same)).account == first.account
    with pytest.raises(Refused, match="ACCOUNT_OPENED_DIFFERENTLY"):
        await door("OpenAccount", card_kind=pb.CARD_KIND_PHYSICAL, **same)


@pytest.mark.parametrize("rate", ["", "0", "0.000", "000"])
async def test_an_amount_in_another_currency_comes_with_a_rate(door: Door, rate: str) -> None:
    account = await door.open()
    abroad = Money(minor_units=500, currency_code="EUR")
    with pytest.raises(Invalid, match="RATE_MISSING") as missing:
        await door.charge(account, 4, original_amount=abroad, rate=rate)
    assert missing.value.field == "rate"
    assert (await door.charge(account, 4, original_amount=abroad, rate="0.80")).approved
