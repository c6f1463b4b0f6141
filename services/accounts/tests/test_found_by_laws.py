"""What lives that hypothesis made up found wrong, each told as a story that was wrong before."""

from dataclasses import replace
from datetime import date
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.commands import (
    AgreeInstalmentPlan,
    RefundCreditBalance,
    ReturnPayment,
)
from services.accounts.domain.billing.events import AccountChargedOff, PenaltyRateImposed
from services.accounts.domain.billing.recalculating import corrected, recalculate
from services.accounts.domain.billing.terms import (
    BalanceType,
    DeferredPromotion,
    InstalmentProduct,
    InterestMethod,
    Rate,
    RateKind,
)
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.repaying.state import PlannedPayment
from services.accounts.domain.standing.commands import ChangeStanding
from services.accounts.domain.transfers.commands import ReturnBalanceTransfer, TransferBalance
from services.accounts.domain.values import AccountStatus, Channel
from services.accounts.tests.billing_stories import CASH_MACHINE, STANDARD, BilledStory, amounts
from services.accounts.tests.credit_line_stories import refused
from services.accounts.tests.repaying_stories import PayingStory
from services.accounts.tests.stories import PUMP, AccountStory, Story, pounds, terms


def to_other_terms(story: Story, on: date, **changes: Any) -> MigrateAccount:
    """The account is to go over to terms with another billing."""
    billing = replace(story.state.in_force.billing or STANDARD, **changes)
    version = Version(number=2, name="Other", terms=terms(billing=billing), effective_on=on)
    return MigrateAccount(
        account_id="account", programme_id="everyday", programme_version=2, version=version
    )


def test_a_payment_that_comes_back_after_all_cycles_it_was_in_are_forgotten_is_owed_again() -> None:
    """On the last day of a cycle that is closed already it is owed from the next day on."""
    story = BilledStory()
    story.buy(100)
    story.on(1, 20).pay(100, payment_id="old")
    story.run(12, 31)
    story.bounce("old")
    assert story.owed == 100
    story.run(1, 31, 2027)
    assert story.statements()[-1].closing_minor == 100_00


def test_cycles_never_begin_on_a_closed_account() -> None:
    story = AccountStory()
    closed(story)
    assert refused(story.when, to_other_terms(story, story.now.date())) == "ACCOUNT_CLOSED"


def test_a_cycle_that_is_over_is_cut_by_the_terms_it_had_even_after_a_migration() -> None:
    """900 basis points on 470.05 for 19 days are 2.20, and 2.21 where each day's interest is added
    to the balance of the next."""
    story = BilledStory(
        on=date(2026, 3, 14),
        cycle_day=1,
        interest_method=InterestMethod.DAILY_COMPOUNDING,
        instalment_products=(InstalmentProduct(months=6, apr_basis_points=900),),
    )
    agreed = AgreeInstalmentPlan(
        account_id="account",
        plan_id="plan",
        charge_id=story.buy(470.05),
        months=6,
        transaction_date=story.today,
    )
    story.when(agreed)
    simple = InterestMethod.AVERAGE_DAILY_BALANCE
    story.when(to_other_terms(story.on(4, 2), story.today, interest_method=simple))
    story.run(4, 2)
    assert story.statement(1).interest_minor == 2_21
    billing = story.state.in_force.billing
    assert billing is not None
    again, _ = recalculate(story.state.billing, billing)
    assert corrected(story.state.billing.closed, again) == ()


def test_a_cycle_that_is_told_keeps_its_terms_when_the_account_goes_over_on_its_last_day() -> None:
    story = BilledStory()
    story.buy(800, CASH_MACHINE)
    story.run(1, 31)
    assert story.statement(1).interest_minor > 0
    cheaper = (Rate(balance_type=BalanceType.CASH_ADVANCE, apr_basis_points=1_900),)
    story.when(to_other_terms(story, story.today, rates=cheaper))
    billing = story.state.in_force.billing
    assert billing is not None
    again, _ = recalculate(story.state.billing, billing)
    assert corrected(story.state.billing.closed, again) == ()


def test_a_penalty_rate_is_never_for_days_before_anybody_knew_of_it() -> None:
    """A payment of July that comes back in December shows that minimum payments were never made:
    the notice of 45 days (12 CFR 1026.9(g)) begins in December."""
    penal = Rate(balance_type=BalanceType.PURCHASE, kind=RateKind.PENALTY, apr_basis_points=2_999)
    story = BilledStory(limit=5_000, rates=(*STANDARD.rates, penal), charge_off_after_days=400)
    story.buy(1_000)
    for month in range(2, 8):
        story.run(month, 1).clear()
        story.pay(60 if month < 7 else 2_000, payment_id=f"payment {month}")
    story.run(12, 12)
    story.bounce("payment 7")
    (imposed,) = [f for f in story.run(12, 15) if isinstance(f, PenaltyRateImposed)]
    assert imposed.effective_from == date(2027, 1, 29)
    billing = story.state.in_force.billing
    assert billing is not None
    again, _ = recalculate(story.state.billing, billing)
    assert corrected(story.state.billing.closed, again) == ()


def charged_off() -> BilledStory:
    """500 was bought in January, and given up in September with interest and fees."""
    story = BilledStory()
    story.on(1, 10).buy(500)
    story.run(9, 30)
    assert story.state.status is AccountStatus.CHARGED_OFF
    return story.on(10, 5)


def pay_out(story: Story) -> list[Fact]:
    """What the account is in credit by is paid out."""
    return story.when(
        RefundCreditBalance(
            account_id="account", refund_id="out", transaction_date=story.now.date()
        )
    )


def test_no_more_is_recovered_than_was_lost_and_the_rest_is_paid_out() -> None:
    story = charged_off()
    (lost,) = amounts(story.facts, "AccountChargedOff")
    assert amounts(story.pay(lost - 100), "RecoveryRecorded") == [lost - 100]
    assert amounts(story.refund(30), "RecoveryRecorded") == [30]
    assert amounts(story.pay(200), "RecoveryRecorded") == [70]
    assert story.owed == -130
    assert amounts(story.pay(10), "RecoveryRecorded") == []
    assert amounts(pay_out(story), "CreditBalanceRefunded") == [140]
    assert story.owed == 0


def test_a_payment_that_comes_back_after_the_account_was_charged_off_is_owed_again() -> None:
    story = charged_off()
    story.pay(50, payment_id="bounced")
    assert [type(fact).__name__ for fact in story.bounce("bounced")] == ["PaymentReturned"]
    assert story.owed == 50
    assert amounts(story.pay(60), "RecoveryRecorded") == [10]


def closed(story: Story) -> None:
    """The account is closed."""
    story.when(
        ChangeStanding(
            account_id="account",
            status=AccountStatus.CLOSED,
            reason="ASKED",
            channel=Channel.HOLDER,
        )
    )


def test_what_comes_back_after_an_account_was_closed_is_owed_or_paid_out() -> None:
    """A credit balance is refunded whatever became of the account (12 CFR 1026.11(a))."""
    story = BilledStory()
    story.buy(80)
    story.pay(80, payment_id="bounced")
    closed(story)
    story.bounce("bounced")
    assert story.owed == 80
    story.pay(80)
    story.refund(25)
    assert amounts(pay_out(story), "CreditBalanceRefunded") == [25]
    assert story.owed == 0


def test_payments_come_back_and_credit_is_paid_out_where_there_is_no_billing() -> None:
    story = AccountStory()
    story.pay(70)
    pay_out(story)
    assert story.state.posted_minor == 0
    story.when(
        ReturnPayment(
            account_id="account",
            payment_id="payment",
            reason="INSUFFICIENT_FUNDS",
            transaction_date=story.now.date(),
            posting_date=story.now.date(),
        )
    )
    assert story.state.posted_minor == 70_00


def test_what_is_charged_off_late_is_charged_off_in_the_open_cycle() -> None:
    """A payment of February that comes back in June was due 60 days ago in April."""
    story = BilledStory(charge_off_after_days=60)
    story.buy(500)
    story.run(1, 31)
    story.on(2, 5).pay(500, payment_id="bounced")
    story.run(6, 10)
    story.bounce("bounced")
    (lost,) = [fact for fact in story.run(6, 11) if isinstance(fact, AccountChargedOff)]
    assert lost.posting_date > story.statements()[-1].closed_on


def test_a_balance_transfer_that_comes_back_after_the_charge_off_is_recovered() -> None:
    taken_over = Rate(balance_type=BalanceType.BALANCE_TRANSFER, apr_basis_points=1_000)
    story = BilledStory(rates=(*STANDARD.rates, taken_over))
    transfer = TransferBalance(
        account_id="account",
        transfer_id="transfer",
        creditor="Other Bank",
        last_four="4321",
        sealed_number="sealed",
        digest="digest",
        offer="",
        amount=pounds(600),
        transaction_date=story.today,
    )
    story.when(transfer)
    story.run(9, 30)
    assert story.state.status is AccountStatus.CHARGED_OFF
    back = ReturnBalanceTransfer(
        account_id="account",
        transfer_id="transfer",
        reason="CLOSED_THERE",
        transaction_date=story.today,
    )
    assert amounts(story.when(back), "RecoveryRecorded") == [600]
    assert story.owed == 0


def test_a_purchase_posted_after_the_promotion_it_would_have_had_is_like_any_other() -> None:
    """It was put under a promotion that was over, which nothing could end: no cycle closed any
    more."""
    fuel = DeferredPromotion(code="FUEL", months=4, merchant_ids=(PUMP.id,))
    story = BilledStory(deferred_promotions=(fuel,))
    story.run(11, 30)
    story.buy(60, PUMP, posted=date(2026, 1, 2))
    story.run(12, 31)
    assert story.statements()[-1].closing_minor == 60_00
    assert story.state.billing.deferrals == ()


def test_what_is_planned_for_the_last_day_of_a_told_cycle_is_paid_in_the_open_one() -> None:
    story = PayingStory()
    story.buy(300)
    story.run(1, 31)
    story.planned((PlannedPayment(on=date(2026, 1, 31), minor=80_00),))
    assert amounts(story.run(2, 1), "PaymentRecorded") == [80]
    story.run(2, 28)
    told = story.statement(2)
    assert (told.payments_minor, told.closing_minor) == (80_00, story.state.posted_minor)


def test_a_plan_that_is_paid_is_not_made_again_when_it_is_asked_for_again() -> None:
    """Neither under its own id, nor under another for the same purchase: what is owed is another
    one by then."""
    story = BilledStory(instalment_products=(InstalmentProduct(months=3),))
    charge_id = story.buy(300)
    agreement = AgreeInstalmentPlan(
        account_id="account",
        plan_id="plan",
        charge_id=charge_id,
        months=3,
        transaction_date=story.today,
    )
    story.when(agreement)
    story.on(1, 20).pay(300)
    story.run(10, 31)
    story.buy(400)
    assert story.when(agreement) == []
    assert refused(story.when, replace(agreement, months=6)) == "PLAN_AGREED_DIFFERENTLY"
    assert refused(story.when, replace(agreement, plan_id="another")) == "PLAN_EXISTS"
