"""Closed cycles are recalculated as they were: by the terms, rates and plans of their days."""

from dataclasses import replace
from datetime import date

from services.accounts.domain.account import commands
from services.accounts.domain.billing.commands import AgreeInstalmentPlan, GrantHardship
from services.accounts.domain.billing.events import PenaltyRateLifted, StatementCut
from services.accounts.domain.billing.terms import (
    BalanceType,
    InstalmentProduct,
    Rate,
    RateKind,
)
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.domain.programmes.state import Version
from services.accounts.tests.billing_stories import STANDARD, BilledStory, amounts
from services.accounts.tests.stories import AccountStory, pounds

CHEAP = (Rate(balance_type=BalanceType.PURCHASE, apr_basis_points=500),)


def migrate(story: BilledStory) -> None:
    terms = story.state.in_force
    assert terms.billing
    cheap = replace(terms, billing=replace(terms.billing, rates=CHEAP))
    version = Version(number=2, name="Cheap", terms=cheap, effective_on=story.today)
    story.when(
        MigrateAccount(
            account_id="account", programme_id="everyday", programme_version=2, version=version
        )
    )


def test_days_before_other_terms_bear_interest_by_the_terms_they_had() -> None:
    """365.00 at 15 % in February: 65.00 of them are paid on the 11th, as is known in April only.
    Comment 55(b)-2.ii: another rate is not for days before it is in effect."""
    story = BilledStory(fees=())
    story.on(1, 10).buy(365)
    story.run(3, 31)
    migrate(story.on(4, 1))
    facts = story.on(4, 2).pay(65, credited=date(2026, 2, 11))
    # 28 and 31 days of 0.0267 a day less are 1.57, with what rounding and interest on it make.
    (adjusted,) = amounts(facts, "InterestAdjusted")
    same = BilledStory(fees=())
    same.on(1, 10).buy(365)
    same.run(3, 31)
    assert amounts(same.on(4, 2).pay(65, credited=date(2026, 2, 11)), "InterestAdjusted") == [
        adjusted
    ]


def test_the_days_of_a_cycle_before_other_terms_bear_the_old_rate() -> None:
    """Comment 55(b)-2.ii: 15 % from June 1 to 14, 5 % from June 15 to 30, of 365.00 and what
    interest was charged on them before."""
    story = BilledStory(fees=(), on=date(2026, 4, 1))
    story.on(4, 10).buy(365)
    story.run(5, 31)
    owed = story.statement(2).closing_minor
    migrate(story.on(6, 15))
    story.run(6, 30)
    found = [(x.days, x.apr_basis_points, x.balance_minor) for x in story.statement(3).interest]
    assert found == [(14, 1_500, owed), (16, 500, owed)]


def test_a_pause_that_is_over_stays_one() -> None:
    """A second pause does not make the days of the first bear interest."""
    story = BilledStory(fees=())
    story.on(1, 10).buy(365)
    for month in (2, 4):
        story.run(month, 1)
        story.when(
            GrantHardship(
                account_id="account", days=28, reason="ILLNESS", transaction_date=story.today
            )
        )
        story.run(month, 28)
    facts = story.on(4, 29).pay(10, credited=date(2026, 2, 10))
    assert all(c.number != 2 for f in facts if hasattr(f, "corrected") for c in f.corrected)


def test_a_plan_that_is_paid_off_is_recalculated_as_one() -> None:
    """It bore 0 %; it does not bear the rate of purchases because somebody paid earlier."""
    story = BilledStory(fees=(), instalment_products=(InstalmentProduct(months=2),))
    charge = story.on(1, 10).buy(200)
    story.when(
        AgreeInstalmentPlan(
            account_id="account",
            plan_id="plan",
            charge_id=charge,
            months=2,
            transaction_date=story.today,
        )
    )
    for month, last in ((1, 31), (2, 28)):
        story.run(month, last)
        story.on(month + 1, 2).pay(100)
    story.run(3, 31)
    assert story.owed == 0
    facts = story.on(4, 1).pay(5, credited=date(2026, 2, 20))
    assert amounts(facts, "InterestAdjusted") == []


def test_a_plan_that_is_agreed_before_the_cycle_of_yesterday_is_cut_stays_one() -> None:
    """The statement of January is cut on February 2, late, and knows nothing of it: in February it
    bears its 0 % all the same, and agreed once more it is the same plan."""
    story = BilledStory(fees=(), instalment_products=(InstalmentProduct(months=2),))
    charge = story.on(1, 10).buy(200)
    agree = AgreeInstalmentPlan(
        account_id="account",
        plan_id="plan",
        charge_id=charge,
        months=2,
        transaction_date=date(2026, 2, 2),
    )
    story.on(2, 2).when(agree)
    story.run(2, 28)
    told = {each.bucket: each.interest_minor for each in story.statement(2).balances}
    assert told["PURCHASE/plan"] == 0
    assert story.when(agree) == []


def test_an_advice_that_came_too_early_and_was_refused_then_does_nothing_later() -> None:
    """Kept for a charge that was then declined: repeated after a force post, it holds nothing."""
    story = AccountStory(limit=10)
    advice = commands.AdviseCharge(
        account_id="account",
        charge_id="charge",
        advice_id="early",
        amount=pounds(5),
        transaction_date=story.now.date(),
    )
    story.when(advice)
    story.authorise(500)
    story.clear(3, final=False)
    assert story.when(advice) == []
    assert story.state.held_minor == 0


def test_days_of_a_penalty_rate_that_was_lifted_stay_such() -> None:
    """12 CFR 1026.55(b)(4)(ii): six payments in a row lift it from then on, not for days before."""
    penal = Rate(balance_type=BalanceType.PURCHASE, kind=RateKind.PENALTY, apr_basis_points=2_999)
    story = BilledStory(limit=9000, fees=(), rates=(*STANDARD.rates, penal), due_day=25)
    story.on(1, 10).buy(5000)
    story.run(4, 27)
    story.on(4, 28).pay(1000)
    for month in range(5, 12):
        story.run(month, 20)
        story.pay(500)
    story.run(11, 30)
    names = [type(fact).__name__ for fact in story.facts]
    assert names.count("PenaltyRateImposed") == names.count("PenaltyRateLifted") == 1
    lifted = next(fact for fact in story.facts if isinstance(fact, PenaltyRateLifted))
    rates = {
        line.apr_basis_points
        for fact in story.facts
        if isinstance(fact, StatementCut) and fact.closed_on < lifted.transaction_date
        for line in fact.statement.interest
    }
    assert rates == {1_500, 2_999}
    facts = story.on(12, 1).pay(1, credited=date(2026, 10, 10))
    (adjusted,) = amounts(facts, "InterestAdjusted")
    assert -0.1 < adjusted < 0
