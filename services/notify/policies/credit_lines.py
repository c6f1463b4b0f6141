"""Who is told of other limits: granted, refused, offered, lowered."""

from collections.abc import Iterable

from cards.accounts.v1 import events_pb2 as accounts

from chassis.kernel.events import Command
from chassis.policies import About, Policy
from services.notify.domain.events import Template
from services.notify.policies.notices import day, notice, sum_of


def tell_why_a_limit_is_not_raised(
    message: accounts.CreditLineRequestDeclined, about: About
) -> Iterable[Command]:
    """The holder learns the principal reasons (12 CFR 1002.9(a)(2) and (b)(2))."""
    amount, reasons = sum_of(message.limit), tuple(message.reasons)
    template = Template.CREDIT_LINE_REQUEST_DECLINED
    yield notice(message.customer_id, about, template, amount=amount, reasons=reasons)


def tell_of_a_lower_limit(message: accounts.CreditLineReduced, about: About) -> Iterable[Command]:
    """The holder learns why, and from when on it may cost something to exceed it (12 CFR
    1026.9(c)(2)(vi))."""
    yield notice(
        message.customer_id,
        about,
        Template.CREDIT_LINE_REDUCED,
        amount=sum_of(message.limit),
        other_amount=sum_of(message.previous),
        reason=message.reason,
        from_day=day(message.consequences_from),
    )


def tell_of_a_higher_limit(message: accounts.LimitChanged, about: About) -> Iterable[Command]:
    """The holder learns what may be spent; a lower limit is told by its own fact."""
    if message.limit.minor_units > message.previous.minor_units:
        limit, previous = sum_of(message.limit), sum_of(message.previous)
        template = Template.CREDIT_LINE_RAISED
        yield notice(message.customer_id, about, template, amount=limit, other_amount=previous)


def tell_of_an_offer(message: accounts.CreditLineOffered, about: About) -> Iterable[Command]:
    """The holder has to know of it to answer in time."""
    yield notice(
        message.customer_id,
        about,
        Template.CREDIT_LINE_OFFERED,
        amount=sum_of(message.limit),
        other_amount=sum_of(message.previous),
        reply_by=day(message.expires_on),
    )


POLICIES = (
    Policy(accounts.CreditLineRequestDeclined, tell_why_a_limit_is_not_raised),
    Policy(accounts.CreditLineReduced, tell_of_a_lower_limit),
    Policy(accounts.LimitChanged, tell_of_a_higher_limit),
    Policy(accounts.CreditLineOffered, tell_of_an_offer),
)
