"""A line of the list of transactions: its words, and how it comes into being."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from chassis.kernel.money import Money
from chassis.recorded import Recorded
from services.accounts.domain.categories import category_of
from services.accounts.domain.values import Merchant
from services.accounts.tables.books import transactions

CHARGE, REFUND, PAYMENT = "CHARGE", "REFUND", "PAYMENT"
REFUND_REVERSAL, CREDIT = "REFUND_REVERSAL", "CREDIT"
PENDING, POSTED, DECLINED = "PENDING", "POSTED", "DECLINED"
REVERSED, EXPIRED, VERIFIED = "REVERSED", "EXPIRED", "VERIFIED"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
NO_MERCHANT = Merchant(name="")
_LINE = transactions.insert()


def insert_line(
    connection: Connection,
    event: Recorded,
    kind: str,
    transaction_id: str,
    status: str,
    amount: Money,
    **more: Any,
) -> None:
    """A new line. `more` may give merchant, original_amount, posted_minor and any column."""
    fact: Any = event.fact
    merchant: Merchant = more.pop("merchant", NO_MERCHANT)
    original: Money | None = more.pop("original_amount", None)
    row = {
        "account_id": fact.account_id,
        "kind": kind,
        "transaction_id": transaction_id,
        "position": event.position,
        "status": status,
        "card_id": "",
        "charge_id": "",
        "currency": amount.currency,
        "authorised_minor": amount.minor_units,
        "posted_minor": 0,
        "amount_minor": amount.minor_units,
        "original_minor": original.minor_units if original else 0,
        "original_currency": original.currency if original else "",
        "merchant_id": merchant.id,
        "merchant_name": merchant.name,
        "merchant_folded": merchant.name.casefold(),
        "merchant_country": merchant.country,
        "mcc": merchant.mcc,
        "category": category_of(merchant.mcc) if merchant.name else "",
        "reason": "",
        "transaction_date": fact.transaction_date.isoformat(),
        "posting_date": "",
        "recorded_at_micros": (event.meta.occurred_at - _EPOCH) // _MICROSECOND,
    }
    connection.execute(_LINE, {**row, **more})
