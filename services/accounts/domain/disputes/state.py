"""The disputes of an account, and what is withheld because of them."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from chassis.kernel.persistent_map import PersistentMap
from services.accounts.domain.values import Network


class DisputeReason(StrEnum):
    """What is wrong; the paragraph of 12 CFR 1026.13 is in `PARAGRAPHS`."""

    UNAUTHORISED = "UNAUTHORISED"
    NOT_IDENTIFIED = "NOT_IDENTIFIED"
    NOT_RECEIVED = "NOT_RECEIVED"
    NOT_AS_AGREED = "NOT_AS_AGREED"
    CREDIT_NOT_PROCESSED = "CREDIT_NOT_PROCESSED"
    WRONG_AMOUNT = "WRONG_AMOUNT"
    DUPLICATE = "DUPLICATE"
    CLARIFICATION = "CLARIFICATION"


PARAGRAPHS = {
    DisputeReason.UNAUTHORISED: "13(a)(1)",
    DisputeReason.NOT_IDENTIFIED: "13(a)(2)",
    DisputeReason.NOT_RECEIVED: "13(a)(3)",
    DisputeReason.NOT_AS_AGREED: "13(a)(3)",
    DisputeReason.CREDIT_NOT_PROCESSED: "13(a)(4)",
    DisputeReason.WRONG_AMOUNT: "13(a)(5)",
    DisputeReason.DUPLICATE: "13(a)(5)",
    DisputeReason.CLARIFICATION: "13(a)(6)",
}


class DisputeStatus(StrEnum):
    """Where a dispute stands; the last four are for ever."""

    OPENED = "OPENED"
    CHARGED_BACK = "CHARGED_BACK"
    REPRESENTED = "REPRESENTED"
    PRE_ARBITRATION = "PRE_ARBITRATION"
    ARBITRATION = "ARBITRATION"
    WON = "WON"
    LOST = "LOST"
    WRITTEN_OFF = "WRITTEN_OFF"
    WITHDRAWN = "WITHDRAWN"


CLOSED = frozenset(
    {
        DisputeStatus.WON,
        DisputeStatus.LOST,
        DisputeStatus.WRITTEN_OFF,
        DisputeStatus.WITHDRAWN,
    }
)

STAGES = {
    DisputeStatus.CHARGED_BACK: DisputeStatus.OPENED,
    DisputeStatus.REPRESENTED: DisputeStatus.CHARGED_BACK,
    DisputeStatus.PRE_ARBITRATION: DisputeStatus.REPRESENTED,
    DisputeStatus.ARBITRATION: DisputeStatus.PRE_ARBITRATION,
}
"""Each stage of the network's procedure, and the one that it follows."""


class WindowCategory(StrEnum):
    """Kinds of reasons for which networks have windows of their own."""

    FRAUD = "FRAUD"
    PROCESSING_ERROR = "PROCESSING_ERROR"
    CONSUMER = "CONSUMER"


@value
class NetworkWindows:
    """Within how many days each stage may be begun, on disputes received from `effective_from` on.

    A chargeback's are counted from the day the charge was posted, or made where `from_transaction`;
    the others from the stage before. `network` is UNSPECIFIED for any that has no row of its own;
    `warning_days` before the end of a window it is told that it ends.
    """

    network: Network
    category: WindowCategory
    effective_from: date
    from_transaction: bool = False
    chargeback_days: int
    representment_days: int
    pre_arbitration_days: int
    arbitration_days: int
    warning_days: int = 7

    def days_for(self, stage: DisputeStatus) -> int:
        """How many days there are to begin a stage."""
        return {
            DisputeStatus.CHARGED_BACK: self.chargeback_days,
            DisputeStatus.REPRESENTED: self.representment_days,
            DisputeStatus.PRE_ARBITRATION: self.pre_arbitration_days,
            DisputeStatus.ARBITRATION: self.arbitration_days,
        }[stage]


@value
class Dispute:
    """A dispute. `credited_minor` was credited to the holder and `recovered_minor` is had from the
    network so far; `final`: the credit is not taken away again. `owed_minor` is what the holder
    owes after all, without further charges until `pay_by`, and not reported until `report_after`;
    `awaited_minor` of it was withheld, had grace, and has it again until then.
    `resolved_as` are the amounts it was decided with, None where that was not kept.
    The next stage may be begun until `window_ends_on`; `lapsed` is one that was not.
    """

    dispute_id: str
    charge_id: str
    reason: DisputeReason
    status: DisputeStatus = DisputeStatus.OPENED
    reached: tuple[DisputeStatus, ...] = ()
    amount_minor: int
    credited_minor: int = 0
    credited_on: date | None = None
    recovered_minor: int = 0
    final: bool = False
    timely: bool = True
    evidence: tuple[str, ...] = ()
    received_on: date
    acknowledge_by: date
    acknowledged_on: date | None = None
    resolve_by: date
    resolved_on: date | None = None
    resolved_as: str | None = None
    missed: tuple[str, ...] = ()
    corrected_minor: int = 0
    owed_minor: int = 0
    awaited_minor: int = 0
    pay_by: date | None = None
    report_after: date | None = None
    windows: NetworkWindows | None = None
    window_ends_on: date | None = None
    warned: tuple[DisputeStatus, ...] = ()
    lapsed: DisputeStatus | None = None
    asked: str

    @property
    def is_open(self) -> bool:
        """Whether it is not decided yet."""
        return self.status not in CLOSED

    @property
    def next_stage(self) -> DisputeStatus | None:
        """The stage of the network's procedure that may follow; None at its end."""
        if self.lapsed or not self.is_open:
            return None
        return next((stage for stage, after in STAGES.items() if after is self.status), None)

    @property
    def withheld_minor(self) -> int:
        """What is in the balance and need not be paid, while it is open (1026.13(d)(1))."""
        return max(0, self.amount_minor - self.credited_minor) if self.is_open else 0


@value
class Disputes:
    """`cases` by dispute; `by_charge` what is withheld of each charge, and `open_minor` in all;
    `claimed` is what may not be disputed again of each charge: in dispute, or decided for the
    holder; `lost` names charge and reason of what was decided against."""

    cases: PersistentMap[Dispute] = PersistentMap()
    by_charge: PersistentMap[int] = PersistentMap()
    claimed: PersistentMap[int] = PersistentMap()
    lost: PersistentMap[str] = PersistentMap()
    open_minor: int = 0

    def disputed_of(self, charge_id: str) -> int:
        """What of a charge is in dispute and still in the balance: it bears no interest, is left
        out of minimum payment, allocation, autopay and late marking (12 CFR 1026.13(d))."""
        return self.by_charge.get(charge_id) or 0

    def disputed_charges(self) -> tuple[tuple[str, int], ...]:
        """Every charge of which something is withheld, with how much."""
        return tuple((charge_id, minor) for charge_id, minor in self.by_charge.items() if minor)
