"""A charge as risk sees it, and what of it every profile counts."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

from chassis.kernel.events import value
from chassis.kernel.ids import derive
from chassis.kernel.money import Money

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

SMALL_AMOUNT_MINOR = 1_000
"""Up to here a charge is small: what somebody takes who only tries whether a card works."""

COUNTED_AMOUNT_LIMIT_MINOR = 10**12
"""A larger amount counts as this much in sums, so that no sum leaves 64 bits."""

MARKS_REMEMBERED = 8_192
"""Marks of merchants and cards are asked for again and again; so many are kept at hand."""

REMOTE_ENTRY_MODES = frozenset({"MANUAL", "ECOMMERCE", "CREDENTIAL_ON_FILE"})
PRESENT_ENTRY_MODES = frozenset({"CHIP", "CONTACTLESS", "MAGNETIC_STRIPE"})

GUESSED_CARD_REASONS = frozenset({"CARD_UNKNOWN", "CARD_EXPIRED", "CARD_NOT_ACTIVE"})
"""Declined for these, a charge looks as if the card's data had been guessed."""

SUSPICIOUS_REASONS = GUESSED_CARD_REASONS | {"CARD_LOST", "CARD_STOLEN"}
"""Declined for these, a charge speaks against who made it. Want of credit does not, and neither
does what we ourselves refused or blocked: suspicion must not feed on itself."""


class Outcome(StrEnum):
    """What became of a charge in accounts; a charge can be scored once for each."""

    AUTHORISED = "authorised"
    DECLINED = "declined"


@value
class Charge:
    """One charge, approved or declined. `transaction_at` is when the holder paid: event time.

    `amount` is in the billing currency where it was approved. `merchant_key` stands for the
    merchant (see `merchant_key`). `decline_reason` is accounts' word, empty when approved.
    """

    charge_id: str
    account_id: str
    customer_id: str
    card_id: str
    outcome: Outcome
    amount: Money
    merchant_key: str
    merchant_name: str
    merchant_category_code: str
    merchant_country: str
    entry_mode: str
    decline_reason: str
    transaction_at: datetime

    @property
    def at_seconds(self) -> int:
        """Event time in whole seconds since 1970, exact."""
        return (self.transaction_at - _EPOCH) // _SECOND

    @property
    def counted_minor(self) -> int:
        """The amount as sums take it: not negative, and bounded."""
        return min(max(self.amount.minor_units, 0), COUNTED_AMOUNT_LIMIT_MINOR)

    @property
    def declined(self) -> bool:
        return self.outcome is Outcome.DECLINED

    @property
    def suspiciously_declined(self) -> bool:
        """Declined for a reason that speaks against who made it."""
        return self.declined and self.decline_reason in SUSPICIOUS_REASONS

    @property
    def guessed(self) -> bool:
        """Declined because the card's data were wrong."""
        return self.declined and self.decline_reason in GUESSED_CARD_REASONS

    @property
    def small(self) -> bool:
        return self.amount.minor_units <= SMALL_AMOUNT_MINOR

    @property
    def remote(self) -> bool:
        """Nobody held the card to a terminal."""
        return self.entry_mode in REMOTE_ENTRY_MODES

    @property
    def present(self) -> bool:
        """The card was at the merchant's."""
        return self.entry_mode in PRESENT_ENTRY_MODES

    @property
    def mark(self) -> int:
        """60 bits that stand for this charge and outcome."""
        return mark("charge", self.charge_id, self.outcome)


def instant(seconds: int) -> datetime:
    """The instant so many seconds after the beginning of 1970, in UTC."""
    return _EPOCH + timedelta(seconds=seconds)


@lru_cache(maxsize=MARKS_REMEMBERED)
def mark(*parts: str) -> int:
    """60 bits that stand for `parts`; two different ones meet once in 10^18."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 4


def paid_at(told: datetime, known_at: datetime) -> datetime:
    """When the holder paid: nobody pays later than it is known.

    A terminal whose clock, or time zone, is ahead must not move windows to where the charges that
    follow cannot reach them, nor look at what is known from there.
    """
    return min(told, known_at)


def merchant_key(merchant_id: str, merchant_name: str) -> str:
    """One id for a merchant: of the network's id, or of the name where there is none.

    Case and runs of white space in a name make no difference.
    """
    if merchant_id:
        return derive("merchant", merchant_id)
    return derive("merchant named", " ".join(merchant_name.casefold().split()))
