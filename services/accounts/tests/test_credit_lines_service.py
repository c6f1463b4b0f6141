"""Other credit limits over their rpcs: asked for, granted by two people, listed."""

from datetime import timedelta
from typing import Any

import pytest
from cards.accounts.v1 import billing_terms_pb2 as terms

from chassis.call import Principal
from chassis.kernel.errors import Refused
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.test_billing_service import BILLING

SECOND = Principal("operator:otto", "operator", ("operator",))


def ruled() -> terms.BillingTerms:
    """Billing with rules: above 2,000.00 two people are needed."""
    billing = terms.BillingTerms()
    billing.CopyFrom(BILLING)
    rules = terms.CreditLineRules(two_people_above_minor=2_000_00, review_every_months=6)
    billing.credit_line.CopyFrom(rules)
    return billing


async def test_a_holder_asks_and_two_people_grant(door: Door) -> None:
    account_id = (await door.open(billing=ruled())).account_id
    door.node.clock.advance(timedelta(days=200))
    asked = {"account_id": account_id, "limit": gbp(3_000), "annual_income": gbp(30_000)}
    referred = await door("RequestCreditLine", key="once", **asked)
    assert (referred.outcome, list(referred.reasons)) == ("REFERRED", ["ABOVE_ONE_PERSONS_LIMIT"])
    assert await door("RequestCreditLine", key="once", **asked) == referred
    await door.node.caught_up()
    (waits,) = (await door("ListCreditLineQueue")).pending
    assert (waits.change_id, waits.proposed_by) == (referred.request_id, "")
    decision = {"account_id": account_id, "approve": True, "reason": "GOOD"}
    first = await door("DecideCreditLine", request_id=waits.change_id, **decision)
    assert first.credit_line.limit == gbp(1_000)
    with pytest.raises(Refused, match="SECOND_PERSON_NEEDED"):
        await door("ConfirmCreditLine", change_id=waits.change_id, **decision)
    granted = await door("ConfirmCreditLine", as_=SECOND, change_id=waits.change_id, **decision)
    assert granted.credit_line.limit == gbp(3_000)
    await door.node.caught_up()
    found = await door("GetCreditLine", account_id=account_id)
    steps = [each.step for each in found.steps]
    assert steps == ["CHANGED", "CONFIRMED", "PROPOSED", "REFERRED", "REQUESTED"]
    deciders = [each.decided_by for each in found.steps]
    assert deciders[:3] == ["operator:otto", "operator:otto", "operator:olga"]
    assert not (await door("ListCreditLineQueue")).pending


async def test_what_a_holder_tells_is_kept_in_ciphertext_only(door: Door) -> None:
    account_id = (await door.open(billing=ruled())).account_id
    told: dict[str, Any] = {"annual_income": gbp(98_765.43), "monthly_obligations": gbp(1_234.56)}
    answer = await door("RequestCreditLine", account_id=account_id, limit=gbp(1_500), **told)
    assert answer.outcome == "DECLINED"
    assert list(answer.reasons) == ["ACCOUNT_TOO_NEW"]
    recorded = await door.node.ports.log.after(0, 100)
    said = str([each.fact for each in recorded])
    assert "9876543" not in said
    assert "123456" not in said


async def test_a_review_says_what_it_saw(door: Door) -> None:
    account_id = (await door.open(billing=ruled())).account_id
    held = await door("ReviewCreditLine", account_id=account_id, reason="ASKED", key="once")
    assert (held.outcome, list(held.reasons)) == ("KEPT", ["TOO_FEW_STATEMENTS"])
    assert held.credit_line.next_review_on
    assert await door("ReviewCreditLine", account_id=account_id, reason="ASKED", key="once") == held


async def test_an_offer_is_answered_by_the_holder(door: Door) -> None:
    account_id = (await door.open(billing=ruled())).account_id
    await door(
        "RequestCreditLine", account_id=account_id, limit=gbp(1_500), annual_income=gbp(30_000)
    )
    door.node.clock.advance(timedelta(days=200))
    offered = await door("OfferCreditLine", account_id=account_id, limit=gbp(1_800), reason="GOOD")
    assert offered.credit_line.offer.limit == gbp(1_800)
    taken = await door(
        "AnswerCreditLineOffer", account_id=account_id, offer_id=offered.offer_id, accept=True
    )
    assert taken.credit_line.limit == gbp(1_800)
    assert not taken.credit_line.HasField("offer")


async def test_who_changes_or_offers_a_limit_is_told(door: Door) -> None:
    account_id = (await door.open(billing=ruled())).account_id
    await door(
        "RequestCreditLine", account_id=account_id, limit=gbp(1_500), annual_income=gbp(30_000)
    )
    door.node.clock.advance(timedelta(days=200))
    await door("OfferCreditLine", account_id=account_id, limit=gbp(1_200), reason="GOOD")
    await door("ChangeCreditLine", account_id=account_id, limit=gbp(800), reason="RISK", as_=SECOND)
    await door.node.caught_up()
    found = await door("GetCreditLine", account_id=account_id)
    decided = {each.step: each.decided_by for each in found.steps}
    assert decided["CHANGED"] == decided["REDUCED"] == "operator:otto"
    assert decided["OFFERED"] == "operator:olga"
