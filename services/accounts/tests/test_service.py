"""Accounts as its callers see it: through its rpcs, on a real store."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.risk.v1 import events_pb2 as risk_events
from cards.risk.v1 import risk_service_pb2 as risk
from cards.type.v1.money_pb2 import Money

from chassis.call import Principal
from chassis.kernel.errors import Error, Forbidden, Invalid, NotFound, Refused, Unavailable
from services.accounts.domain import events, vault_events
from services.accounts.domain.pan import is_luhn
from services.accounts.tests.conftest import GROCER, Door, gbp


def minor(amount: Any) -> int:
    return int(amount.minor_units)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_a_holder_gets_an_account_with_a_card_whose_number_is_masked(door: Door) -> None:
    account = await door.open()
    assert minor(account.available) == 100_000
    (card,) = account.cards
    assert card.masked_number == f"500012******{card.last_four}"
    revealed = await door("RevealCardNumber", card_id=card.card_id)
    assert is_luhn(revealed.number)
    assert revealed.number.endswith(card.last_four)
    found = await door("GetCard", card_id=card.card_id)
    assert found.card == card
    assert (await door("GetAccount", account_id=account.account_id)).account == account


async def test_personal_fields_come_back_in_clear_and_stand_nowhere_in_clear(
    door: Door, tmp_path: Path
) -> None:
    account = await door.open()
    found = await door("GetCustomer", customer_id=account.customer_id)
    assert found.details.email == "ada.canary@example.com"
    assert list(found.details.address.lines) == ["1 Canary Street", "Flat 2"]
    assert (found.details.locale, found.details.date_of_birth) == ("zh-CN", "1990-12-10")
    number = (await door("RevealCardNumber", card_id=account.cards[0].card_id)).number
    await door.charge(account, 10, card_id="", card_number=number)
    await door.node.caught_up()
    kept = everything_in(tmp_path)
    assert account.account_id.encode() in kept
    for secret in ("anary", "632960961", "1990-12-10", "B1 1BB", number):
        assert secret.encode() not in kept


async def test_a_charge_lives_from_authorisation_to_refund(door: Door) -> None:
    account = await door.open()
    door.wait_for("2026-01-03")
    authorised = await door.charge(account, 45)
    assert authorised.approved
    assert minor(authorised.available) == 95_500
    charge = authorised.charge
    assert (charge.status, charge.response_code) == (pb.CHARGE_STATUS_HELD, "00")
    cleared = await door(
        "ClearCharge",
        card_id=charge.card_id,
        charge_id=charge.charge_id,
        amount=gbp(55),
        posting_date="2026-01-03",
    )
    assert minor(cleared.available) == 94_500
    assert cleared.charge.status == pb.CHARGE_STATUS_CLEARED
    refunded = await door(
        "RefundCharge", card_id=charge.card_id, charge_id=charge.charge_id, amount=gbp(5)
    )
    assert minor(refunded.charge.refunded) == 500
    paid = await door("RecordPayment", account_id=account.account_id, amount=gbp(50))
    assert minor(paid.account.balance) == 0
    found = await door("GetCharge", account_id=account.account_id, charge_id=charge.charge_id)
    assert found.charge == refunded.charge


async def test_advice_increment_and_reversal(door: Door) -> None:
    account = await door.open()
    charge_id = (await door.charge(account, 25)).charge.charge_id
    about = {"account_id": account.account_id, "charge_id": charge_id}
    raised = await door("IncrementCharge", **about, to=gbp(40))
    assert raised.approved
    assert minor(raised.available) == 96_000
    refused = await door("IncrementCharge", **about, by=gbp(5000))
    assert (refused.approved, refused.response_code, refused.reason) == (
        False,
        "51",
        "INSUFFICIENT_CREDIT",
    )
    advised = await door("AdviseCharge", **about, amount=gbp(30))
    assert minor(advised.available) == 97_000
    part = await door("ReverseCharge", **about, amount=gbp(20))
    assert minor(part.available) == 99_000
    whole = await door("ReverseCharge", **about)
    assert minor(whole.available) == 100_000
    assert whole.charge.status == pb.CHARGE_STATUS_REVERSED


async def test_a_retry_with_the_same_key_gets_the_same_answer_and_charges_once(
    door: Door,
) -> None:
    account = await door.open()
    first = await door.charge(account, 45, key="once")
    again = await door.charge(account, 45, key="once")
    assert first == again
    assert minor((await door("GetAccount", account_id=account.account_id)).account.held) == 4_500


async def test_a_decline_is_an_answer(door: Door) -> None:
    account = await door.open()
    answer = await door.charge(account, 1000.01)
    assert not answer.approved
    assert (answer.charge.response_code, answer.charge.reason) == ("51", "INSUFFICIENT_CREDIT")
    assert answer.receipt.position > 0


async def test_a_card_number_finds_its_card_and_an_unknown_one_is_declined(door: Door) -> None:
    account = await door.open()
    number = (await door("RevealCardNumber", card_id=account.cards[0].card_id)).number
    answer = await door.charge(account, 10, card_id="", card_number=number)
    assert answer.approved
    assert answer.charge.card_id == account.cards[0].card_id
    unknown = await door.charge(account, 10, card_id="", card_number="5000120000000009")
    assert (unknown.approved, unknown.charge.response_code) == (False, "14")
    fact = door.node.facts()[-1]
    assert isinstance(fact, vault_events.UnknownCardRefused)
    with pytest.raises(NotFound) as nobody:
        await door("ClearCharge", card_number="5000120000000009", amount=gbp(1), merchant=GROCER)
    assert nobody.value.reason == "CARD_NOT_FOUND"


@pytest.mark.parametrize("both", [True, False])
async def test_a_card_is_named_by_id_or_by_number(door: Door, both: bool) -> None:
    account = await door.open()
    card_id, number = (account.cards[0].card_id, "5000120000000009") if both else ("", "")
    with pytest.raises(Invalid) as malformed:
        await door.charge(account, 10, card_id=card_id, card_number=number)
    assert malformed.value.reason == "CARD_ID_OR_NUMBER"


async def test_a_lost_card_gets_a_new_number_once(door: Door) -> None:
    account = await door.open()
    old = account.cards[0].card_id
    number = (await door("RevealCardNumber", card_id=old)).number
    reported = await door("ReportCardLost", card_id=old)
    assert reported.card.status == pb.CARD_STATUS_LOST
    new = reported.replacement
    assert new.replaces_card_id == old
    assert (await door("RevealCardNumber", card_id=new.card_id)).number != number
    again = await door("ReportCardLost", card_id=old, kind=pb.LOSS_KIND_STOLEN)
    assert again.replacement == new
    declined = await door.charge(account, 10, card_id="", card_number=number)
    assert (declined.approved, declined.charge.reason) == (False, "CARD_LOST")
    assert (await door.charge(account, 10, card_id=new.card_id)).approved
    claims = [fact for fact in door.node.facts() if isinstance(fact, vault_events.PanClaimed)]
    assert len(claims) == 2
    listed = await door("ListCards", account_id=account.account_id)
    assert [card.card_id for card in listed.cards] == [old, new.card_id]


async def test_a_number_that_is_taken_is_not_issued_again(door: Door) -> None:
    account = await door.open()
    chance = door.node.ports.random
    before = chance.getstate()
    chance.seed(1)
    issued = [
        await door("IssueCard", account_id=account.account_id),
    ]
    chance.seed(1)
    issued.append(await door("IssueCard", account_id=account.account_id))
    chance.setstate(before)
    numbers = {
        (await door("RevealCardNumber", card_id=each.card.card_id)).number for each in issued
    }
    assert len(numbers) == 2


async def test_blocks_remember_who_imposed_them(door: Door) -> None:
    account = await door.open()
    holder = Principal("cardholder:ada", "cardholder", (), account.customer_id)
    card_id = account.cards[0].card_id
    paused = await door("BlockCard", card_id=card_id, reason="PAUSED", as_=holder)
    assert paused.card.status_channel == pb.CHANNEL_HOLDER
    await door("UnblockCard", card_id=card_id, reason="PAUSED", as_=holder)
    await door("BlockCard", card_id=card_id, reason="SUSPICIOUS")
    with pytest.raises(Refused) as refusal:
        await door("UnblockCard", card_id=card_id, reason="PLEASE", as_=holder)
    assert refusal.value.reason == "BLOCKED_BY_ISSUER"


async def test_a_suspended_account_declines(door: Door) -> None:
    account = await door.open()
    about = {"account_id": account.account_id}
    suspended = await door("SuspendAccount", **about, reason="ARREARS")
    assert suspended.account.status == pb.ACCOUNT_STATUS_SUSPENDED
    why = suspended.account.status_reason, suspended.account.status_channel
    assert why == ("ARREARS", pb.CHANNEL_OPERATOR)
    assert (await door.charge(account, 1)).charge.reason == "ACCOUNT_SUSPENDED"
    reinstated = await door("ReinstateAccount", **about, reason="PAID")
    assert (reinstated.account.status_reason, reinstated.account.status_channel) == ("", 0)
    assert (await door.charge(account, 1)).approved


async def test_the_same_ids_with_another_key_change_nothing(door: Door) -> None:
    account = await door.open()
    facts = len(door.node.facts())
    again = await door(
        "OpenAccount",
        account_id=account.account_id,
        customer_id=account.customer_id,
        programme_id="everyday",
    )
    assert again.account == account
    await door.define()
    assert len(door.node.facts()) == facts
    with pytest.raises(Refused) as refusal:
        await door.define(name="Other")
    assert refusal.value.reason == "PROGRAMME_DEFINED_DIFFERENTLY"


async def test_a_programme_reads_back_as_it_was_defined(door: Door) -> None:
    asked = pb.Programme(
        programme_id="fleet",
        name="Fleet",
        currency="GBP",
        bin="50001234",
        default_limit=gbp(500),
        over_limit_tolerance=gbp(5),
        assessment_threshold=gbp(100),
        stand_in_limit=gbp(200),
        hold_lifetime_hours=96,
        hold_rules=[pb.HoldRule(mcc="5542", lifetime_hours=2, estimate_hold=gbp(75))],
        card_validity_months=24,
        version=1,
        mcc_groups=[
            pb.MccGroup(name="AIRLINES", ranges=[pb.MccRange(first="3000", last="3299")]),
        ],
        minimum_age_years=21,
        minimum_income=gbp(12_000),
    )
    defined = await door("DefineProgramme", programme=asked)
    assert defined.programme == asked
    assert (await door("GetProgramme", programme_id="fleet")).programme == asked
    with pytest.raises(Invalid) as mismatch:
        await door.define(stand_in_limit=Money(minor_units=1, currency_code="EUR"))
    assert (mismatch.value.reason, mismatch.value.field) == (
        "CURRENCY_MISMATCH",
        "programme.stand_in_limit",
    )


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        ("GetProgramme", {"programme_id": "none"}, "PROGRAMME_NOT_FOUND"),
        ("GetCustomer", {"customer_id": "0" * 32}, "CUSTOMER_NOT_FOUND"),
        ("GetAccount", {"account_id": "0" * 32}, "ACCOUNT_NOT_FOUND"),
        ("GetCard", {"card_id": "0" * 32}, "CARD_NOT_FOUND"),
        ("BlockCard", {"card_id": "0" * 32, "reason": "ANY"}, "CARD_NOT_FOUND"),
        ("ReportCardLost", {"card_id": "0" * 32}, "CARD_NOT_FOUND"),
        ("GetCharge", {"account_id": "0" * 32, "charge_id": "0" * 32}, "ACCOUNT_NOT_FOUND"),
        ("ListTransactions", {"account_id": "0" * 32}, "ACCOUNT_NOT_FOUND"),
        ("SuspendAccount", {"account_id": "0" * 32, "reason": "ANY"}, "ACCOUNT_NOT_FOUND"),
    ],
)
async def test_what_is_not_there_is_not_found(
    door: Door, name: str, fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Error) as missing:
        await door(name, **fields)
    assert missing.value.reason == reason
    assert door.node.facts() == []


# Risk, in line and behind


async def test_risk_is_asked_from_the_threshold_on_and_obeyed(door: Door) -> None:
    account = await door.open(assessment_threshold=gbp(100), stand_in_limit=gbp(200))
    assert (await door.charge(account, 99.99)).approved
    assert door.risk.asked == []
    assert (await door.charge(account, 100)).approved
    assert door.risk.asked[0].merchant_category_code == "5411"
    assert door.risk.timeouts == [0.15]
    assert door.risk.person_tokens == [""], "we ask in our own name, not the caller's"
    door.risk.verdict = risk.VERDICT_BLOCK
    refused = await door.charge(account, 100)
    assert (refused.approved, refused.charge.reason) == (False, "RISK_REFUSED")


async def test_the_stand_in_rule_decides_when_risk_is_away(door: Door) -> None:
    account = await door.open(assessment_threshold=gbp(100), stand_in_limit=gbp(200))
    door.risk.failure = Unavailable("PEER_DEADLINE_EXCEEDED", "risk is slow")
    small = await door.charge(account, 200)
    assert (small.approved, small.charge.stand_in) == (True, True)
    large = await door.charge(account, 200.01)
    assert (large.approved, large.charge.reason) == (False, "STAND_IN_REFERRED")


async def test_risk_that_refuses_the_question_is_as_good_as_away(door: Door) -> None:
    account = await door.open(assessment_threshold=gbp(100), stand_in_limit=gbp(200))
    door.risk.failure = Forbidden("NOT_PERMITTED", "not for you")
    answer = await door.charge(account, 150)
    assert (answer.approved, answer.charge.stand_in) == (True, True)


async def test_the_card_that_risk_condemns_is_blocked_once(door: Door) -> None:
    account = await door.open()
    charge = (await door.charge(account, 10)).charge
    scored = risk_events.ChargeScored(
        charge_id=charge.charge_id,
        account_id=account.account_id,
        customer_id=account.customer_id,
        card_id=charge.card_id,
        verdict="block",
    )
    await door.node.take_in(scored, position=7)
    await door.node.take_in(scored, position=7)
    blocked = [fact for fact in door.node.facts() if isinstance(fact, events.CardBlocked)]
    assert [(fact.reason, fact.channel, fact.charge_id) for fact in blocked] == [
        ("RISK_VERDICT", "RISK", charge.charge_id)
    ]
    assert (await door.charge(account, 10)).charge.reason == "CARD_BLOCKED"


async def test_a_verdict_to_watch_blocks_nothing(door: Door) -> None:
    account = await door.open()
    before = len(door.node.facts())
    await door.node.take_in(
        risk_events.ChargeScored(
            account_id=account.account_id, card_id=account.cards[0].card_id, verdict="watch"
        )
    )
    assert len(door.node.facts()) == before


# Timers


async def test_a_hold_falls_by_itself(door: Door) -> None:
    account = await door.open(hold_lifetime_hours=24)
    await door.charge(account, 50)
    door.node.clock.advance(timedelta(hours=23))
    await door.node.timers_due()
    held = (await door("GetAccount", account_id=account.account_id)).account.held
    assert minor(held) == 5_000
    door.node.clock.advance(timedelta(hours=1))
    await door.node.timers_due()
    held = (await door("GetAccount", account_id=account.account_id)).account.held
    assert minor(held) == 0
    assert isinstance(door.node.facts()[-1], events.HoldExpired)


async def test_a_hold_that_was_posted_or_reversed_has_no_timer_left(door: Door) -> None:
    account = await door.open()
    posted = (await door.charge(account, 50)).charge
    await door("ClearCharge", card_id=posted.card_id, charge_id=posted.charge_id, amount=gbp(50))
    reversed_ = (await door.charge(account, 50)).charge
    await door("ReverseCharge", account_id=account.account_id, charge_id=reversed_.charge_id)
    door.node.clock.advance(timedelta(days=30))
    await door.node.timers_due()
    assert events.HoldExpired not in map(type, door.node.facts())


async def test_an_advice_moves_the_timer(door: Door) -> None:
    account = await door.open(hold_lifetime_hours=24)
    charge = (await door.charge(account, 50)).charge
    door.node.clock.advance(timedelta(hours=20))
    await door(
        "AdviseCharge",
        account_id=account.account_id,
        charge_id=charge.charge_id,
        amount=gbp(60),
    )
    door.node.clock.advance(timedelta(hours=20))
    await door.node.timers_due()
    assert events.HoldExpired not in map(type, door.node.facts())
    door.node.clock.advance(timedelta(hours=4))
    await door.node.timers_due()
    assert events.HoldExpired in map(type, door.node.facts())


async def test_two_hundred_at_once_do_not_pass_the_limit_together(door: Door) -> None:
    account = await door.open()
    answers = await asyncio.gather(*(door.charge(account, 10.01) for _ in range(200)))
    assert sum(answer.approved for answer in answers) == 99
    found = (await door("GetAccount", account_id=account.account_id)).account
    assert minor(found.available) == 100_000 - 99 * 1_001
