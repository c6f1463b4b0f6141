"""Which charge a clearing record belongs to, if any."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from chassis.kernel.money import Money
from services.accounts.domain.account.state import Charge, CreditAccount
from services.accounts.domain.clearing.values import ClearingRecord, RecordKind
from services.accounts.domain.values import ChargeStatus, Merchant, authorisation_code

MATCH_WINDOW = timedelta(days=7)
"""A purchase and its clearing name transaction dates that lie no further apart."""

OPEN = (ChargeStatus.HELD, ChargeStatus.EXPIRED)
"""A charge that stands so may still be cleared without being named."""


def find_charge(
    account: CreditAccount,
    record: ClearingRecord,
    card_id: str,
    candidates: Callable[[], Iterable[Charge]],
) -> str:
    """The id of the charge of a record; empty when there is none. By charge id, else by card and
    authorisation code, else by card, amount, merchant and date; the oldest of several.
    `candidates` is asked for them only where one is needed."""
    if record.charge_id and record.charge_id in account.charges:
        return record.charge_id
    if record.kind is RecordKind.REFUND:
        # A refund that does not name its purchase is like one only by chance.
        return ""
    found = [each for each in candidates() if _fits(each, record, card_id)]
    if not found:
        return ""
    return min(found, key=lambda each: (each.transaction_date, each.charge_id)).charge_id


def candidates_of(account: CreditAccount) -> list[Charge]:
    """The charges of an account that a record may be matched to without naming them."""
    return [each for each in account.charges.values() if each.status in OPEN]


def _fits(charge: Charge, record: ClearingRecord, card_id: str) -> bool:
    near = abs(charge.transaction_date - record.transaction_date) <= MATCH_WINDOW
    if charge.card_id != card_id or not near:
        return False
    if record.authorisation_code:
        return authorisation_code(charge.charge_id) == record.authorisation_code
    # What was asked for is without the mark-up on a foreign charge, as the file's amount is.
    amounts = (charge.requested, Money(charge.amount_minor, record.amount.currency))
    return record.amount in amounts and _same_merchant(charge.merchant, record.merchant)


def _same_merchant(one: Merchant, other: Merchant) -> bool:
    if one.id and other.id:
        return one.id == other.id
    return one.name.casefold() == other.name.casefold()
