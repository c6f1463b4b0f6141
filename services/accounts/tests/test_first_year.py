"""When the first year begins in which fees are limited: 12 CFR 1026.52(a)(1), comment 4."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.app import SERVICE
from services.accounts.domain import events
from services.accounts.domain.account import commands
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.commands import ChangeCreditLine
from services.accounts.domain.billing.fees import first_year_room
from services.accounts.domain.billing.terms import Fee, FeeKind
from services.accounts.domain.life.commands import ActivateCard
from services.accounts.domain.life.events import CardActivated
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.values import CardKind, Channel, LossKind
from services.accounts.tests.billing_stories import CASH_MACHINE, BilledStory, amounts
from services.accounts.tests.conftest import Door
from services.accounts.tests.stories import AccountStory, pounds
from services.accounts.tests.test_cards_service import CardsDoor
from services.accounts.tests.test_golden import GOLDEN
from services.accounts.tests.test_programmes_in_force import business_days_go_on

CASH = Fee(kind=FeeKind.CASH_ADVANCE, basis_points=500)
ALL_THERE_IS = Fee(kind=FeeKind.ANNUAL, amount_minor=250_00)
"""A quarter of the limit of 1,000: nothing is left for another fee in the first year."""
JULY = date(2026, 7, 1)


def by_post(*fees: Fee, pending: bool = True) -> BilledStory:
    """An account opened on July 1, 2026, whose card of plastic waits for its activation."""
    return BilledStory(on=JULY, pending=pending, fees=fees)


def activate(story: BilledStory, card_id: str = "card") -> None:
    story.when(
        ActivateCard(
            account_id="account", card_id=card_id, reason="RECEIVED", channel=Channel.HOLDER
        )
    )


def cash_fees(story: BilledStory, on: date) -> list[float]:
    """The fees for 100 in cash on a day; the account is paid off before."""
    story.run(on.month, on.day, on.year)
    if story.owed > 0:
        story.pay(story.owed)
    known = len(story.facts)
    story.buy(100, CASH_MACHINE)
    return amounts(story.facts[known:], "FeeCharged")


@pytest.mark.parametrize(
    "activated",
    [
        pytest.param(date(2026, 7, 12), id="52(a)(1)-4.ii.B"),
        pytest.param(date(2026, 7, 11), id="52(a)(1)-4.ii.C"),
        pytest.param(date(2026, 7, 8), id="52(a)(1)-4.ii.C, last sentence"),
    ],
)
def test_the_first_year_ends_a_year_after_the_activation(activated: date) -> None:
    """Comments 52(a)(1)-4.ii.B and C: established on July 1 of year one, activated later: the limit
    ceases to apply on that day of year two, and not on July 1."""
    story = by_post(ALL_THERE_IS, CASH)
    story.run(7, 1)
    story.pay(250)
    activate(story.on(activated.month, activated.day))
    ends = date(2027, activated.month, activated.day)
    assert cash_fees(story, date(2027, 7, 1)) == []
    assert cash_fees(story, ends - timedelta(days=1)) == []
    assert cash_fees(story, ends) == [5]


def test_a_card_that_can_be_used_at_once_begins_the_year_at_the_opening() -> None:
    """52(a)(1): no earlier than the account may first be used, and that was on July 1."""
    story = by_post(ALL_THERE_IS, CASH, pending=False)
    story.run(7, 1)
    story.pay(250)
    assert cash_fees(story, date(2027, 6, 29)) == []
    assert cash_fees(story, date(2027, 7, 1)) == [5]


def test_a_virtual_card_while_the_plastic_is_in_the_post_begins_the_year() -> None:
    story = by_post(CASH)
    virtual = commands.NewCard(card_id="virtual", last_four="1111", kind=CardKind.VIRTUAL)
    story.on(7, 3).when(commands.IssueCard(account_id="account", card=virtual))
    activate(story.on(7, 20))
    assert story.state.billing.usable_on == date(2026, 7, 3)


def test_a_card_lost_in_the_post_does_not_begin_the_year_but_what_replaces_it() -> None:
    story = by_post(CASH)
    new = commands.NewCard(card_id="new", last_four="1111", kind=CardKind.PHYSICAL)
    lost = commands.ReportCardLost(
        account_id="account",
        card_id="card",
        kind=LossKind.LOST,
        channel=Channel.HOLDER,
        replacement=new,
    )
    story.on(7, 10).when(lost)
    assert story.state.billing.usable_on is None
    activate(story.on(7, 20), "new")
    assert story.state.billing.usable_on == date(2026, 7, 20)


def test_the_limit_stands_as_long_as_the_account_cannot_be_used() -> None:
    """52(a)(1): prior to account opening, too."""
    story = by_post(ALL_THERE_IS)
    story.run(7, 1)
    terms = story.state.in_force.billing
    assert terms
    assert first_year_room(story.state.billing, terms, date(2029, 1, 1)) == 0
    assert amounts(story.run(12, 31, 2027), "FeeCharged") == []


def cut(story: BilledStory, limit: float) -> list[float]:
    """What is given back when the limit is lowered today."""
    lower = ChangeCreditLine(
        account_id="account",
        change_id="cut",
        limit=pounds(limit),
        reason="REVIEW",
        by="operator:olga",
        transaction_date=story.today,
    )
    return amounts(story.when(lower), "FeeWaived")


def test_a_limit_cut_within_a_year_of_the_activation_gives_fees_back() -> None:
    """Comment 52(a)(1)-3.ii.B with 4.ii.B: 125 at a limit of 500, which is cut to 250 on July 11
    of year two, a day before the year is over: 62.50 come back; nothing a day later."""
    for day, given_back in ((11, [62.5]), (12, [])):
        story = BilledStory(
            limit=500,
            on=JULY,
            pending=True,
            fees=(Fee(kind=FeeKind.ANNUAL, amount_minor=125_00),),
        )
        story.run(7, 1)
        activate(story.on(7, 12))
        assert cut(story.on(7, day, 2027), 250) == given_back


def test_the_second_annual_fee_waits_for_the_end_of_the_first_year() -> None:
    """Both would be fees of one year, which leaves no room for two."""
    story = by_post(ALL_THERE_IS)
    assert amounts(story.run(7, 1), "FeeCharged") == [250]
    story.pay(250)
    activate(story.on(7, 12))
    assert amounts(story.run(7, 11, 2027), "FeeCharged") == []
    assert amounts(story.run(7, 12, 2027), "FeeCharged") == [250]
    story.pay(250)
    assert amounts(story.run(7, 11, 2028), "FeeCharged") == []
    assert amounts(story.run(7, 12, 2028), "FeeCharged") == [250]


def test_the_days_of_a_card_and_its_account_may_be_of_two_calendars() -> None:
    """A business date may be ahead of the calendar or behind it; the first card is as old as its
    account either way."""
    story = BilledStory()
    opened = next(fact for fact in story.facts if isinstance(fact, events.AccountOpened))
    issued = next(fact for fact in story.facts if isinstance(fact, events.CardIssued))
    for days in (-40, 1):
        card = replace(issued, transaction_date=issued.transaction_date + timedelta(days=days))
        state: Any = CREDIT_ACCOUNT.fold([opened, card])
        assert state.billing.usable_on == opened.transaction_date


def test_an_account_stored_before_cards_waited_counts_from_its_opening() -> None:
    """A card in the first shape it was stored in could be used at once."""
    stored = (GOLDEN / "CardIssued.v1.json").read_bytes()
    issued, _ = SERVICE.codec().decode("CardIssued.v1", stored)
    opened = next(fact for fact in by_post(CASH).facts if isinstance(fact, events.AccountOpened))
    state: Any = CREDIT_ACCOUNT.fold([opened, issued])
    assert state.billing.usable_on == JULY


def billed_later(story: AccountStory) -> CreditAccount:
    """The account after it went over to terms that have billing."""
    terms = BilledStory().state.in_force
    version = Version(number=2, name="Billed", terms=terms, effective_on=story.now.date())
    story.when(
        MigrateAccount(
            account_id="account", programme_id="everyday", programme_version=2, version=version
        )
    )
    return story.state


def test_where_billing_begins_later_the_year_begins_with_it_unless_no_card_can_be_used() -> None:
    used, waiting = AccountStory(), AccountStory()
    assert billed_later(used).billing.usable_on == used.now.date()
    opening = replace(waiting.opening, card=replace(waiting.opening.card, pending=True))
    opening = replace(opening, card=replace(opening.card, kind=CardKind.PHYSICAL))
    waiting.state, waiting.facts = waiting.decider.initial, []
    waiting.when(opening)
    assert billed_later(waiting).billing.usable_on is None


async def test_a_card_is_activated_on_the_business_date(door: Door) -> None:
    first = await door.open()
    opened = await door(
        "OpenAccount",
        customer_id=first.customer_id,
        programme_id="everyday",
        card_kind=pb.CARD_KIND_PHYSICAL,
    )
    today = await business_days_go_on(door, 10)
    (card,) = opened.account.cards
    activation = {"card_id": card.card_id, "reason": "RECEIVED"}
    await CardsDoor(door)("ActivateCard", **activation)
    (fact,) = [each for each in door.node.facts() if isinstance(each, CardActivated)]
    assert fact.transaction_date == today
