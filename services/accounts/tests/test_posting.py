"""Clearings, which always post; refunds, linked or not; repayments; and their ledger entries."""

import pytest

from chassis.kernel.errors import Error, Invalid, NotFound
from chassis.kernel.money import Money
from services.accounts.domain import events
from services.accounts.domain.account import commands
from services.accounts.domain.ledger import LedgerAccount, Posting, postings
from services.accounts.domain.values import CardKind, Channel, ChargeStatus, LossKind, Original
from services.accounts.tests.stories import GROCER, PUMP, TODAY, AccountStory, pounds


def cleared(fact: object) -> events.ChargeCleared:
    assert isinstance(fact, events.ChargeCleared)
    return fact


def refusal_of(act: object) -> str:
    assert callable(act)
    with pytest.raises(Error) as refusal:
        act()
    return refusal.value.reason


def test_a_clearing_says_how_it_stands_to_the_hold() -> None:
    story = AccountStory()
    story.authorise(45)
    fact = cleared(story.clear(55))
    assert (fact.released, fact.over_hold) == (pounds(45), pounds(10))
    assert (fact.forced, fact.final) == (False, True)
    assert (fact.available, fact.balance) == (pounds(945), pounds(55))
    assert fact.merchant == GROCER


def test_several_clearings_of_one_charge_release_its_hold_step_by_step() -> None:
    story = AccountStory()
    story.authorise(100)
    story.clear(30, clearing_id="first", final=False)
    assert story.available == 900
    assert story.state.charges["charge"].held_minor == 7_000
    story.clear(50, clearing_id="last")
    assert story.available == 920
    charge = story.state.charges["charge"]
    assert (charge.status, charge.captured_minor) == (ChargeStatus.CLEARED, 8_000)


def test_a_clearing_below_the_hold_lets_the_rest_fall() -> None:
    story = AccountStory()
    story.authorise(100)
    story.clear(60)
    assert story.available == 940


def test_a_clearing_after_expiry_posts() -> None:
    story = AccountStory()
    story.authorise(50)
    story.expire(hours=168)
    fact = cleared(story.clear(50))
    assert (fact.forced, fact.over_hold) == (False, pounds(50))
    assert story.available == 950


def test_a_clearing_after_a_block_a_loss_or_a_suspension_posts() -> None:
    story = AccountStory()
    story.authorise(50)
    story.when(
        commands.ReportCardLost(
            account_id="account",
            card_id="card",
            kind=LossKind.STOLEN,
            channel=Channel.HOLDER,
            replacement=commands.NewCard(card_id="new", last_four="1881", kind=CardKind.VIRTUAL),
        )
    )
    story.when(
        commands.SuspendAccount(account_id="account", reason="ARREARS", channel=Channel.OPERATOR)
    )
    story.clear(50)
    assert story.available == 950


@pytest.mark.parametrize("before", ["declined", "reversed", "verified"])
def test_a_clearing_of_what_was_not_approved_is_a_force_post(before: str) -> None:
    story = AccountStory(limit=100)
    if before == "declined":
        story.authorise(200)
    elif before == "reversed":
        story.authorise(20)
        story.reverse()
    else:
        story.authorise(0)
    assert cleared(story.clear(20, clearing_id="first")).forced
    assert cleared(story.clear(5, clearing_id="second")).forced
    assert story.available == 75


def test_a_clearing_posts_beyond_the_limit() -> None:
    story = AccountStory(limit=100)
    story.clear(150, "", merchant=GROCER)
    assert story.available == -50


def test_a_clearing_of_a_charge_never_heard_of_posts_under_its_id() -> None:
    story = AccountStory()
    fact = cleared(story.clear(20, "from the network", merchant=GROCER))
    assert (fact.charge_id, fact.forced) == ("from the network", True)


def test_a_force_post_names_its_merchant_and_a_card_of_the_account() -> None:
    story = AccountStory()
    assert refusal_of(lambda: story.clear(20, "")) == "MERCHANT_MISSING"
    clearing = commands.ClearCharge(
        account_id="account",
        clearing_id="clearing",
        charge_id="",
        card_id="other",
        amount=pounds(1),
        merchant=GROCER,
        transaction_date=TODAY,
        posting_date=TODAY,
    )
    with pytest.raises(NotFound) as unknown:
        story.decide(clearing)
    assert unknown.value.reason == "CARD_NOT_FOUND"


def test_a_clearing_in_another_currency_is_malformed() -> None:
    story = AccountStory()
    story.authorise(10)
    clearing = commands.ClearCharge(
        account_id="account",
        clearing_id="clearing",
        charge_id="charge",
        card_id="card",
        amount=Money(100, "EUR"),
        transaction_date=TODAY,
        posting_date=TODAY,
    )
    with pytest.raises(Invalid) as malformed:
        story.decide(clearing)
    assert malformed.value.reason == "CURRENCY_MISMATCH"


def test_an_unchanged_amount_keeps_the_original_one_and_a_changed_one_does_not() -> None:
    original = Original(amount=Money(1_200, "EUR"), rate="0.855")
    same, changed = AccountStory(), AccountStory()
    for story in (same, changed):
        story.authorise(10.26, original=original)
    assert cleared(same.clear(10.26)).original_amount == original.amount
    assert cleared(changed.clear(11)).original_amount is None


def test_a_clearing_id_with_other_content_is_refused() -> None:
    story = AccountStory()
    story.authorise(10)
    story.clear(10)
    assert refusal_of(lambda: story.clear(11)) == "CHARGE_CLEARED_DIFFERENTLY"
    assert refusal_of(lambda: story.clear(10, final=False)) == "CHARGE_CLEARED_DIFFERENTLY"


def test_two_purchases_alike_on_one_day_are_two_purchases() -> None:
    story = AccountStory()
    for number in range(2):
        story.authorise(10, f"charge {number}")
        story.clear(10, f"charge {number}", f"clearing {number}")
    assert story.available == 980


# Refunds


def test_a_linked_refund_gives_back_at_most_what_was_captured() -> None:
    story = AccountStory()
    story.authorise(50)
    story.clear(50)
    story.refund(30)
    assert story.available == 980
    assert refusal_of(lambda: story.refund(20.01, refund_id="more")) == "REFUND_EXCEEDS_CAPTURED"
    story.refund(20, refund_id="rest")
    assert story.available == 1000


def test_nothing_is_given_back_of_what_is_only_held() -> None:
    story = AccountStory()
    story.authorise(50)
    assert refusal_of(lambda: story.refund(1)) == "REFUND_EXCEEDS_CAPTURED"


def test_a_refund_without_a_charge_posts_and_may_bring_the_account_into_credit() -> None:
    story = AccountStory()
    fact = story.refund(30, charge_id="")
    assert isinstance(fact, events.ChargeRefunded)
    assert (fact.charge_id, fact.balance, fact.available) == ("", pounds(-30), pounds(1030))


def test_a_refund_without_charge_names_its_merchant() -> None:
    story = AccountStory()
    refund = commands.RefundCharge(
        account_id="account",
        refund_id="refund",
        charge_id="",
        card_id="card",
        amount=pounds(1),
        transaction_date=TODAY,
        posting_date=TODAY,
    )
    with pytest.raises(Invalid) as malformed:
        story.decide(refund)
    assert malformed.value.reason == "MERCHANT_MISSING"


def test_a_refund_of_an_unknown_charge_is_not_found() -> None:
    assert refusal_of(lambda: AccountStory().refund(1)) == "CHARGE_NOT_FOUND"


def test_ids_of_refunds_and_payments_with_other_content_are_refused() -> None:
    story = AccountStory()
    story.refund(30, charge_id="")
    assert refusal_of(lambda: story.refund(31, charge_id="")) == "CHARGE_REFUNDED_DIFFERENTLY"
    story.pay(10)
    assert refusal_of(lambda: story.pay(11)) == "PAYMENT_RECORDED_DIFFERENTLY"


def test_what_is_posted_is_positive() -> None:
    story = AccountStory()
    story.authorise(1)
    for act in (
        lambda: story.clear(0),
        lambda: story.refund(-1, charge_id=""),
        lambda: story.pay(0),
        lambda: story.reverse(-1),
    ):
        assert refusal_of(act) == "AMOUNT_NOT_POSITIVE"


# The ledger


def test_a_clearing_debits_the_holder_and_credits_the_network() -> None:
    story = AccountStory()
    assert postings(story.authorise(10)) == ()
    assert postings(story.clear(12)) == (
        Posting(ledger_account=LedgerAccount.RECEIVABLE, account_id="account", amount=pounds(12)),
        Posting(ledger_account=LedgerAccount.SETTLEMENT, account_id="account", amount=pounds(-12)),
    )


def test_refunds_and_repayments_credit_the_holder() -> None:
    story = AccountStory()
    entries = [
        [(line.ledger_account, line.amount) for line in postings(fact)]
        for fact in (story.refund(3, charge_id=""), story.pay(4))
    ]
    assert entries == [
        [(LedgerAccount.SETTLEMENT, pounds(3)), (LedgerAccount.RECEIVABLE, pounds(-3))],
        [(LedgerAccount.CASH, pounds(4)), (LedgerAccount.RECEIVABLE, pounds(-4))],
    ]


def test_a_merchant_named_at_clearing_counts_before_the_authorised_one() -> None:
    story = AccountStory()
    story.authorise(10)
    assert cleared(story.clear(10, merchant=PUMP)).merchant == PUMP


def test_no_credit_is_so_large_that_a_hold_could_not_fall() -> None:
    story = AccountStory(limit=10**13)
    story.authorise(1)
    assert refusal_of(lambda: story.refund(1, charge_id="")) == "AMOUNT_TOO_LARGE"
    assert refusal_of(lambda: story.pay(1)) == "AMOUNT_TOO_LARGE"
    story.expire(days=30)
    assert story.available == 10**13
