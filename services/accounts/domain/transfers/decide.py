"""Deciding balance transfers: the limit, with the fee, is the same as that of charges."""

from collections.abc import Callable
from datetime import date
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agreements import billed_terms
from services.accounts.domain.billing.calendar import DAY, months_later
from services.accounts.domain.billing.fees import ordinary
from services.accounts.domain.billing.posting import fee_charged, fee_waived, is_paused, moved
from services.accounts.domain.billing.terms import BillingTerms, FeeKind
from services.accounts.domain.transfers import commands, events
from services.accounts.domain.transfers.offers import (
    BALANCE_TRANSFER,
    PromotedTransfer,
    TransferOffer,
)
from services.accounts.domain.transfers.state import TransferStatus
from services.accounts.domain.values import AccountStatus

PROMOTED_LIMIT = 20
TRANSFER_RETURNED = "TRANSFER_RETURNED"

Facts = tuple[Fact, ...]


def transfer(state: CreditAccount, command: commands.TransferBalance, context: Context) -> Facts:
    """Take the debt over with its fee, or decline. Raises Refused where the programme takes none
    over, for an offer that there is not, and for another transfer of this id."""
    terms, known = billed_terms(state), state.billing.transfers
    before = known.known.get(command.transfer_id)
    if before is not None and before.digest == command.digest:
        return ()
    if before is not None:
        raise Refused("TRANSFER_ASKED_DIFFERENTLY", "another transfer has this id")
    amount = charges.check_currency(state, command.amount)
    charges.check_positive(command.amount)
    if not any(rate.balance_type == BALANCE_TRANSFER for rate in terms.rates):
        raise Refused("NO_BALANCE_TRANSFERS", "the programme takes over no debts")
    offer = _offer(terms, command.offer, command.transaction_date)
    day = max(command.transaction_date, state.billing.cycle_opened_on)
    fee = ordinary(state.billing, terms, FeeKind.BALANCE_TRANSFER, amount, day)
    fee = 0 if is_paused(state, day) else fee
    reason = _objection(state, amount, fee, offer)
    if reason:
        return (_declined(state, command, reason),)
    posted = _posted(state, command, offer, amount, day)
    after, kind = evolve(state, posted), FeeKind.BALANCE_TRANSFER
    return (posted, *fee_charged(after, kind, command.transfer_id, fee, day))


def _offer(terms: BillingTerms, code: str, day: date) -> TransferOffer | None:
    if not code:
        return None
    for offer in terms.transfer_offers:
        if offer.code == code and (offer.offered_until is None or day <= offer.offered_until):
            return offer
    raise Refused("NO_SUCH_OFFER", "the programme has no such offer, or not any more")


def _objection(state: CreditAccount, amount: int, fee: int, offer: TransferOffer | None) -> str:
    """The first reason against it, or empty. There is no tolerance above the limit for a debt that
    is planned."""
    if state.status is not AccountStatus.ACTIVE:
        return "ACCOUNT_NOT_ACTIVE"
    if state.billing.delinquency_days:
        return "PAYMENTS_PAST_DUE"
    if offer and offer.largest_amount_minor and amount > offer.largest_amount_minor:
        return "ABOVE_OFFER"
    if offer and len(state.billing.transfers.promoted) >= PROMOTED_LIMIT:
        return "TOO_MANY_OFFERS"
    return "INSUFFICIENT_CREDIT" if amount + fee > state.available_minor else ""


def _posted(
    state: CreditAccount,
    command: commands.TransferBalance,
    offer: TransferOffer | None,
    amount: int,
    day: date,
) -> events.BalanceTransferred:
    ends_on = months_later(day, offer.months) - DAY if offer else None
    apr = offer.apr_basis_points if offer else 0
    bucket = BALANCE_TRANSFER
    if ends_on is not None:
        promoted = PromotedTransfer(
            transfer_id=command.transfer_id, apr_basis_points=apr, ends_on=ends_on
        )
        bucket = promoted.bucket
    return events.BalanceTransferred(
        **{**moved(state, amount, day), "transaction_date": command.transaction_date},
        transfer_id=command.transfer_id,
        creditor=command.creditor,
        last_four=command.last_four,
        sealed_number=command.sealed_number,
        digest=command.digest,
        offer=command.offer,
        bucket=bucket,
        apr_basis_points=apr,
        ends_on=ends_on,
        amount=command.amount,
    )


def _declined(
    state: CreditAccount, command: commands.TransferBalance, reason: str
) -> events.BalanceTransferDeclined:
    return events.BalanceTransferDeclined(
        account_id=state.account_id,
        customer_id=state.customer_id,
        transfer_id=command.transfer_id,
        creditor=command.creditor,
        last_four=command.last_four,
        digest=command.digest,
        amount=command.amount,
        reason=reason,
        available=state.money(state.available_minor),
        transaction_date=command.transaction_date,
    )


def send_back(
    state: CreditAccount, command: commands.ReturnBalanceTransfer, context: Context
) -> Facts:
    """Undo it from its day on, and give the fee back, also after the end of the account. Raises
    NotFound for one that was not made, Refused for a repetition with another reason."""
    known = state.billing.transfers.known.get(command.transfer_id)
    if known is None or known.status is TransferStatus.DECLINED:
        raise NotFound("TRANSFER_NOT_FOUND", "there is no such transfer on this account")
    if known.status is TransferStatus.RETURNED:
        if known.reason == command.reason:
            return ()
        raise Refused("TRANSFER_RETURNED_DIFFERENTLY", "it came back for another reason")
    day = max(command.transaction_date, state.billing.cycle_opened_on)
    amount = known.amount_minor
    returned = events.BalanceTransferReturned(
        **{**moved(state, -amount, day), "transaction_date": command.transaction_date},
        transfer_id=known.transfer_id,
        bucket=known.bucket,
        reason=command.reason,
        amount=state.money(amount),
        credited_on=known.posted_on,
    )
    return (returned, *_fee_back(evolve(state, returned), known.transfer_id, day))


def _fee_back(state: CreditAccount, transfer_id: str, day: date) -> Facts:
    fee_id = f"{FeeKind.BALANCE_TRANSFER.lower()} {transfer_id}"
    for fee in state.billing.fees:
        left = fee.minor - fee.waived_minor
        if fee.fee_id == fee_id and left:
            waiver = f"return {transfer_id}"
            return (fee_waived(state, fee, waiver, left, TRANSFER_RETURNED, day),)
    return ()


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], Facts]] = {
    commands.TransferBalance: transfer,
    commands.ReturnBalanceTransfer: send_back,
}
