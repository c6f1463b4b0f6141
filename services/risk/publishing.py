"""What others are told of a score and of an alert: ids, verdict and reasons, not the features."""

from collections.abc import Callable, Mapping
from typing import Any

from cards.risk.v1 import events_pb2 as public
from google.protobuf.message import Message

from chassis.answers import money, timestamp
from chassis.kernel.events import Fact
from services.risk.domain.events import AlertRaised, ChargeScored


def charge_scored(fact: ChargeScored) -> public.ChargeScored:
    """The score of a charge."""
    charge = fact.charge
    return public.ChargeScored(
        charge_id=charge.charge_id,
        account_id=charge.account_id,
        customer_id=charge.customer_id,
        card_id=charge.card_id,
        outcome=charge.outcome,
        score=fact.score,
        verdict=fact.verdict,
        reason_codes=fact.reason_codes,
        rule_set_version=fact.rule_set_version,
        amount=money(charge.amount),
        transaction_at=timestamp(charge.transaction_at),
    )


def alert_raised(fact: AlertRaised) -> public.AlertRaised:
    """The alert and the charge that tipped the scale."""
    charge = fact.charge
    return public.AlertRaised(
        alert_id=fact.alert_id,
        scope=fact.scope,
        entity_id=fact.entity_id,
        charge_id=charge.charge_id,
        account_id=charge.account_id,
        customer_id=charge.customer_id,
        card_id=charge.card_id,
        score=fact.score,
        verdict=fact.verdict,
        reason_codes=fact.reason_codes,
        rule_set_version=fact.rule_set_version,
        transaction_at=timestamp(charge.transaction_at),
    )


OVERRIDES: Mapping[type[Fact], Callable[[Any], Message]] = {
    ChargeScored: charge_scored,
    AlertRaised: alert_raised,
}
