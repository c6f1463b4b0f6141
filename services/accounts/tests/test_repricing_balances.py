"""What balances that keep their rates do beside others: grace, payments, refunds, other terms."""

from datetime import date

from services.accounts.domain.account import commands as account
from services.accounts.domain.billing.commands import AgreeInstalmentPlan
from services.accounts.domain.billing.events import InterestAdjusted
from services.accounts.domain.billing.statement import GraceStatus
from services.accounts.domain.billing.terms import (
    Fee,
    FeeKind,
    InstalmentProduct,
    MinimumPaymentRule,
    RateKind,
)
from services.accounts.tests.billing_stories import CASH_MACHINE
from services.accounts.tests.repricing_stories import (
    CASH,
    announce,
    apr,
    hold,
    moving,
    opened,
    owed,
    protected,
    rates,
    refused,
    stay,
)
from services.accounts.tests.stories import GROCER, pounds


def test_whoever_pays_in_full_notices_nothing() -> None:
    """No purchase bears interest before, on or after the day of dearer terms."""
    story = opened()
    story.run(3, 14, 2026)
    announce(story.on(3, 15), date(2026, 5, 1), rates=(apr(18),))
    for month in range(3, 9):
        story.on(month, 20).buy(100)
        story.run(month, 24)
        if month > 3:
            story.on(month, 25).pay(story.statements()[-1].closing_minor / 100)
        story.run(month + 1, 1)
    assert story.state.programme_version == 2
    assert {each.interest_minor for each in story.statements()} == {0}
    assert story.statements()[-1].grace is GraceStatus.KEPT


def test_a_payment_above_the_minimum_goes_to_the_higher_rate_first() -> None:
    """1026.53(b): the newer purchases, and then the protected ones."""
    story = protected()
    before = owed(story)
    story.on(6, 1).pay(before["PURCHASE"] + 100)
    story.run(6, 30)
    after = {x.bucket: (x.credits_minor, x.debits_minor) for x in story.statement(18).balances}
    assert after["PURCHASE"][0] == round(before["PURCHASE"] * 100)
    assert after["PURCHASE~1"][0] == 100_00


def test_a_refund_of_what_is_protected_takes_it_off() -> None:
    story = opened()
    story.run(3, 13, 2026)
    hold(story.on(3, 14), 500)
    stay(story, 500)
    announce(story.on(3, 15), date(2026, 5, 1), rates=(apr(18),))
    story.run(5, 31)
    story.on(6, 2).buy(80)
    story.when(
        account.RefundCharge(
            account_id="account",
            refund_id="refund",
            charge_id="hotel",
            card_id="card",
            amount=pounds(100),
            merchant=GROCER,
            transaction_date=story.today,
            posting_date=story.today,
        )
    )
    story.run(6, 30)
    credits = {x.bucket: x.credits_minor for x in story.statement(18).balances}
    assert credits == {"PURCHASE": 0, "PURCHASE~1": 100_00}


def test_a_statement_that_is_recalculated_still_keeps_them_apart() -> None:
    """365.00 of the 2,000 turn out to be paid on April 1: as much less is protected in May, and a
    month of interest on them, at 15 %, and what that bore, comes back."""
    story = protected()
    facts = story.on(6, 2).pay(365, credited=date(2026, 4, 1))
    (adjusted,) = [fact for fact in facts if isinstance(fact, InterestAdjusted)]
    known = {each.bucket: each for each in story.state.billing.opening}
    same = opened()
    same.run(3, 13, 2026)
    same.on(3, 14).buy(2000)
    announce(same.on(3, 15), date(2026, 5, 1), rates=(apr(18),))
    same.on(4, 1).pay(365)
    same.on(4, 10).buy(1000)
    same.run(5, 31)
    assert {each.bucket: each for each in same.state.billing.opening} == known
    assert story.owed == same.owed
    assert any(each.bucket == "PURCHASE~1" for each in adjusted.corrected)


def test_rates_raised_twice_protect_each_what_was_bought_before() -> None:
    story = protected()
    announce(story.on(6, 1), date(2026, 8, 1), number=3, rates=(apr(21),))
    story.on(7, 10).buy(50)
    story.run(8, 31)
    assert rates(story, 20) == {"PURCHASE": 2_100, "PURCHASE~1": 1_500, "PURCHASE~2": 1_800}


def test_a_lower_rate_later_is_for_what_is_protected_too() -> None:
    """55(b)-3: nothing prohibits lowering it; nor is it raised again above what it was."""
    story = protected()
    story.when(moving(story.on(6, 1), number=3, rates=(apr(10),)))
    story.run(6, 30)
    assert set(rates(story, 18).values()) == {1_000}
    announce(story.on(7, 1), date(2026, 9, 1), number=4, rates=(apr(20),))
    story.on(8, 10).buy(10)
    story.run(9, 30)
    found = rates(story, 21)
    assert found["PURCHASE"] == 2_000
    assert found["PURCHASE~1"] == found["PURCHASE~2"] == 1_000


def test_only_what_is_dearer_is_kept_apart() -> None:
    """Comment 55(b)-5: categories; 55(c)(2)(iii)-2: the rate of cash is not raised."""
    story = opened(rates=(apr(15), apr(20, CASH)))
    story.run(3, 13, 2026)
    story.on(3, 14).buy(2000)
    story.buy(500, CASH_MACHINE)
    announce(story.on(3, 15), date(2026, 5, 1), rates=(apr(18), apr(20, CASH)))
    story.run(5, 31)
    assert rates(story, 17) == {"CASH_ADVANCE": 2_000, "PURCHASE~1": 1_500}


def test_fees_that_bear_interest_keep_the_lower_rate() -> None:
    fee = Fee(kind=FeeKind.CASH_ADVANCE, amount_minor=10_00)
    story = opened(rates=(apr(15), apr(20, CASH)), fees=(fee,), fees_bear_interest=True)
    story.run(3, 13, 2026)
    story.on(3, 14).buy(500, CASH_MACHINE)
    announce(story.on(3, 15), date(2026, 5, 1), rates=(apr(18), apr(20, CASH)))
    story.run(5, 31)
    assert rates(story, 17) == {"CASH_ADVANCE": 2_000, "FEE": 1_500}


def test_the_penalty_rate_is_for_what_is_protected_too() -> None:
    """Comment 55(a)-1.iii.B: more than 60 days late, 55(b)(4) permits it on every balance."""
    story = opened(
        rates=(apr(15), apr(28, kind=RateKind.PENALTY)),
        minimum_payment=MinimumPaymentRule(floor_minor=25_00),
    )
    story.run(3, 13, 2026)
    story.on(3, 14).buy(2000)
    penal = (apr(18), apr(28, kind=RateKind.PENALTY))
    announce(story.on(3, 15), date(2026, 5, 1), rates=penal)
    story.on(4, 10).buy(100)
    for month in (6, 7, 8, 9):
        story.run(month, 1)
    assert set(rates(story, 20).values()) == {2_800}


def test_a_protected_purchase_is_not_put_into_a_plan() -> None:
    """Its instalments might bear more."""
    story = opened(instalment_products=(InstalmentProduct(months=6, apr_basis_points=2_000),))
    story.run(3, 13, 2026)
    hold(story.on(3, 14), 500)
    stay(story, 500)
    announce(story.on(3, 15), date(2026, 5, 1), rates=(apr(18),))
    story.run(5, 31)
    plan = AgreeInstalmentPlan(
        account_id="account",
        plan_id="plan",
        charge_id="hotel",
        months=6,
        transaction_date=story.today,
    )
    assert refused(story, plan) == "PURCHASE_PROTECTED"
