"""The fee for exceeding the limit: 12 CFR 1026.56 and the examples of its commentary."""

from dataclasses import replace
from typing import Any

import pytest

from chassis.kernel.errors import NotFound, Refused
from services.accounts.domain.account import commands as account
from services.accounts.domain.billing.commands import ChangeCreditLine
from services.accounts.domain.billing.terms import (
    REGULATION_Z_CAPS,
    Fee,
    FeeKind,
    MinimumPaymentRule,
)
from services.accounts.domain.over_limit.notice import notice_of
from services.accounts.tests.billing_stories import STANDARD, amounts
from services.accounts.tests.over_limit_stories import FEE, LATE, RETURNED, OverStory
from services.accounts.tests.stories import GROCER, pounds

# Consent: 1026.56(b)


def test_without_consent_there_is_no_fee_but_the_charge_may_be_approved() -> None:
    """1026.56(b)(2): the issuer may pay an over-the-limit transaction, without any fee; within the
    tolerance of the programme."""
    story = OverStory(consent=False)
    (approved,) = story.when(
        account.AuthoriseCharge(
            account_id="account",
            charge_id="charge",
            card_id="card",
            amount=pounds(600),
            merchant=GROCER,
            transaction_date=story.today,
            transaction_at=story.now,
        )
    )
    assert type(approved).__name__ == "ChargeAuthorised"
    story.buy(600)
    story.run(12, 31)
    assert story.fees == []


def test_with_consent_there_is_a_fee() -> None:
    """1026.56(b)(1)(iii)."""
    story = OverStory().on(10, 10)
    story.buy(600)
    story.run(10, 31)
    assert story.fees == [(10, 25)]


def test_a_consent_needs_the_notice_of_today() -> None:
    """1026.56(d)(1)(ii): the notice is told immediately before; (e)(1)(i): it names the fee."""
    story = OverStory(consent=False)
    with pytest.raises(Refused, match="NOTICE_OUTDATED"):
        story.consent(notice_id="over-limit-2000-3000")
    terms = story.state.in_force.billing
    assert terms is not None
    told = notice_of(replace(terms, fee_caps=REGULATION_Z_CAPS), story.today)
    assert told is not None
    assert (told.fee_minor, told.repeated_minor) == (25_00, 35_00)
    cheap = replace(terms, fees=(replace(FEE, amount_minor=30_00),), fee_caps=REGULATION_Z_CAPS)
    capped = notice_of(cheap, story.today)
    assert capped is not None
    assert capped.fee_minor == 25_00, "what is told is what the cap allows"


def test_where_nothing_is_charged_there_is_nothing_to_consent_to() -> None:
    with pytest.raises(Refused, match="NO_OVER_LIMIT_FEE"):
        OverStory(consent=False, fees=()).consent()


def test_before_the_confirmation_is_sent_there_is_no_fee() -> None:
    """Comment 56(b)(1)-5: no fees unless and until the written confirmation has been sent; with
    the first statement, not until the next cycle."""
    story = OverStory(consent=False).on(10, 5)
    story.consent()
    story.buy(600)
    told = story.run(10, 31)
    assert story.fees == []
    confirmed: Any = next(f for f in told if type(f).__name__ == "OverLimitConsentConfirmed")
    assert confirmed.with_statement
    story.on(11, 5).buy(10)
    story.run(11, 30)
    assert [month for month, _ in story.fees] == [11]


def test_a_confirmation_of_its_own_lets_the_fee_be_charged_in_the_same_cycle() -> None:
    """1026.56(b)(1)(iv)."""
    story = OverStory(consent=False).on(10, 5)
    story.consent()
    story.on(10, 6).confirm()
    story.on(10, 7).buy(600)
    story.run(10, 31)
    assert story.fees == [(10, 25)]
    with pytest.raises(NotFound, match="CONSENT_NOT_FOUND"):
        story.confirm("another")


def test_what_was_bought_before_the_consent_is_not_charged_for() -> None:
    story = OverStory(consent=False).on(10, 5)
    story.buy(600)
    story.on(10, 6).consent()
    story.confirm()
    story.run(11, 30)
    assert story.fees == []


# Revocation: 1026.56(g), (i)


def test_after_a_revocation_nothing_new_is_charged_for() -> None:
    """1026.56(g) and (i): at once."""
    story = OverStory().on(10, 10)
    story.revoke()
    story.buy(600)
    story.run(12, 31)
    assert story.fees == []


def test_what_was_bought_before_a_revocation_still_is() -> None:
    """Comment 56(g)-1: fees for what occurred before need not be reversed, and may follow in later
    cycles while the balance still exceeds the limit."""
    story = OverStory().on(10, 10)
    story.buy(600)
    story.on(10, 20).revoke()
    story.run(11, 30)
    assert [month for month, _ in story.fees] == [10, 11]


def test_a_consent_may_be_given_again() -> None:
    """1026.56(g): at any time."""
    story = OverStory()
    with pytest.raises(Refused, match="CONSENT_IN_FORCE"):
        story.consent("second")
    story.revoke()
    story.consent("second")
    story.confirm("second")
    story.on(10, 10).buy(600)
    story.run(10, 31)
    assert story.fees == [(10, 25)]


# One fee a cycle, three for a transaction: 1026.56(j)(1)


def test_there_is_one_fee_in_a_cycle() -> None:
    """1026.56(j)(1)(i): not more than one per billing cycle."""
    story = OverStory().on(10, 10)
    for _ in range(3):
        story.buy(400)
    story.run(10, 31)
    assert story.fees == [(10, 25)]


def test_there_are_three_fees_for_one_transaction() -> None:
    """Comment 56(j)-2.i: December exceeded, not paid for four cycles: at most three fees."""
    story = OverStory().on(12, 10)
    story.buy(900)
    story.run(6, 30, 2027)
    assert [month for month, _ in story.fees] == [12, 1, 2]


def test_who_is_below_the_limit_by_the_due_date_is_not_charged_again() -> None:
    """Comment 56(j)-2.ii: paid by the due date of February: fees for December and January only."""
    story = OverStory().on(12, 10)
    story.buy(600)
    story.run(1, 31, 2027)
    story.on(2, 20, 2027).pay(400)
    story.run(6, 30, 2027)
    assert [month for month, _ in story.fees] == [12, 1]


def test_another_transaction_begins_anew_but_never_with_two_fees_in_a_cycle() -> None:
    """Comment 56(j)-2.iii and 1026.56(j)(1)(ii): one more in February, so fees on the statements
    of January to May, which close the cycles of December to April."""
    story = OverStory().on(12, 10)
    story.buy(600)
    story.run(1, 31, 2027)
    story.on(2, 10, 2027).buy(50)
    story.run(8, 31, 2027)
    assert [month for month, _ in story.fees] == [12, 1, 2, 3, 4]


def test_there_is_no_periodic_fee_for_the_service() -> None:
    """Comment 56(j)-1: only where the limit was exceeded during the cycle."""
    story = OverStory().on(10, 10)
    story.buy(300)
    story.run(3, 31, 2027)
    assert story.fees == []


# Promptly replenished, not tied, not caused by fees: 1026.56(j)(2) to (4)


def test_a_payment_makes_room_at_once() -> None:
    """1026.56(j)(2): not because a payment was not made available promptly."""
    story = OverStory().on(10, 10)
    story.buy(450)
    story.pay(450)
    story.buy(400)
    story.run(10, 31)
    assert story.fees == []


def test_fees_and_interest_of_the_cycle_do_not_exceed_the_limit() -> None:
    """Comment 56(j)-5.i: 475 of 500, and 50 in fees on the last day: no fee."""
    annual = Fee(kind=FeeKind.ANNUAL, amount_minor=50_00)
    story = OverStory(fees=(FEE, annual), first_year_fee_limit_basis_points=10_000)
    story.on(10, 10).buy(475)
    story.run(10, 31)
    assert story.owed >= 525
    assert story.fees == []


def test_fees_of_earlier_cycles_count_as_balance() -> None:
    """Comment 56(j)-5.ii: 400 and 50 in fees, 25 paid, then 80 bought: 505 exceed 500, and the
    fees of January do not matter."""
    annual = Fee(kind=FeeKind.ANNUAL, amount_minor=50_00)
    cash = MinimumPaymentRule(floor_minor=25_00)
    story = OverStory(
        fees=(FEE, annual), first_year_fee_limit_basis_points=10_000, minimum_payment=cash
    )
    story.on(10, 10).buy(400)
    story.run(10, 31)
    story.on(11, 20).pay(25)
    story.on(11, 25).buy(80)
    story.run(11, 30)
    assert story.fees == [(11, 5)], "and never more than what exceeded: comment 52(b)(2)(i)-3"


def test_a_limit_does_not_depend_on_the_consent() -> None:
    """1026.56(j)(3): the amount of the limit is not tied to it."""
    with_it, without = OverStory(), OverStory(consent=False)
    assert with_it.state.limit_minor == without.state.limit_minor
    assert with_it.state.available_minor == without.state.available_minor


def test_a_lower_limit_is_no_reason_for_45_days() -> None:
    """1026.9(c)(2)(vi): no over-limit fee solely because of a limit lowered less than 45 days
    before."""
    for day, expected in ((1, []), (20, [(12, 25)])):
        story = OverStory()
        story.on(10, 20)
        story.when(
            ChangeCreditLine(
                account_id="account",
                change_id="c",
                limit=pounds(200),
                reason="RISK",
                by="operator:olga",
                transaction_date=story.today,
            )
        )
        story.on(12, day).buy(300)
        story.run(12, 31)
        assert story.fees == expected, day


# With other fees: 1026.52(b)


def test_an_over_limit_fee_in_consecutive_cycles_is_a_repeated_one() -> None:
    """Comment 52(b)(2)(ii)-1.iv: limit 1,000; 970 owed, a minimum of 35 missed on 25 March; on
    31 March 70 more. Over-limit fees of 25, then 35 after 26 April and 26 May, and no more."""
    story = OverStory(
        1_000,
        fees=(FEE, LATE),
        rates=(replace(STANDARD.rates[0], apr_basis_points=0),),
        minimum_payment=MinimumPaymentRule(floor_minor=35_00),
    )
    story.on(2, 10, 2027).buy(970)
    story.run(3, 30, 2027)
    story.on(3, 31, 2027).buy(70)
    story.run(8, 31, 2027)
    assert story.fees == [(3, 25), (4, 35), (5, 35)]
    assert amounts(story.facts, "FeeCharged")[0] == 25


def test_a_returned_payment_is_not_charged_twice() -> None:
    """Comment 52(b)(2)(ii)-1.v: limit 5,000, 4,950 owed; 100 paid, 75 bought, the payment comes
    back: 5,025. One fee, for the return or for the limit: here for the return."""
    story = OverStory(
        5_000, fees=(FEE, RETURNED), minimum_payment=MinimumPaymentRule(floor_minor=100_00)
    )
    story.on(6, 10, 2027).buy(4_950)
    story.run(6, 30, 2027)
    story.on(7, 24, 2027).pay(100, payment_id="p")
    story.on(7, 26, 2027).buy(75)
    story.on(7, 27, 2027).bounce("p")
    story.run(7, 31, 2027)
    assert amounts(story.facts, "FeeCharged") == [25]
    assert story.fees == []
