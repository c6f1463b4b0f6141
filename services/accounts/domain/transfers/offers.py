"""What a programme offers for balance transfers."""

from datetime import date

from chassis.kernel.events import value

BALANCE_TRANSFER = "BALANCE_TRANSFER"


@value
class TransferOffer:
    """A transfer under this code has a rate of its own for so many months, at least six (12 CFR
    1026.55(b)(1)), and then that of other transfers."""

    code: str
    apr_basis_points: int = 0
    months: int = 12
    largest_amount_minor: int = 0
    offered_until: date | None = None


@value
class PromotedTransfer:
    """A balance of its own, at its own rate up to and with `ends_on`."""

    transfer_id: str
    apr_basis_points: int
    ends_on: date

    @property
    def bucket(self) -> str:
        """Where its balance stands."""
        return f"{BALANCE_TRANSFER}/{self.transfer_id}"
