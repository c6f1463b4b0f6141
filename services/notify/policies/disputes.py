"""Who is told of the steps of a dispute (12 CFR 1026.13)."""

from collections.abc import Iterable

from cards.accounts.v1 import events_pb2 as accounts

from chassis.kernel.events import Command
from chassis.policies import About, Policy
from services.notify.domain.events import Template
from services.notify.policies.notices import day, notice, sum_of


def acknowledge_a_dispute(message: accounts.DisputeOpened, about: About) -> Iterable[Command]:
    """The holder has it in writing that the notice came, at once and so within 30 days (c)(1)."""
    yield notice(
        message.customer_id,
        about,
        Template.DISPUTE_RECEIVED,
        amount=sum_of(message.amount),
        from_day=day(message.transaction_date),
        until_day=day(message.resolve_by),
    )


def tell_of_a_provisional_credit(
    message: accounts.ProvisionalCreditGranted, about: About
) -> Iterable[Command]:
    """The holder learns of the credit, and that it may be taken back."""
    amount, merchant = sum_of(message.credit), message.merchant.name
    template = Template.DISPUTE_CREDITED
    yield notice(message.customer_id, about, template, amount=amount, merchant=merchant)


def tell_of_a_final_credit(
    message: accounts.DisputeCreditFinalised, about: About
) -> Iterable[Command]:
    """The holder learns that the credit stays (comment 13(c)(2)-2)."""
    yield notice(message.customer_id, about, Template.DISPUTE_CREDIT_FINAL)


def tell_how_a_dispute_ended(message: accounts.DisputeResolved, about: About) -> Iterable[Command]:
    """The holder learns what was corrected (e) and (f), what is owed after all, and by when it may
    be paid without further charges (g)(1)."""
    yield notice(
        message.customer_id,
        about,
        Template.DISPUTE_RESOLVED,
        reason=message.outcome,
        merchant=message.merchant.name,
        amount=sum_of(message.corrected),
        other_amount=sum_of(message.owed),
        until_day=day(message.pay_by),
    )


def tell_of_another_required_payment(
    message: accounts.RequiredPaymentChanged, about: About
) -> Iterable[Command]:
    """The holder learns what has to be paid, which is not what the statement says."""
    yield notice(
        message.customer_id,
        about,
        Template.REQUIRED_PAYMENT_CHANGED,
        amount=sum_of(message.required),
        other_amount=sum_of(message.told),
        until_day=day(message.due_on),
        reply_by=day(message.restored_by),
    )


POLICIES = (
    Policy(accounts.DisputeOpened, acknowledge_a_dispute),
    Policy(accounts.ProvisionalCreditGranted, tell_of_a_provisional_credit),
    Policy(accounts.DisputeCreditFinalised, tell_of_a_final_credit),
    Policy(accounts.DisputeResolved, tell_how_a_dispute_ended),
    Policy(accounts.RequiredPaymentChanged, tell_of_another_required_payment),
)
