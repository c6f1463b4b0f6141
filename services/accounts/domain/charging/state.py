"""What an account remembers of messages that came too early, and of money on its way back."""

from datetime import date, datetime
from enum import StrEnum

from chassis.kernel.events import value
from chassis.kernel.money import Money
from chassis.kernel.persistent_map import PersistentMap
from services.accounts.domain.values import Merchant


class EarlyKind(StrEnum):
    """What may arrive before the authorisation it belongs to."""

    ADVICE = "ADVICE"
    REVERSAL = "REVERSAL"
    REFUND_REVERSAL = "REFUND_REVERSAL"
    CREDIT_REVERSAL = "CREDIT_REVERSAL"


@value
class EarlyMessage:
    """One message about a charge that nobody has asked for yet; no amount takes back all."""

    kind: EarlyKind
    id: str
    amount: Money | None
    transaction_date: date


@value
class Early:
    """All that is kept for one charge, in the order of arrival."""

    messages: tuple[EarlyMessage, ...]

    def find(self, kind: EarlyKind, id: str) -> EarlyMessage | None:
        """The message of this kind and id, or None."""
        for message in self.messages:
            if (message.kind, message.id) == (kind, id):
                return message
        return None


class RefundStatus(StrEnum):
    """Where a refund stands."""

    PENDING = "PENDING"
    DECLINED = "DECLINED"
    POSTED = "POSTED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


@value
class Refund:
    """Money on its way back: `pending_minor` is promised, `posted_minor` has come, of which
    `reversed_minor` was taken away again. An original credit is one without a charge."""

    refund_id: str
    charge_id: str = ""
    card_id: str
    status: RefundStatus
    requested_minor: int = 0
    pending_minor: int = 0
    posted_minor: int = 0
    reversed_minor: int = 0
    merchant: Merchant
    response_code: str = ""
    reason: str = ""
    expires_at: datetime | None = None
    transaction_date: date


@value
class Charging:
    """`early` by charge or refund; `pending_minor` is what refunds promise in all, which nobody
    may spend yet, `promised` how much of it to which charge; `credits` are sent to the card by
    somebody who is no merchant of a charge."""

    early: PersistentMap[Early] = PersistentMap()
    refunds: PersistentMap[Refund] = PersistentMap()
    credits: PersistentMap[Refund] = PersistentMap()
    pending_minor: int = 0
    promised: PersistentMap[int] = PersistentMap()
