"""Stand-in decisions of the network, refunds promised and taken back, credits sent to a card."""

from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts_pb
from cards.accounts.v1 import charges_service_pb2 as pb

from chassis.kernel.errors import Error, Refused
from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from services.accounts.domain import events as plain
from services.accounts.domain.account import commands as account
from services.accounts.domain.charging import commands, events
from services.accounts.domain.charging.refunds import REFUND_LIFETIME
from services.accounts.domain.charging.state import RefundStatus
from services.accounts.domain.values import CardKind, Channel, ChargeStatus, LossKind
from services.accounts.tests.conftest import GROCER as SHOP
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.stories import GROCER, NOW, TODAY, AccountStory, pounds


def asked(amount: float, charge_id: str = "charge") -> account.AuthoriseCharge:
    return account.AuthoriseCharge(
        account_id="account",
        charge_id=charge_id,
        card_id="card",
        amount=pounds(amount),
        merchant=GROCER,
        transaction_date=TODAY,
        transaction_at=NOW,
    )


def stand_in(amount: float, response_code: str = "00") -> commands.RecordStandIn:
    return commands.RecordStandIn(
        account_id="account", charge=asked(amount), response_code=response_code
    )


def promise(amount: float, charge_id: str = "", refund_id: str = "refund") -> Any:
    return commands.AuthoriseRefund(
        account_id="account",
        refund_id=refund_id,
        charge_id=charge_id,
        card_id="card",
        amount=pounds(amount),
        merchant=GROCER,
        transaction_date=TODAY,
    )


def take_back(amount: float | None = None, reversal_id: str = "back") -> commands.ReverseRefund:
    return commands.ReverseRefund(
        account_id="account",
        refund_id="refund",
        reversal_id=reversal_id,
        amount=None if amount is None else pounds(amount),
        transaction_date=TODAY,
        posting_date=TODAY,
    )


def send(amount: float, credit_id: str = "credit", currency: str = "GBP") -> Any:
    return commands.PostOriginalCredit(
        account_id="account",
        credit_id=credit_id,
        card_id="card",
        amount=Money(round(amount * 100), currency),
        sender=GROCER,
        transaction_date=TODAY,
        posting_date=TODAY,
    )


def test_what_the_network_approved_is_held_although_it_exceeds_the_limit_and_is_flagged() -> None:
    story = AccountStory(limit=10)
    (fact,) = story.when(stand_in(45))
    assert isinstance(fact, plain.ChargeAuthorised)
    assert (fact.decided_by_network, story.available) == (True, -35)
    story.clear(45)
    assert (story.available, story.state.held_minor) == (-35, 0)
    assert not story.state.charges["charge"].forced


def test_what_the_network_declined_is_recorded_with_its_code() -> None:
    story = AccountStory()
    (fact,) = story.when(stand_in(45, "91"))
    assert isinstance(fact, plain.ChargeDeclined)
    assert (fact.response_code, fact.reason) == ("91", "DECLINED_BY_NETWORK")
    assert story.available == 1000


def test_the_network_overrules_a_decline_of_the_house() -> None:
    story = AccountStory(limit=10)
    assert isinstance(story.authorise(45), plain.ChargeDeclined)
    story.when(stand_in_of_story(45))
    assert story.available == -35
    assert story.state.charges["charge"].status is ChargeStatus.HELD


def test_the_network_overrules_an_approval_of_the_house() -> None:
    story = AccountStory()
    story.authorise(45)
    reversal, refusal = story.when(stand_in_of_story(45, "91"))
    assert isinstance(reversal, plain.ChargeReversed)
    assert isinstance(refusal, plain.ChargeDeclined)
    assert (story.available, story.state.held_minor) == (1000, 0)
    assert story.state.charges["charge"].status is ChargeStatus.DECLINED


def stand_in_of_story(amount: float, response_code: str = "00") -> commands.RecordStandIn:
    return stand_in(amount, response_code)


def test_nothing_follows_where_both_decided_alike() -> None:
    story = AccountStory()
    story.authorise(45)
    assert story.when(stand_in(45)) == []
    declined = AccountStory(limit=1)
    declined.authorise(45)
    assert declined.when(stand_in(45, "51")) == []


def test_the_network_decides_once() -> None:
    story = AccountStory()
    story.when(stand_in(45))
    with pytest.raises(Refused) as otherwise:
        story.decide(stand_in(45, "05"))
    assert otherwise.value.reason == "STAND_IN_DECIDED_DIFFERENTLY"
    with pytest.raises(Refused) as other:
        story.decide(stand_in(46))
    assert other.value.reason == "CHARGE_AUTHORISED_DIFFERENTLY"


def test_a_promised_refund_is_awaited_and_not_spent_before_it_is_posted() -> None:
    story = AccountStory()
    story.authorise(100)
    story.clear(100)
    (fact,) = story.when(promise(30, "charge"))
    assert isinstance(fact, events.RefundAuthorised)
    assert (fact.response_code, fact.pending, story.available) == ("00", pounds(30), 900)
    assert story.state.charging.pending_minor == 3_000
    story.refund(30)
    assert (story.available, story.state.charging.pending_minor) == (930, 0)
    assert story.state.charging.refunds["refund"].status is RefundStatus.POSTED


def test_more_than_was_captured_is_not_promised() -> None:
    story = AccountStory()
    story.authorise(100)
    story.clear(100)
    (fact,) = story.when(promise(100.01, "charge"))
    assert isinstance(fact, events.RefundDeclined)
    assert (fact.response_code, fact.reason) == ("13", "REFUND_EXCEEDS_CAPTURED")


def test_what_was_promised_to_a_charge_is_not_promised_again() -> None:
    story = AccountStory()
    story.authorise(100)
    story.clear(100)
    story.when(promise(60, "charge"))
    (too_much,) = story.when(promise(40.01, "charge", "second"))
    assert isinstance(too_much, events.RefundDeclined)
    assert too_much.reason == "REFUND_EXCEEDS_CAPTURED"
    (rest,) = story.when(promise(40, "charge", "third"))
    assert isinstance(rest, events.RefundAuthorised)


def test_a_promise_that_is_taken_back_falls_or_is_kept_makes_room_for_others() -> None:
    story = AccountStory()
    story.authorise(100)
    story.clear(100)
    story.when(promise(60, "charge"))
    story.when(take_back(20))
    (room,) = story.when(promise(60, "charge", "second"))
    assert isinstance(room, events.RefundAuthorised)
    story.refund(60, refund_id="second")
    story.later(days=31)
    story.when(commands.ExpireRefund(account_id="account", refund_id="refund"))
    (last,) = story.when(promise(40.01, "charge", "third"))
    assert isinstance(last, events.RefundDeclined)
    (fits,) = story.when(promise(40, "charge", "fourth"))
    assert isinstance(fits, events.RefundAuthorised)


def test_what_is_posted_without_being_promised_is_bound_by_what_was_captured_only() -> None:
    story = AccountStory()
    story.authorise(100)
    story.clear(100)
    story.when(promise(60, "charge"))
    story.refund(100, refund_id="direct")
    assert story.available == 1000
    with pytest.raises(Refused, match="REFUND_EXCEEDS_CAPTURED"):
        story.refund(60)


def test_a_promise_falls_in_its_time_and_may_be_kept_all_the_same() -> None:
    story = AccountStory()
    story.when(promise(30))
    expire = commands.ExpireRefund(account_id="account", refund_id="refund")
    assert story.when(expire) == []
    story.now += REFUND_LIFETIME
    story.when(expire)
    assert story.state.charging.pending_minor == 0
    story.refund(30, "")
    assert story.available == 1030


def test_a_posted_refund_is_taken_back_in_parts_and_no_further() -> None:
    story = AccountStory()
    story.authorise(100)
    story.clear(100)
    story.refund(60)
    story.when(take_back(20, "first"))
    assert (story.available, story.state.charges["charge"].refunded_minor) == (940, 4_000)
    with pytest.raises(Refused) as more:
        story.when(take_back(40.01, "more"))
    assert more.value.reason == "REFUND_REVERSAL_EXCEEDS_POSTED"
    story.when(take_back(None, "rest"))
    assert (story.available, story.state.charges["charge"].refunded_minor) == (900, 0)


def test_what_is_captured_may_come_back_again_after_a_refund_was_taken_back() -> None:
    story = AccountStory()
    story.authorise(100)
    story.clear(100)
    story.refund(100)
    story.when(take_back())
    story.refund(100, refund_id="again")
    assert story.available == 1000


def test_money_sent_to_a_card_is_posted_even_to_a_blocked_one() -> None:
    story = AccountStory()
    (fact,) = story.when(send(25))
    assert isinstance(fact, events.OriginalCreditPosted)
    assert (story.available, fact.balance) == (1025, pounds(-25))
    block = account.BlockCard(
        account_id="account", card_id="card", reason="ANY", channel=Channel.HOLDER
    )
    story.when(block)
    assert isinstance(story.when(send(5, "second"))[0], events.OriginalCreditPosted)


def declined_code(fact: Fact) -> str:
    assert isinstance(fact, events.OriginalCreditDeclined)
    return fact.response_code


def test_money_sent_to_a_lost_card_or_in_another_currency_is_declined() -> None:
    story = AccountStory()
    assert declined_code(story.when(send(5, "dollars", "USD"))[0]) == "12"
    lost = account.ReportCardLost(
        account_id="account",
        card_id="card",
        kind=LossKind.LOST,
        channel=Channel.HOLDER,
        replacement=account.NewCard(card_id="new", last_four="1", kind=CardKind.VIRTUAL),
    )
    story.when(lost)
    assert declined_code(story.when(send(5))[0]) == "41"
    assert story.available == 1000


def test_a_credit_of_an_id_is_posted_once() -> None:
    story = AccountStory()
    story.when(send(5))
    with pytest.raises(Error) as other:
        story.decide(send(6))
    assert getattr(other.value, "reason", "") == "CREDIT_POSTED_DIFFERENTLY"


def unsend(amount: float | None = None, id: str = "back") -> commands.ReverseOriginalCredit:
    return commands.ReverseOriginalCredit(
        account_id="account",
        credit_id="credit",
        reversal_id=id,
        amount=None if amount is None else pounds(amount),
        transaction_date=TODAY,
        posting_date=TODAY,
    )


def test_money_that_was_sent_is_taken_back_in_parts_and_no_further() -> None:
    story = AccountStory()
    story.when(send(25))
    (fact,) = story.when(unsend(10, "first"))
    assert isinstance(fact, events.OriginalCreditReversed)
    assert (story.available, fact.balance) == (1015, pounds(-15))
    assert story.decide(unsend(10, "first")) == ()
    with pytest.raises(Refused, match="CREDIT_REVERSED_DIFFERENTLY"):
        story.decide(unsend(11, "first"))
    with pytest.raises(Refused, match="CREDIT_REVERSAL_EXCEEDS_POSTED"):
        story.decide(unsend(15.01, "more"))
    story.when(unsend(None, "rest"))
    assert (story.available, story.state.posted_minor) == (1000, 0)


def test_a_credit_that_is_taken_back_before_it_comes_changes_nothing_in_the_end() -> None:
    story = AccountStory()
    (kept,) = story.when(unsend())
    assert isinstance(kept, events.EarlyCreditReversalKept)
    posted, back = story.when(send(25))
    assert isinstance(posted, events.OriginalCreditPosted)
    assert isinstance(back, events.OriginalCreditReversed)
    assert story.available == 1000


async def test_the_network_asks_decides_promises_and_sends(door: Door) -> None:
    opened = await door.open(foreign_markup_basis_points=100)
    card_id = opened.cards[0].card_id
    found = await door("InquireBalance", card_id=card_id)
    assert (found.response_code, found.available) == ("00", gbp(1000))
    decided = await door(
        "RecordStandIn", card_id=card_id, amount=gbp(2000), merchant=SHOP, response_code="00"
    )
    assert (decided.available, decided.charge.decided_by_network) == (gbp(-1000), True)
    promised = await door("AuthoriseRefund", card_id=card_id, amount=gbp(5), merchant=SHOP)
    refund_id = promised.refund.refund_id
    assert (promised.approved, promised.refund.pending) == (True, gbp(5))
    await door("RefundCharge", card_id=card_id, refund_id=refund_id, amount=gbp(5), merchant=SHOP)
    ids = {"account_id": opened.account_id, "refund_id": refund_id}
    back = await door("ReverseRefund", **ids)
    assert (back.refund.posted, back.refund.reversed) == (gbp(5), gbp(5))
    sent = await door("PostOriginalCredit", card_id=card_id, amount=gbp(7), sender=SHOP)
    assert sent.approved
    credit = {"account_id": opened.account_id, "credit_id": sent.credit.refund_id}
    unsent = await door("ReverseOriginalCredit", amount=gbp(2), **credit)
    assert (unsent.credit.posted, unsent.credit.reversed) == (gbp(7), gbp(2))
    seen = await door("GetRefund", **ids)
    assert seen.refund.status == pb.REFUND_STATUS_POSTED
    await door("BlockCard", card_id=card_id, reason="MISLAID")
    found = await door("InquireBalance", card_id=card_id)
    assert (found.response_code, found.HasField("available")) == ("62", False)
    await door.node.caught_up()
    listed = await door("ListTransactions", account_id=opened.account_id)
    kinds = [accounts_pb.TransactionKind.Name(each.kind) for each in listed.transactions]
    assert [each.removeprefix("TRANSACTION_KIND_") for each in kinds] == [
        "CREDIT_REVERSAL",
        "CREDIT",
        "REFUND_REVERSAL",
        "REFUND",
        "CHARGE",
    ]
    totals = (await door("GetTrialBalance")).totals
    assert all(each.total.minor_units == 0 for each in totals)
