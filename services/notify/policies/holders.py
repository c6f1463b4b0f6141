"""Who is told what becomes of applications, accounts as a whole, and personal details."""

from collections.abc import Iterable

from cards.accounts.v1 import events_pb2 as accounts

from chassis.kernel.events import Command
from chassis.policies import About, Policy
from services.notify.domain.events import Template
from services.notify.policies.notices import notice, sum_of

CLOSED = "CLOSED"


def welcome_an_opened_account(message: accounts.AccountOpened, about: About) -> Iterable[Command]:
    """The holder learns that the account is open, and how much may be spent."""
    amount = sum_of(message.limit)
    yield notice(message.customer_id, about, Template.ACCOUNT_OPENED, amount=amount)


def tell_why_an_application_is_declined(
    message: accounts.ApplicationDeclined, about: About
) -> Iterable[Command]:
    """Whoever applied learns the principal reasons (12 CFR 1002.9(a)(1)(i), (a)(2) and (b)(2));
    older facts do not say who that is."""
    if message.customer_id:
        template, reasons = Template.APPLICATION_DECLINED, tuple(message.reasons)
        yield notice(message.customer_id, about, template, reasons=reasons)


def tell_of_a_suspended_account(
    message: accounts.AccountSuspended, about: About
) -> Iterable[Command]:
    """The holder learns that no card works, and why."""
    template = Template.ACCOUNT_SUSPENDED
    yield notice(message.customer_id, about, template, reason=message.reason)


def tell_of_a_reinstated_account(
    message: accounts.AccountReinstated, about: About
) -> Iterable[Command]:
    """The holder learns that the cards work again."""
    yield notice(message.customer_id, about, Template.ACCOUNT_REINSTATED)


def tell_of_a_closed_account(
    message: accounts.AccountStandingChanged, about: About
) -> Iterable[Command]:
    """The holder learns of the end; a charge-off and what is past due are told by themselves."""
    if message.status == CLOSED != message.before:
        template = Template.ACCOUNT_CLOSED
        yield notice(message.customer_id, about, template, reason=message.reason)


def tell_of_a_charge_off(message: accounts.AccountChargedOff, about: About) -> Iterable[Command]:
    """The holder learns what is still owed."""
    template, amount = Template.ACCOUNT_CHARGED_OFF, sum_of(message.amount)
    yield notice(message.customer_id, about, template, amount=amount)


def warn_of_changed_details(
    message: accounts.CustomerProfileChanged, about: About
) -> Iterable[Command]:
    """The holder learns which details are others, in case it was somebody else; not what they
    are."""
    changed = tuple(each.upper() for each in message.fields)
    yield notice(message.customer_id, about, Template.PROFILE_CHANGED, reasons=changed)


POLICIES = (
    Policy(accounts.AccountOpened, welcome_an_opened_account),
    Policy(accounts.ApplicationDeclined, tell_why_an_application_is_declined),
    Policy(accounts.AccountSuspended, tell_of_a_suspended_account),
    Policy(accounts.AccountReinstated, tell_of_a_reinstated_account),
    Policy(accounts.AccountStandingChanged, tell_of_a_closed_account),
    Policy(accounts.AccountChargedOff, tell_of_a_charge_off),
    Policy(accounts.CustomerProfileChanged, warn_of_changed_details),
)
