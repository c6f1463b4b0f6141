"""Who is told of charges and of cards."""

from collections.abc import Iterable
from datetime import datetime

from cards.accounts.v1 import events_pb2 as accounts
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.answers import of_money, of_timestamp
from chassis.kernel.events import Command
from chassis.policies import About, Policy
from services.notify.domain.events import Template
from services.notify.domain.recipient import ConsiderNotice
from services.notify.policies.notices import notice

LAST_DIGITS = 4


def tell_of_an_approved_charge(
    message: accounts.ChargeAuthorised, about: About
) -> Iterable[Command]:
    """The holder's preferences decide which charges they hear of; not of mere verifications."""
    if message.amount.minor_units > 0:
        yield notice(
            message.customer_id,
            about,
            Template.CHARGE_APPROVED,
            happened_at=_when(message.transaction_at, about),
            amount=of_money(message.amount),
            merchant=message.merchant.name,
        )


def tell_of_a_declined_charge(message: accounts.ChargeDeclined, about: About) -> Iterable[Command]:
    """A holder whose charge was declined learns why."""
    yield notice(
        message.customer_id,
        about,
        Template.CHARGE_DECLINED,
        happened_at=_when(message.transaction_at, about),
        amount=of_money(message.amount),
        merchant=message.merchant.name,
        reason=message.reason,
    )


def tell_of_a_refund(message: accounts.ChargeRefunded, about: About) -> Iterable[Command]:
    """The holder learns that money came back."""
    amount, merchant = of_money(message.amount), message.merchant.name
    template = Template.CHARGE_REFUNDED
    yield notice(message.customer_id, about, template, amount=amount, merchant=merchant)


def warn_of_a_blocked_card(message: accounts.CardBlocked, about: About) -> Iterable[Command]:
    """The holder must know that the card does not work, and why."""
    yield _card(
        message.customer_id, about, Template.CARD_BLOCKED, message.last_four, message.reason
    )


def confirm_a_card_reported_lost(
    message: accounts.CardReportedLost, about: About
) -> Iterable[Command]:
    """Whoever holds the card must hear of it, in case it was somebody else who reported it."""
    template = Template.CARD_REPORTED_LOST
    yield _card(message.customer_id, about, template, message.last_four, message.reason)


def announce_a_replacement(message: accounts.CardReplaced, about: About) -> Iterable[Command]:
    """The holder learns of the new card."""
    new = message.replacement_last_four
    yield _card(message.customer_id, about, Template.CARD_REPLACED, new, message.reason)


def _when(said: Timestamp, about: About) -> datetime:
    """When the holder did it; where the network does not say, when it was recorded."""
    return of_timestamp(said) if said.seconds else about.occurred_at


def _card(
    customer_id: str, about: About, template: Template, last_four: str, reason: str
) -> ConsiderNotice:
    return notice(customer_id, about, template, last_four=last_four[-LAST_DIGITS:], reason=reason)


POLICIES = (
    Policy(accounts.ChargeAuthorised, tell_of_an_approved_charge),
    Policy(accounts.ChargeDeclined, tell_of_a_declined_charge),
    Policy(accounts.ChargeRefunded, tell_of_a_refund),
    Policy(accounts.CardBlocked, warn_of_a_blocked_card),
    Policy(accounts.CardReportedLost, confirm_a_card_reported_lost),
    Policy(accounts.CardReplaced, announce_a_replacement),
)
