"""Deciding about billing: the billing day, autopay, returned payments, waivers."""

from collections.abc import Callable
from datetime import date
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.billing import agreements, commands, events
from services.accounts.domain.billing.agreements import billed_terms
from services.accounts.domain.billing.credit_line import change_credit_line
from services.accounts.domain.billing.day import process
from services.accounts.domain.billing.fees import event_of_return
from services.accounts.domain.billing.following import with_billing
from services.accounts.domain.billing.posting import fee_waived, moved, penalty_fee
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import AutopayKind, FeeKind
from services.accounts.domain.credit_lines import decide as credit_lines
from services.accounts.domain.over_limit import decide as over_limit
from services.accounts.domain.transfers import decide as transfers

Facts = tuple[Fact, ...]


def set_autopay(state: CreditAccount, command: commands.SetAutopay, context: Context) -> Facts:
    """Choose. Raises Invalid for a fixed amount that is none."""
    billed_terms(state)
    fixed = 0
    if command.kind is AutopayKind.FIXED:
        if command.amount is None:
            raise Invalid("AMOUNT_MISSING", "a fixed amount must be told", field="amount")
        fixed = charges.check_currency(state, command.amount)
        charges.check_positive(command.amount)
    if (state.billing.autopay, state.billing.autopay_fixed_minor) == (command.kind, fixed):
        return ()
    return (
        events.AutopaySet(
            account_id=state.account_id,
            customer_id=state.customer_id,
            kind=command.kind,
            amount=state.money(fixed),
            transaction_date=command.transaction_date,
        ),
    )


def return_payment(
    state: CreditAccount, command: commands.ReturnPayment, context: Context
) -> Facts:
    """Take a payment back. Raises NotFound for one that was never made, Refused for a repetition
    that is another."""
    act = state.acts.get(act_key("payment", command.payment_id))
    if act is None:
        raise NotFound("PAYMENT_NOT_FOUND", "there is no such payment on this account")
    terms = billed_terms(state)
    known = state.acts.get(act_key("return", command.payment_id))
    if known is not None:
        return ()
    amount, day = int(act.asked), command.posting_date
    returned = events.PaymentReturned(
        **{**moved(state, amount, day), "transaction_date": command.transaction_date},
        payment_id=command.payment_id,
        reason=command.reason,
        amount=state.money(amount),
        credited_on=_credited_on(state.billing, command.payment_id, day),
    )
    after = evolve(state, returned)
    event, most = event_of_return(state.billing, command.payment_id, day)
    kind = FeeKind.RETURNED_PAYMENT
    return (returned, *penalty_fee(after, terms, kind, event, most, day))


def _credited_on(billing: Billing, payment_id: str, otherwise: date) -> date:
    moves = [move for cycle in billing.closed for move in cycle.moves]
    for line in (*moves, *billing.booked()):
        if line.entry_id == payment_id:
            return line.effective_on
    return otherwise


def waive_fee(state: CreditAccount, command: commands.WaiveFee, context: Context) -> Facts:
    """Give a fee back. Raises NotFound for a fee that there is not, Refused for more than it."""
    billed_terms(state)
    fee = next((each for each in state.billing.fees if each.fee_id == command.fee_id), None)
    if fee is None:
        raise NotFound("FEE_NOT_FOUND", "there is no such fee, or it is too old")
    asked = charges.check_currency(state, command.amount) if command.amount else 0
    otherwise = Refused("FEE_WAIVED_DIFFERENTLY", "another waiver has this id")
    key = act_key("waiver", command.waiver_id)
    if charges.is_repeated(state, key, command.fee_id, str(asked), otherwise):
        return ()
    if command.amount is not None:
        charges.check_positive(command.amount)
    amount = asked or fee.minor - fee.waived_minor
    if not amount or amount > fee.minor - fee.waived_minor:
        raise Refused("WAIVER_EXCEEDS_FEE", "less than that is left of the fee")
    reason, day = command.reason, command.transaction_date
    return (fee_waived(state, fee, command.waiver_id, amount, reason, day, asked),)


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], Facts]] = {
    commands.ProcessBillingDay: process,
    commands.SetAutopay: with_billing(set_autopay, evolve),
    commands.ReturnPayment: with_billing(return_payment, evolve),
    commands.WaiveFee: waive_fee,
    commands.ChangeCreditLine: change_credit_line,
    commands.RefundCreditBalance: agreements.refund_credit_balance,
    commands.GrantHardship: with_billing(agreements.grant_hardship, evolve),
    commands.AgreeInstalmentPlan: agreements.agree_plan,
    **{each: with_billing(does, evolve) for each, does in credit_lines.DECIDE.items()},
    **over_limit.DECIDE,
    **{each: with_billing(does, evolve) for each, does in transfers.DECIDE.items()},
}
