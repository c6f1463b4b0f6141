"""Whenever others speak, what accounts does; and when a hold falls by itself."""

from collections.abc import Iterable

from cards.risk.v1 import events_pb2 as risk

from chassis.kernel.events import Command
from chassis.policies import About, Policy, TimerRule
from chassis.recorded import Meta
from chassis.work import Cancel, Schedule
from services.accounts.domain import events
from services.accounts.domain.account.commands import BlockCard, ExpireHold
from services.accounts.domain.charging import events as credits
from services.accounts.domain.charging.commands import ExpireRefund
from services.accounts.domain.charging.events import AuthorisationMatched
from services.accounts.domain.values import Channel

BLOCK = "block"
RISK_VERDICT = "RISK_VERDICT"
CONFIRMED_FRAUD = "confirmed_fraud"
MERCHANT = "merchant"
FRAUD = "FRAUD"


def block_what_risk_condemns(message: risk.ChargeScored, about: About) -> Iterable[Command]:
    """Block the card of a charge that risk says should not have been made."""
    if message.verdict == BLOCK:
        yield BlockCard(
            account_id=message.account_id,
            card_id=message.card_id,
            reason=RISK_VERDICT,
            channel=Channel.RISK,
            charge_id=message.charge_id,
        )


def block_what_an_analyst_confirms(message: risk.AlertDecided, about: About) -> Iterable[Command]:
    """Block the card whose charge an analyst says is fraud, where risk had only watched it; an
    alert about a merchant says nothing of one card."""
    if message.decision == CONFIRMED_FRAUD and message.scope != MERCHANT:
        yield BlockCard(
            account_id=message.account_id,
            card_id=message.card_id,
            reason=FRAUD,
            channel=Channel.RISK,
            charge_id="",
        )


POLICIES = (
    Policy(risk.ChargeScored, block_what_risk_condemns),
    Policy(risk.AlertDecided, block_what_an_analyst_confirms),
)


def hold_timer(account_id: str, charge_id: str) -> str:
    """The name of the timer of a hold."""
    return f"hold-{account_id}-{charge_id}"


Holding = (
    events.ChargeAuthorised | events.ChargeAdvised | events.ChargeIncremented | AuthorisationMatched
)


def let_the_hold_fall_in_time(fact: Holding, meta: Meta) -> Iterable[Schedule | Cancel]:
    """A hold falls when its time has come; what changes it, sets the time anew."""
    timer = hold_timer(fact.account_id, fact.charge_id)
    if fact.held and fact.hold_expires_at:
        command = ExpireHold(account_id=fact.account_id, charge_id=fact.charge_id)
        yield Schedule(timer, fact.hold_expires_at, command)
    else:
        yield Cancel(timer)


def forget_a_hold_that_is_posted(
    fact: events.ChargeCleared, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """After the last clearing nothing is held; otherwise the timer finds out by itself."""
    if fact.final:
        yield Cancel(hold_timer(fact.account_id, fact.charge_id))


def forget_a_hold_that_is_reversed(
    fact: events.ChargeReversed, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """After a full reversal nothing is held."""
    if fact.full:
        yield Cancel(hold_timer(fact.account_id, fact.charge_id))


def refund_timer(account_id: str, refund_id: str) -> str:
    """The name of the timer of a promised refund."""
    return f"refund-{account_id}-{refund_id}"


def await_a_promised_refund_in_time(
    fact: credits.RefundAuthorised, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """A promise falls when nobody keeps it; one that was kept finds nothing to fall."""
    if fact.pending:
        command = ExpireRefund(account_id=fact.account_id, refund_id=fact.refund_id)
        yield Schedule(refund_timer(fact.account_id, fact.refund_id), fact.expires_at, command)


TIMERS = (
    TimerRule(credits.RefundAuthorised, await_a_promised_refund_in_time),
    TimerRule(events.ChargeAuthorised, let_the_hold_fall_in_time),
    TimerRule(AuthorisationMatched, let_the_hold_fall_in_time),
    TimerRule(events.ChargeAdvised, let_the_hold_fall_in_time),
    TimerRule(events.ChargeIncremented, let_the_hold_fall_in_time),
    TimerRule(events.ChargeCleared, forget_a_hold_that_is_posted),
    TimerRule(events.ChargeReversed, forget_a_hold_that_is_reversed),
)
