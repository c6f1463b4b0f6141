"""What can have happened to the end of a day: it was proved, as it stood then."""

from datetime import date, datetime

from chassis.kernel.events import Fact, fact, value


@value
class DayLine:
    """One ledger account on a day, in minor units: a debit is positive in what it opened with,
    and the sums of the day's debits and credits both are."""

    ledger_account: str
    opening_minor: int
    debits_minor: int
    credits_minor: int

    @property
    def movement_minor(self) -> int:
        """By how much the day changed it."""
        return self.debits_minor - self.credits_minor

    @property
    def closing_minor(self) -> int:
        """What it stood at in the evening."""
        return self.opening_minor + self.movement_minor


@value
class AccountDifference:
    """A credit account that a day changed by one sum in the ledger and by another in its own
    decisions."""

    account_id: str
    ledger_minor: int
    decided_minor: int


@value
class DayFigures:
    """What three books say of a day, each summed up by itself, in minor units.

    The ledger: `lines`. The network: the records of clearing files that were posted
    (`files_charged`, `files_refunded`, both positive) and what came one by one (`online`, positive
    when it is owed). The customers: what their accounts decided that they owe.
    """

    lines: tuple[DayLine, ...]
    files_charged_minor: int = 0
    files_refunded_minor: int = 0
    online_minor: int = 0
    customers_opening_minor: int = 0
    customers_movement_minor: int = 0
    accounts: tuple[AccountDifference, ...] = ()
    accounts_differing: int = 0


@value
class DayDifference:
    """Two books that do not agree: which check, of which account, and what each says."""

    check: str
    account_id: str
    expected_minor: int
    found_minor: int


@fact
class DayProved(Fact):
    """A day's end was looked at: the books agreed (`balanced`) or did not (`differences`).
    `position` is the place in the log up to which they were read; `revision` counts proofs whose
    figures are other than before, because something was posted to the day afterwards."""

    programme_id: str
    currency: str
    transaction_date: date
    revision: int
    balanced: bool
    figures: DayFigures
    ledger_minor: int
    network_minor: int
    customers_minor: int
    receivable_minor: int
    differences: tuple[DayDifference, ...]
    accounts_differing: int
    position: int
    proved_at: datetime
