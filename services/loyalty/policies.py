"""Whenever accounts speaks, what happens to points."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from cards.accounts.v1 import events_pb2 as accounts

from chassis.answers import of_money
from chassis.kernel.events import Command
from chassis.policies import About, Policy, TimerRule
from chassis.recorded import Meta
from chassis.work import Schedule
from services.loyalty.domain.events import PointsEarned
from services.loyalty.domain.points_account import (
    AnticipatePoints,
    AwardPoints,
    DropAnticipation,
    ExpirePoints,
    OpenPointsAccount,
    ReviseAnticipation,
    TakePointsBack,
)


def collect_points_on_an_opened_account(
    message: accounts.AccountOpened, about: About
) -> Iterable[Command]:
    """Every credit account collects points."""
    yield OpenPointsAccount(account_id=message.account_id, customer_id=message.customer_id)


def anticipate_points_for_an_authorised_charge(
    message: accounts.ChargeAuthorised, about: About
) -> Iterable[Command]:
    """The holder sees what the charge may earn; a verification of nothing earns nothing."""
    if message.amount.minor_units > 0:
        yield AnticipatePoints(
            account_id=message.account_id,
            customer_id=message.customer_id,
            charge_id=message.charge_id,
            amount=of_money(message.amount),
            merchant_category_code=message.merchant.mcc,
            authorised_at=about.occurred_at,
        )


def award_points_for_a_cleared_charge(
    message: accounts.ChargeCleared, about: About
) -> Iterable[Command]:
    """Points are earned on what was cleared, by the rules in force when it was."""
    yield AwardPoints(
        account_id=message.account_id,
        customer_id=message.customer_id,
        charge_id=message.charge_id,
        clearing_id=message.clearing_id,
        amount=of_money(message.amount),
        merchant_category_code=message.merchant.mcc,
        cleared_at=about.occurred_at,
        final=message.final,
    )


def take_points_back_for_a_refund(
    message: accounts.ChargeRefunded, about: About
) -> Iterable[Command]:
    """What a refunded charge earned goes back."""
    yield TakePointsBack(
        account_id=message.account_id,
        customer_id=message.customer_id,
        refund_id=message.refund_id,
        charge_id=message.charge_id,
        amount=of_money(message.amount),
        merchant_category_code=message.merchant.mcc,
        refunded_at=about.occurred_at,
    )


def award_points_again_for_a_reversed_refund(
    message: accounts.RefundReversed, about: About
) -> Iterable[Command]:
    """What is owed once more earns once more, as a clearing of that day would."""
    yield AwardPoints(
        account_id=message.account_id,
        customer_id=message.customer_id,
        charge_id=message.charge_id or message.refund_id,
        clearing_id=message.reversal_id,
        amount=of_money(message.amount),
        merchant_category_code=message.merchant.mcc,
        cleared_at=about.occurred_at,
    )


def expect_less_or_nothing_of_a_reversed_charge(
    message: accounts.ChargeReversed, about: About
) -> Iterable[Command]:
    """A charge taken back whole will not be cleared; of another the rest may be."""
    if message.full:
        yield DropAnticipation(account_id=message.account_id, charge_id=message.charge_id)
    else:
        yield ReviseAnticipation(
            account_id=message.account_id,
            charge_id=message.charge_id,
            change_id=message.reversal_id,
            revised_at=about.occurred_at,
            less=of_money(message.amount),
        )


def expect_what_an_incremented_charge_is_now(
    message: accounts.ChargeIncremented, about: About
) -> Iterable[Command]:
    """More may be cleared than was approved at first."""
    yield ReviseAnticipation(
        account_id=message.account_id,
        charge_id=message.charge_id,
        change_id=message.increment_id,
        revised_at=about.occurred_at,
        amount=of_money(message.amount),
    )


def expect_what_a_merchant_advises(
    message: accounts.ChargeAdvised, about: About
) -> Iterable[Command]:
    """The final amount is known before it is cleared."""
    yield ReviseAnticipation(
        account_id=message.account_id,
        charge_id=message.charge_id,
        change_id=message.advice_id,
        revised_at=about.occurred_at,
        amount=of_money(message.amount),
    )


def expect_nothing_of_an_expired_hold(
    message: accounts.HoldExpired, about: About
) -> Iterable[Command]:
    """A charge nobody cleared in time probably never will be; if it is, it earns all the same."""
    yield DropAnticipation(account_id=message.account_id, charge_id=message.charge_id)


def expire_points_after_their_last_day(fact: PointsEarned, meta: Meta) -> Iterable[Schedule]:
    """One timer for all points of an account with the same last day."""
    midnight = datetime.combine(fact.expires_on + timedelta(days=1), time(), UTC)
    yield Schedule(
        timer_id=f"expire-points/{fact.account_id}/{fact.expires_on.isoformat()}",
        due_at=midnight,
        command=ExpirePoints(account_id=fact.account_id, expires_on=fact.expires_on),
    )


POLICIES = (
    Policy(accounts.AccountOpened, collect_points_on_an_opened_account),
    Policy(accounts.ChargeAuthorised, anticipate_points_for_an_authorised_charge),
    Policy(accounts.ChargeCleared, award_points_for_a_cleared_charge),
    Policy(accounts.ChargeRefunded, take_points_back_for_a_refund),
    Policy(accounts.RefundReversed, award_points_again_for_a_reversed_refund),
    Policy(accounts.ChargeReversed, expect_less_or_nothing_of_a_reversed_charge),
    Policy(accounts.ChargeIncremented, expect_what_an_incremented_charge_is_now),
    Policy(accounts.ChargeAdvised, expect_what_a_merchant_advises),
    Policy(accounts.HoldExpired, expect_nothing_of_an_expired_hold),
)

TIMERS = (TimerRule(PointsEarned, expire_points_after_their_last_day),)
