"""How each fact changes what is known about balance transfers; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.entries import effective, entered
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.statement import LineKind
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.transfers import events
from services.accounts.domain.transfers.offers import PromotedTransfer
from services.accounts.domain.transfers.state import Transfer, TransferStatus


def _transferred(before: Billing, terms: BillingTerms, fact: events.BalanceTransferred) -> Billing:
    amount = fact.amount.minor_units
    made = Transfer(
        transfer_id=fact.transfer_id,
        digest=fact.digest,
        status=TransferStatus.POSTED,
        creditor=fact.creditor,
        last_four=fact.last_four,
        sealed_number=fact.sealed_number,
        amount_minor=amount,
        bucket=fact.bucket,
        ends_on=fact.ends_on,
        posted_on=fact.posting_date,
    )
    known = before.transfers
    promoted = known.promoted
    if fact.ends_on is not None:
        rate = PromotedTransfer(
            transfer_id=fact.transfer_id,
            apr_basis_points=fact.apr_basis_points,
            ends_on=fact.ends_on,
        )
        promoted = (*promoted, rate)
    known = replace(known, known=known.known.set(made.transfer_id, made), promoted=promoted)
    return entered(
        replace(before, transfers=known),
        fact,
        LineKind.BALANCE_TRANSFER,
        fact.transfer_id,
        amount,
        bucket=fact.bucket,
        description=fact.creditor,
    )


def _declined(
    before: Billing, terms: BillingTerms, fact: events.BalanceTransferDeclined
) -> Billing:
    refused = Transfer(
        transfer_id=fact.transfer_id,
        digest=fact.digest,
        status=TransferStatus.DECLINED,
        creditor=fact.creditor,
        last_four=fact.last_four,
        sealed_number="",
        amount_minor=fact.amount.minor_units,
        reason=fact.reason,
        posted_on=fact.transaction_date,
    )
    known = before.transfers
    return replace(
        before, transfers=replace(known, known=known.known.set(refused.transfer_id, refused))
    )


def _returned(
    before: Billing, terms: BillingTerms, fact: events.BalanceTransferReturned
) -> Billing:
    known = before.transfers
    made = replace(
        known.known[fact.transfer_id], status=TransferStatus.RETURNED, reason=fact.reason
    )
    known = replace(known, known=known.known.set(fact.transfer_id, made))
    return entered(
        replace(before, transfers=known),
        fact,
        LineKind.BALANCE_TRANSFER,
        f"return {fact.transfer_id}",
        -fact.amount.minor_units,
        bucket=fact.bucket,
        reason=fact.reason,
        description=made.creditor,
        effective_on=effective(before, fact.credited_on, debit=False),
    )


BILLED: dict[type[Fact], Callable[[Billing, BillingTerms, Any], Billing]] = {
    events.BalanceTransferred: _transferred,
    events.BalanceTransferDeclined: _declined,
    events.BalanceTransferReturned: _returned,
}
"""What each fact does to billing."""
