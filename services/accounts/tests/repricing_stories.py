"""How the tests of dearer terms speak: an account of year one, 2025, and another version."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account import commands as account
from services.accounts.domain.billing.terms import (
    BalanceType,
    MinimumPaymentRule,
    Rate,
    RateKind,
)
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.repricing.commands import AnnounceMigration
from services.accounts.tests.billing_stories import BilledStory
from services.accounts.tests.stories import GROCER, pounds

YEAR_ONE = date(2025, 1, 1)


MIN = MinimumPaymentRule(floor_minor=0)


PURCHASE, CASH = BalanceType.PURCHASE, BalanceType.CASH_ADVANCE


def apr(percent: int, of: BalanceType = PURCHASE, kind: RateKind = RateKind.STANDARD) -> Rate:
    return Rate(balance_type=of, kind=kind, apr_basis_points=100 * percent)


def opened(percent: int = 15, **changes: Any) -> BilledStory:
    """An account of January 1 of year one that asks for no minimum payment."""
    fields = {"rates": (apr(percent),), "minimum_payment": MIN, "fees": (), **changes}
    return BilledStory(limit=10_000, on=YEAR_ONE, **fields)


def version(story: BilledStory, number: int = 2, **changes: Any) -> Version:
    """Another version of the programme, in force already."""
    terms = story.state.in_force
    assert terms.billing
    billing = replace(terms.billing, **changes)
    return Version(
        number=number, name="Other", terms=replace(terms, billing=billing), effective_on=YEAR_ONE
    )


def announcement(
    story: BilledStory, effective_on: date | None = None, number: int = 2, **changes: Any
) -> AnnounceMigration:
    return AnnounceMigration(
        account_id="account",
        programme_id="everyday",
        programme_version=number,
        version=version(story, number, **changes),
        effective_on=effective_on,
        today=story.today,
    )


def announce(story: BilledStory, effective_on: date | None = None, **more: Any) -> list[Fact]:
    """The holder is told of another version today."""
    return story.when(announcement(story, effective_on, **more))


def moving(story: BilledStory, number: int = 2, **changes: Any) -> MigrateAccount:
    return MigrateAccount(
        account_id="account",
        programme_id="everyday",
        programme_version=number,
        version=version(story, number, **changes),
        today=story.today,
    )


def refused(story: BilledStory, command: Command) -> str:
    with pytest.raises(Refused) as refusal:
        story.decide(command)
    return refusal.value.reason


def borne(story: BilledStory, number: int) -> list[tuple[str, float, int]]:
    """What bore interest at the end of a cycle: the bucket, how much of it, at which rate."""
    told = story.statement(number)
    last = [x for x in told.interest if (told.closed_on - x.first_on).days == x.days - 1]
    return [(x.bucket, x.balance_minor / 100, x.apr_basis_points) for x in last]


def rates(story: BilledStory, number: int) -> dict[str, int]:
    return {bucket: points for bucket, _, points in borne(story, number)}


def hold(story: BilledStory, amount: float) -> None:
    story.when(
        account.AuthoriseCharge(
            account_id="account",
            charge_id="hotel",
            card_id="card",
            amount=pounds(amount),
            merchant=GROCER,
            transaction_date=story.today,
            transaction_at=story.now,
        )
    )


def protected(more: float = 1000, **changes: Any) -> BilledStory:
    """2,000 at 15 %, and more at 18 %, on May 31, as the example has it."""
    story = opened(**changes)
    story.run(3, 13, 2026)
    story.on(3, 14).buy(2000)
    announce(story.on(3, 15), date(2026, 5, 1), rates=(apr(18),))
    if more:
        story.on(4, 10).buy(more)
    story.run(5, 31)
    return story


def owed(story: BilledStory) -> dict[str, float]:
    return {each.bucket: each.minor / 100 for each in story.state.billing.opening}


def stay(story: BilledStory, amount: float, transacted: date | None = None) -> None:
    """What a hotel charges, where it had a hold."""
    story.when(
        account.ClearCharge(
            account_id="account",
            clearing_id="hotel",
            charge_id="hotel",
            card_id="card",
            amount=pounds(amount),
            merchant=GROCER,
            transaction_date=transacted or story.today,
            posting_date=story.today,
        )
    )
