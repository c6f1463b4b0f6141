"""What is known about balance transfers."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from chassis.kernel.persistent_map import PersistentMap
from services.accounts.domain.transfers.offers import PromotedTransfer


class TransferStatus(StrEnum):
    """Whether it was made, refused, or came back from the other bank."""

    POSTED = "POSTED"
    DECLINED = "DECLINED"
    RETURNED = "RETURNED"


@value
class Transfer:
    """A debt to another issuer. Its number is ciphertext; `last_four` is what people see of it."""

    transfer_id: str
    digest: str
    status: TransferStatus
    creditor: str
    last_four: str
    sealed_number: str
    amount_minor: int
    bucket: str = ""
    ends_on: date | None = None
    reason: str = ""
    posted_on: date


@value
class Transfers:
    """Every transfer by its id; `promoted` are those with rates of their own."""

    known: PersistentMap[Transfer] = PersistentMap()
    promoted: tuple[PromotedTransfer, ...] = ()
