"""Deciding about billing: the billing day, autopay, returned payments, waivers."""

from collections.abc import Callable
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
from services.accounts.domain.billing.following import with_billing
from services.accounts.domain.billing.posting import fee_waived
from services.accounts.domain.billing.returning import return_payment
from services.accounts.domain.billing.terms import AutopayKind
from services.accounts.domain.collecting import decide as collecting
from services.accounts.domain.credit_lines import decide as credit_lines
from services.accounts.domain.over_limit import decide as over_limit
from services.accounts.domain.repaying import decide as repaying
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
    **{each: with_billing(does, evolve) for each, does in collecting.DECIDE.items()},
    **{each: with_billing(does, evolve) for each, does in repaying.DECIDE.items()},
    **{each: with_billing(does, evolve) for each, does in transfers.DECIDE.items()},
}
