"""Deciding about payments that a bank has to confirm."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain import events as facts
from services.accounts.domain.account import charges
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.billing import commands as billing
from services.accounts.domain.billing.fees import event_of_return
from services.accounts.domain.billing.posting import moved, penalty_fee, terms_of
from services.accounts.domain.billing.returning import return_payment
from services.accounts.domain.billing.terms import FeeKind
from services.accounts.domain.collecting import commands, events
from services.accounts.domain.collecting.drawing import initiated
from services.accounts.domain.collecting.state import Payment, PaymentStatus

PENDING_LIMIT = 32
QUICK_PAY = "quick pay"

Facts = tuple[Fact, ...]


def initiate(state: CreditAccount, command: commands.InitiatePayment, context: Context) -> Facts:
    """Ask for it, also for what was charged off. Raises Refused for another payment of this id,
    for too many at once, and without billing."""
    if not state.billing.number:
        raise Refused("NO_BILLING", "the account never had billing cycles")
    amount = charges.check_currency(state, command.amount)
    known = state.billing.collecting.known.get(command.payment_id)
    recorded = state.acts.get(act_key("payment", command.payment_id))
    if known is not None and known.minor == amount:
        return ()
    if known is not None or recorded is not None:
        raise Refused("PAYMENT_RECORDED_DIFFERENTLY", "another payment has this id")
    charges.check_positive(command.amount)
    charges.check_room(state, amount + state.billing.collecting.pending_minor)
    if len(state.billing.collecting.pending) >= PENDING_LIMIT:
        raise Refused("TOO_MANY_PAYMENTS", "too many payments wait to be confirmed")
    return (initiated(state, command.payment_id, QUICK_PAY, amount, command.transaction_date),)


def report(state: CreditAccount, command: commands.ReportPayment, context: Context) -> Facts:
    """Settle it or take it back. Raises NotFound for a payment that was never made, Refused where
    it came back and is said to be settled."""
    known = state.billing.collecting.known.get(command.payment_id)
    if known is not None and known.status is PaymentStatus.INITIATED:
        if command.outcome is PaymentStatus.SETTLED:
            return _settled(state, known, command)
        return _failed(state, known, command)
    if known is not None and known.status is PaymentStatus.RETURNED:
        if command.outcome is PaymentStatus.RETURNED:
            return ()
        raise _came_back()
    if act_key("payment", command.payment_id) not in state.acts:
        raise NotFound("PAYMENT_NOT_FOUND", "there is no such payment on this account")
    if command.outcome is PaymentStatus.SETTLED:
        if act_key("return", command.payment_id) in state.acts:
            raise _came_back()
        return ()
    back = billing.ReturnPayment(
        account_id=command.account_id,
        payment_id=command.payment_id,
        reason=command.reason,
        transaction_date=command.transaction_date,
        posting_date=command.transaction_date,
    )
    return return_payment(state, back, context)


def _came_back() -> Refused:
    # What is drawn again is another payment, with a day of its own on which it is credited.
    return Refused("PAYMENT_CAME_BACK", "the payment came back; draw it again under another id")


def _settled(state: CreditAccount, known: Payment, command: commands.ReportPayment) -> Facts:
    """It is credited as of the day on which it was initiated (comment 10(a)-2.iv)."""
    amount, day = state.money(known.minor), known.initiated_on
    settled = events.PaymentSettled(
        account_id=state.account_id,
        customer_id=state.customer_id,
        payment_id=known.payment_id,
        source=known.source,
        amount=amount,
        initiated_on=day,
        transaction_date=command.transaction_date,
    )
    recorded = facts.PaymentRecorded(
        **moved(state, -known.minor, day), payment_id=known.payment_id, amount=amount
    )
    return (settled, recorded)


def _failed(state: CreditAccount, known: Payment, command: commands.ReportPayment) -> Facts:
    """Nothing was credited; the fee is that of a payment that came back."""
    day = max(command.transaction_date, state.billing.cycle_opened_on)
    failed = events.PaymentCollectionFailed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        payment_id=known.payment_id,
        source=known.source,
        amount=state.money(known.minor),
        reason=command.reason,
        transaction_date=command.transaction_date,
    )
    after, terms = evolve(state, failed), terms_of(state)
    if terms is None:
        return (failed,)
    event, most = event_of_return(state.billing, known.payment_id, day)
    kind = FeeKind.RETURNED_PAYMENT
    return (failed, *penalty_fee(after, terms, kind, event, most, day))


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], Facts]] = {
    commands.InitiatePayment: initiate,
    commands.ReportPayment: report,
}
