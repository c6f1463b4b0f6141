"""What an authorisation may be besides plain: approved in part, foreign, a verification; and how
long its hold lives."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.kernel.money import Money
from services.accounts.domain import events
from services.accounts.domain.ledger import LedgerAccount, postings
from services.accounts.domain.values import EntryMode, HoldRule, Network, Original
from services.accounts.tests.stories import GROCER, NOW, PUMP, AccountStory, pounds

IN_DOLLARS = Original(amount=Money(12_500, "USD"), rate="0.8", settlement=Money(11_200, "EUR"))
MARKUP = {"foreign_markup_basis_points": 275}


def authorised(story: AccountStory, *arguments: Any, **more: Any) -> events.ChargeAuthorised:
    fact = story.authorise(*arguments, **more)
    assert isinstance(fact, events.ChargeAuthorised)
    return fact


def test_what_is_left_is_approved_where_the_merchant_takes_less() -> None:
    story = AccountStory()
    story.authorise(970, "first")
    fact = authorised(story, 45, partial_approval_allowed=True)
    assert (fact.response_code, fact.amount, fact.held) == ("10", pounds(30), pounds(30))
    assert fact.requested == pounds(45)
    assert story.available == 0
    story.clear(30)
    assert (story.available, story.state.held_minor) == (0, 97_000)


def test_nothing_is_approved_in_part_where_nothing_is_left_or_it_was_not_asked_for() -> None:
    story = AccountStory()
    story.authorise(1000, "first")
    for charge_id, allowed in (("second", True), ("third", False)):
        fact = story.authorise(45, charge_id, partial_approval_allowed=allowed)
        assert isinstance(fact, events.ChargeDeclined)
        assert fact.response_code == "51"


def test_a_charge_that_fits_is_approved_whole() -> None:
    fact = authorised(AccountStory(), 45, partial_approval_allowed=True)
    assert (fact.response_code, fact.amount, fact.requested) == ("00", pounds(45), None)


def test_a_part_may_use_the_tolerance_and_no_more() -> None:
    story = AccountStory(over_limit_tolerance_minor=2_500)
    fact = authorised(story, 5000, partial_approval_allowed=True)
    assert fact.amount == pounds(1025)


def test_an_estimate_is_approved_as_far_as_the_limit_goes() -> None:
    """The pump may give fuel for what is left, although it asked for 1 to be held as 75."""
    story = AccountStory()
    story.authorise(950, "first")
    fact = authorised(story, 1, merchant=PUMP, estimated=True, partial_approval_allowed=True)
    assert (fact.response_code, fact.amount, fact.held) == ("10", pounds(50), pounds(50))


def test_a_charge_in_another_currency_costs_the_mark_up_besides() -> None:
    story = AccountStory(**MARKUP)
    fact = authorised(story, 100, original=IN_DOLLARS)
    assert (fact.amount, fact.markup, fact.requested) == (pounds(102.75), pounds(2.75), pounds(100))
    assert (fact.original_amount, fact.rate) == (Money(12_500, "USD"), "0.8")
    assert fact.settlement_amount == Money(11_200, "EUR")
    assert story.available == 897.25
    cleared = story.clear(100)
    assert isinstance(cleared, events.ChargeCleared)
    assert (cleared.amount, cleared.markup) == (pounds(102.75), pounds(2.75))
    assert (story.available, story.state.held_minor) == (897.25, 0)
    lines = {each.ledger_account: each.amount for each in postings(cleared)}
    assert lines == {
        LedgerAccount.RECEIVABLE: pounds(102.75),
        LedgerAccount.SETTLEMENT: pounds(-100),
        LedgerAccount.FOREIGN_MARKUP_INCOME: pounds(-2.75),
    }


def test_what_changes_a_foreign_charge_carries_the_mark_up_with_it() -> None:
    story = AccountStory(**MARKUP)
    story.authorise(100, original=IN_DOLLARS)
    story.increment("more", by=100)
    assert story.available == 794.5
    story.reverse(100)
    assert story.available == 897.25
    story.advise(40)
    assert story.available == 958.9
    story.reverse(reversal_id="all")
    assert story.available == 1000


def test_a_part_of_a_foreign_charge_leaves_room_for_its_mark_up() -> None:
    story = AccountStory(limit=100, **MARKUP)
    fact = authorised(story, 500, original=IN_DOLLARS, partial_approval_allowed=True)
    assert fact.markup is not None
    assert (fact.amount, fact.markup) == (pounds(100), pounds(2.68))
    assert story.available == 0


@pytest.mark.parametrize(
    "original", [None, Original(amount=pounds(100), rate="1")], ids=["none", "same currency"]
)
def test_a_charge_in_billing_currency_costs_nothing_besides(original: Original | None) -> None:
    fact = authorised(AccountStory(**MARKUP), 100, original=original)
    assert (fact.amount, fact.markup) == (pounds(100), None)


@pytest.mark.parametrize("entry_mode", list(EntryMode))
def test_a_card_is_verified_however_its_number_was_taken(entry_mode: EntryMode) -> None:
    story = AccountStory(limit=0)
    fact = authorised(story, 0, entry_mode=entry_mode)
    assert (fact.response_code, fact.held) == ("85", pounds(0))
    assert story.state.charges["charge"].hold_expires_at is None


RULES = (
    HoldRule(network=Network.VISA, mcc="7011", entry_mode=EntryMode.ECOMMERCE, lifetime_hours=720),
    HoldRule(network=Network.VISA, lifetime_hours=120),
    HoldRule(mcc="7011", lifetime_hours=500),
    HoldRule(network=Network.MASTERCARD, entry_mode=EntryMode.CHIP, lifetime_hours=48),
)


@pytest.mark.parametrize(
    ("network", "mcc", "entry_mode", "hours"),
    [
        (Network.VISA, "7011", EntryMode.ECOMMERCE, 720),
        (Network.VISA, "7011", EntryMode.CHIP, 120),
        (Network.MASTERCARD, "7011", EntryMode.CHIP, 500),
        (Network.MASTERCARD, "5411", EntryMode.CHIP, 48),
        (Network.MASTERCARD, "5411", EntryMode.MANUAL, 168),
        (Network.UNSPECIFIED, "5411", EntryMode.CHIP, 168),
    ],
)
def test_a_hold_lives_by_network_trade_and_entry_mode(
    network: Network, mcc: str, entry_mode: EntryMode, hours: int
) -> None:
    story = AccountStory(hold_rules=RULES)
    merchant = type(GROCER)(name="Somebody", mcc=mcc)
    fact = authorised(story, 10, merchant=merchant, entry_mode=entry_mode, network=network)
    assert fact.hold_expires_at == NOW + timedelta(hours=hours)
    increment = story.increment("more", by=1)
    assert isinstance(increment, events.ChargeIncremented)
    assert increment.hold_expires_at == NOW + timedelta(hours=hours)
