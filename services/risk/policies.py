"""Whenever accounts says that somebody tried to pay, the charge is scored and counted."""

from collections.abc import Iterable
from datetime import UTC, datetime

from cards.accounts.v1 import events_pb2 as accounts

from chassis.kernel.events import Command
from chassis.kernel.money import Money
from chassis.policies import About, Policy
from services.risk.domain.card_profile import ScoreCharge
from services.risk.domain.charge import Charge, Outcome, merchant_key, paid_at
from services.risk.domain.group_profile import ObserveChargeAtMerchant, ObserveChargeOfAccount


def score_what_was_authorised(
    message: accounts.ChargeAuthorised, about: About
) -> Iterable[Command]:
    """Judge an approved charge, and count it for its card, account and merchant."""
    return _score_and_count(_charge(message, about, Outcome.AUTHORISED, ""), about)


def score_what_was_declined(message: accounts.ChargeDeclined, about: About) -> Iterable[Command]:
    """Judge a refused charge, and count it for its card, account and merchant."""
    return _score_and_count(_charge(message, about, Outcome.DECLINED, message.reason), about)


def _charge(
    message: accounts.ChargeAuthorised | accounts.ChargeDeclined,
    about: About,
    outcome: Outcome,
    decline_reason: str,
) -> Charge:
    merchant = message.merchant
    return Charge(
        charge_id=message.charge_id,
        account_id=message.account_id,
        customer_id=message.customer_id,
        card_id=message.card_id,
        outcome=outcome,
        amount=Money(message.amount.minor_units, message.amount.currency_code),
        merchant_key=merchant_key(merchant.id, merchant.name),
        merchant_name=merchant.name,
        merchant_category_code=merchant.mcc,
        merchant_country=merchant.country,
        entry_mode=message.entry_mode,
        decline_reason=decline_reason,
        transaction_at=_paid_at(message, about),
    )


def _paid_at(
    message: accounts.ChargeAuthorised | accounts.ChargeDeclined, about: About
) -> datetime:
    """When the holder paid; when it was recorded, where the network did not say."""
    if not message.HasField("transaction_at"):
        return about.occurred_at
    return paid_at(message.transaction_at.ToDatetime(UTC), about.occurred_at)


def _score_and_count(charge: Charge, about: About) -> Iterable[Command]:
    place = {"source_epoch": about.epoch, "source_position": about.position}
    if charge.card_id:
        yield ScoreCharge(charge=charge, **place)
    yield ObserveChargeOfAccount(charge=charge, **place)
    yield ObserveChargeAtMerchant(charge=charge, **place)


POLICIES = (
    Policy(accounts.ChargeAuthorised, score_what_was_authorised),
    Policy(accounts.ChargeDeclined, score_what_was_declined),
)
