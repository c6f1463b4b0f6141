"""Who is told of statements, payments, what is past due, and deferred interest."""

from collections.abc import Iterable

from cards.accounts.v1 import events_pb2 as accounts

from chassis.kernel.events import Command
from chassis.policies import About, Policy
from services.notify.domain.events import Template
from services.notify.policies.notices import day, notice, sum_of

CANCELLED, COMPLETED = "CANCELLED", "COMPLETED"


def tell_of_a_statement(message: accounts.StatementCut, about: About) -> Iterable[Command]:
    """The holder learns what is owed, what must be paid and by when (12 CFR 1026.5(b)(2))."""
    yield notice(
        message.customer_id,
        about,
        Template.STATEMENT_READY,
        amount=sum_of(message.closing),
        other_amount=sum_of(message.minimum),
        from_day=day(message.closed_on),
        until_day=day(message.due_on),
    )


def tell_what_is_past_due(message: accounts.DelinquencyAged, about: About) -> Iterable[Command]:
    """The holder is reminded the day after a missed due date, and each time it grows older."""
    yield notice(
        message.customer_id,
        about,
        Template.PAYMENT_PAST_DUE,
        amount=sum_of(message.past_due),
        from_day=day(message.due_since),
        count=message.days,
    )


def tell_that_nothing_is_past_due(
    message: accounts.DelinquencyCured, about: About
) -> Iterable[Command]:
    """The holder learns that it is all right again."""
    yield notice(message.customer_id, about, Template.DELINQUENCY_CURED)


def confirm_a_payment(message: accounts.PaymentRecorded, about: About) -> Iterable[Command]:
    """The holder learns that the money has come."""
    amount, balance = sum_of(message.amount), sum_of(message.balance)
    template = Template.PAYMENT_RECEIVED
    yield notice(message.customer_id, about, template, amount=amount, other_amount=balance)


def confirm_a_recovery(message: accounts.RecoveryRecorded, about: About) -> Iterable[Command]:
    """Whoever pays after a charge-off learns that the money has come."""
    amount = sum_of(message.amount)
    yield notice(message.customer_id, about, Template.PAYMENT_RECEIVED, amount=amount)


def tell_of_a_returned_payment(
    message: accounts.PaymentReturned, about: About
) -> Iterable[Command]:
    """The holder learns what is owed, and of minimum payments required, again."""
    yield notice(
        message.customer_id,
        about,
        Template.PAYMENT_RETURNED,
        amount=sum_of(message.amount),
        other_amount=sum_of(message.required_again),
        reason=message.reason,
    )


def tell_of_a_failed_collection(
    message: accounts.PaymentCollectionFailed, about: About
) -> Iterable[Command]:
    """The holder must pay in another way."""
    amount, template = sum_of(message.amount), Template.PAYMENT_NOT_COLLECTED
    yield notice(message.customer_id, about, template, amount=amount, reason=message.reason)


def confirm_autopay(message: accounts.AutopaySet, about: About) -> Iterable[Command]:
    """The holder has a copy of what was authorised (12 CFR 1005.10(b))."""
    amount, template = sum_of(message.amount), Template.AUTOPAY_SET
    yield notice(message.customer_id, about, template, amount=amount, reason=message.kind)


def confirm_a_repayment_plan(
    message: accounts.RepaymentPlanScheduled, about: About
) -> Iterable[Command]:
    """The holder has a copy of what was authorised (12 CFR 1005.10(b))."""
    amount = sum_of(message.total)
    yield notice(message.customer_id, about, Template.REPAYMENT_PLAN_MADE, amount=amount)


def confirm_a_changed_repayment_plan(
    message: accounts.RepaymentPlanChanged, about: About
) -> Iterable[Command]:
    """The holder has a copy of what is authorised now."""
    amount = sum_of(message.total)
    yield notice(message.customer_id, about, Template.REPAYMENT_PLAN_MADE, amount=amount)


def tell_of_a_cancelled_repayment_plan(
    message: accounts.RepaymentPlanCancelled, about: About
) -> Iterable[Command]:
    """The holder learns that nothing more is drawn."""
    yield notice(message.customer_id, about, Template.REPAYMENT_PLAN_ENDED, reason=CANCELLED)


def tell_of_a_completed_repayment_plan(
    message: accounts.RepaymentPlanCompleted, about: About
) -> Iterable[Command]:
    """The holder learns what was drawn in all."""
    amount, template = sum_of(message.drawn), Template.REPAYMENT_PLAN_ENDED
    yield notice(message.customer_id, about, template, amount=amount, reason=COMPLETED)


def tell_of_a_refunded_credit_balance(
    message: accounts.CreditBalanceRefunded, about: About
) -> Iterable[Command]:
    """The holder learns that the money is on its way (12 CFR 1026.11(a))."""
    amount = sum_of(message.amount)
    yield notice(message.customer_id, about, Template.CREDIT_BALANCE_REFUNDED, amount=amount)


def tell_of_deferred_interest(
    message: accounts.DeferredInterestCharged, about: About
) -> Iterable[Command]:
    """The holder learns that a promotion is over, and what it costs."""
    yield notice(
        message.customer_id,
        about,
        Template.DEFERRED_INTEREST_CHARGED,
        amount=sum_of(message.amount),
        from_day=day(message.accrued_from),
        until_day=day(message.ends_on),
    )


def tell_of_waived_interest(
    message: accounts.DeferredInterestWaived, about: About
) -> Iterable[Command]:
    """The holder learns that a promotion is over, and what it saved."""
    amount, ends_on = sum_of(message.amount), day(message.ends_on)
    template = Template.DEFERRED_INTEREST_WAIVED
    yield notice(message.customer_id, about, template, amount=amount, until_day=ends_on)


POLICIES = (
    Policy(accounts.StatementCut, tell_of_a_statement),
    Policy(accounts.DelinquencyAged, tell_what_is_past_due),
    Policy(accounts.DelinquencyCured, tell_that_nothing_is_past_due),
    Policy(accounts.PaymentRecorded, confirm_a_payment),
    Policy(accounts.RecoveryRecorded, confirm_a_recovery),
    Policy(accounts.PaymentReturned, tell_of_a_returned_payment),
    Policy(accounts.PaymentCollectionFailed, tell_of_a_failed_collection),
    Policy(accounts.AutopaySet, confirm_autopay),
    Policy(accounts.RepaymentPlanScheduled, confirm_a_repayment_plan),
    Policy(accounts.RepaymentPlanChanged, confirm_a_changed_repayment_plan),
    Policy(accounts.RepaymentPlanCancelled, tell_of_a_cancelled_repayment_plan),
    Policy(accounts.RepaymentPlanCompleted, tell_of_a_completed_repayment_plan),
    Policy(accounts.CreditBalanceRefunded, tell_of_a_refunded_credit_balance),
    Policy(accounts.DeferredInterestCharged, tell_of_deferred_interest),
    Policy(accounts.DeferredInterestWaived, tell_of_waived_interest),
)
