"""What is posted on an account after it was closed is billed like anything else that is owed, and
what an account stays in credit by is paid out."""

from datetime import date

import pytest

from chassis.kernel.errors import Refused
from services.accounts.domain.billing import commands as billing
from services.accounts.domain.billing.commands import RefundCreditBalance
from services.accounts.domain.billing.events import AccountChargedOff, CreditBalanceRefunded
from services.accounts.domain.billing.terms import BalanceType, Fee, FeeKind, Rate
from services.accounts.domain.standing.commands import ChangeStanding
from services.accounts.domain.values import AccountStatus, Channel
from services.accounts.tests.billing_stories import STANDARD, BilledStory, amounts
from services.accounts.tests.stories import pounds


def close(story: BilledStory) -> None:
    """The account is closed today."""
    story.when(
        ChangeStanding(
            account_id="account",
            status=AccountStatus.CLOSED,
            reason="ASKED",
            channel=Channel.HOLDER,
        )
    )


def told(story: BilledStory) -> list[tuple[int, int]]:
    """Closing balance and minimum payment of each statement, in pence."""
    return [(each.closing_minor, each.minimum.total_minor) for each in story.statements()]


def test_nothing_is_due_on_an_account_that_was_closed_unused() -> None:
    story = BilledStory()
    close(story)
    story.run(1, 31, 2027)
    assert story.statements() == []
    assert story.state.billing.agenda_on is None


def test_what_was_booked_before_an_account_was_closed_is_told() -> None:
    """12 CFR 1026.5(b)(2)(i): a statement for the cycle, and none for those without a balance."""
    story = BilledStory()
    story.on(1, 10).buy(80)
    story.on(1, 12).pay(80)
    close(story)
    story.run(6, 30)
    assert told(story) == [(0, 0)]
    assert story.state.billing.agenda_on is None


def test_interest_until_it_was_paid_is_charged_though_the_account_is_closed() -> None:
    """Of £505.75, which is the purchase and the interest of February, 15 % on nine days of March:
    1.87. The fee bears none."""
    story = BilledStory()
    story.on(1, 10).buy(500)
    story.run(2, 28)
    assert told(story)[-1][0] == 530_75  # the purchase, the fee for being late, the interest
    story.run(3, 9)
    story.on(3, 10).pay(530.75)
    close(story)
    story.run(3, 31)
    assert told(story)[-1] == (1_87, 1_87)
    assert amounts(story.on(4, 5).pay(1.87), "PaymentRecorded") == [1.87]
    story.run(12, 31)
    assert len(story.statements()) == 4
    assert story.state.billing.agenda_on is None


def test_what_is_posted_after_an_account_was_closed_is_billed_and_paid() -> None:
    """Clearing always posts, months later too; without cycles nobody would be asked to pay."""
    story = BilledStory()
    close(story)
    story.run(3, 14)
    story.on(3, 15).buy(30)
    story.run(3, 31)
    assert told(story) == [(0, 0), (0, 0), (30_00, 25_00)]
    due_on = story.statement(3).due_on
    assert (due_on.month, due_on.day) == (4, 25)
    story.on(4, 20).pay(30)
    story.run(4, 30)
    assert told(story)[-1] == (0, 0)
    assert story.state.billing.agenda_on is None


def test_a_payment_that_comes_back_after_an_account_was_closed_is_asked_for_again() -> None:
    story = BilledStory()
    story.on(1, 10).buy(80)
    story.on(1, 12).pay(80, payment_id="bounced")
    close(story)
    story.on(1, 14).bounce("bounced")
    story.run(1, 31)
    assert told(story) == [(80_00, 25_00)]


def test_what_is_never_paid_of_a_closed_account_is_charged_off() -> None:
    story = BilledStory()
    close(story)
    story.on(1, 15).buy(30)
    facts = story.run(12, 31)
    (lost,) = [each for each in facts if isinstance(each, AccountChargedOff)]
    assert lost.amount.minor_units >= 30_00
    assert story.state.status is AccountStatus.CHARGED_OFF
    assert story.owed == 0
    assert story.run(12, 31, 2027) == []


def test_no_fee_for_a_year_and_no_other_limit_on_a_closed_account() -> None:
    annual = Fee(kind=FeeKind.ANNUAL, amount_minor=10_00)
    story = BilledStory(fees=(*STANDARD.fees, annual))
    story.run(1, 1)
    story.on(1, 5).pay(10)
    story.on(1, 10).buy(40)
    story.on(1, 11).pay(40)
    close(story)
    story.buy(30)
    story.run(3, 1, 2027)
    assert amounts(story.facts, "FeeCharged").count(10) == 1
    with pytest.raises(Refused, match="NO_BILLING"):
        story.decide(
            billing.ChangeCreditLine(
                account_id="account",
                change_id="change",
                limit=pounds(2000),
                by="operator:olga",
                reason="ASKED",
                transaction_date=story.today,
            )
        )


@pytest.mark.parametrize("ended", [False, True])
def test_what_an_account_is_in_credit_by_for_six_months_is_paid_out(ended: bool) -> None:
    """12 CFR 1026.11(a)(3): what remains for more than six months, unasked; closed or not."""
    story = BilledStory()
    story.on(1, 10).buy(80)
    story.on(1, 12).pay(80)
    if ended:
        close(story)
    story.on(1, 20).refund(50)
    assert amounts(story.run(7, 20), "CreditBalanceRefunded") == []
    story.on(7, 20)
    (paid,) = [each for each in story.run(7, 21) if isinstance(each, CreditBalanceRefunded)]
    assert (paid.amount, paid.posting_date.isoformat()) == (pounds(50), "2026-07-21")
    assert story.owed == 0
    story.run(8, 31)
    assert story.statements()[-1].closing_minor == 0


def test_six_months_begin_again_when_a_credit_was_used_up() -> None:
    story = BilledStory()
    story.on(1, 10).pay(50)
    story.on(3, 1).buy(50)
    story.on(5, 2).pay(70)
    assert amounts(story.run(11, 2), "CreditBalanceRefunded") == []
    assert amounts(story.run(11, 3), "CreditBalanceRefunded") == [70]


def test_what_came_in_beyond_a_loss_is_paid_out_too() -> None:
    """A charged-off account has no cycles; its credit is paid out all the same."""
    cash = Rate(balance_type=BalanceType.PURCHASE, apr_basis_points=1_000)
    story = BilledStory(rates=(cash,), fees=())
    story.on(1, 15).buy(30)
    story.run(12, 31)
    lost = story.state.billing.charged_off_minor
    story.on(1, 5, 2027).pay(lost / 100 + 12)
    assert story.owed == -12
    assert amounts(story.run(7, 6, 2027), "CreditBalanceRefunded") == [12]
    assert story.run(12, 31, 2027) == []


def test_a_holder_may_ask_for_it_sooner() -> None:
    story = BilledStory()
    story.on(1, 10).pay(50)
    refund = RefundCreditBalance(
        account_id="account", refund_id="refund", transaction_date=story.today
    )
    assert amounts(story.when(refund), "CreditBalanceRefunded") == [50]
    assert amounts(story.run(12, 31), "CreditBalanceRefunded") == []


def test_an_old_credit_that_is_known_late_is_paid_out_on_the_same_day_as_another() -> None:
    story = BilledStory()
    story.on(1, 10).pay(50)
    assert amounts(story.run(7, 11), "CreditBalanceRefunded") == [50]
    story.pay(20, credited=date(2026, 1, 10))
    assert amounts(story.run(7, 11), "CreditBalanceRefunded") == [20]
