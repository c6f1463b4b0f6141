"""What the billing of an account knows: the open cycle, the last closed ones, what is due."""

from datetime import date

from chassis.kernel.events import value
from services.accounts.domain.billing.buckets import (
    Balance,
    EarlierTerms,
    Plan,
    Protection,
    RateBook,
    Span,
)
from services.accounts.domain.billing.sheet import Sheet
from services.accounts.domain.billing.statement import StatementLine
from services.accounts.domain.billing.terms import AutopayKind, BillingTerms, FeeKind
from services.accounts.domain.collecting.state import Collecting
from services.accounts.domain.credit_lines.state import CreditLine
from services.accounts.domain.deferring.state import Accrual, Deferral
from services.accounts.domain.over_limit.state import OverLimit
from services.accounts.domain.repaying.state import RepaymentPlan
from services.accounts.domain.repricing.state import Announcement
from services.accounts.domain.transfers.state import Transfers

CLOSED_CYCLES_LIMIT = 6
"""Closed cycles that can still be recalculated; what is older is in the balances it left."""

FEES_LIMIT = 64
"""Fees that can still be waived, the latest."""

DUES_LIMIT = 13
"""Statements whose minimum payments are remembered."""


SPANS_LIMIT = 12
"""Past times of the penalty rate, or of a pause, that are remembered."""

CHUNK_LENGTH = 64

Chunks = tuple[tuple[StatementLine, ...], ...]
"""Entries in order, in chunks of at most CHUNK_LENGTH but for the first: one more costs nearly the
same after ten thousand of a cycle as after ten."""


def appended(chunks: Chunks, line: StatementLine) -> Chunks:
    """With one more entry at the end."""
    if chunks and len(chunks[-1]) < CHUNK_LENGTH:
        return (*chunks[:-1], (*chunks[-1], line))
    return (*chunks, (line,))


@value
class Cycle:
    """A closed cycle, as far as it is known now: its entries by their effective dates."""

    number: int
    opened_on: date
    closed_on: date
    opening: tuple[Balance, ...]
    moves: tuple[StatementLine, ...]
    due_on: date | None
    minimum_minor: int
    billed: tuple[Balance, ...]
    grace_before: bool
    streak: int
    disputed: tuple[Balance, ...]
    interest: tuple[Balance, ...]
    deferred: tuple[Accrual, ...] = ()
    awaited_minor: int = 0

    def sheet(self, book: RateBook) -> Sheet:
        """What computes it."""
        return Sheet(
            book=book,
            opened_on=self.opened_on,
            closed_on=self.closed_on,
            opening=self.opening,
            moves=self.moves,
            due_on=self.due_on,
            minimum_minor=self.minimum_minor,
            billed=self.billed,
            grace_before=self.grace_before,
            streak=self.streak,
            disputed=self.disputed,
            awaited_minor=self.awaited_minor,
        )


@value
class MinimumBasis:
    """Of what a minimum payment was made: what is neither disputed nor in a plan, interest and fees
    of the cycle; what is in each plan and what each asked for; and what was disputed already."""

    revolving_minor: int
    interest_minor: int
    fees_minor: int
    planned: tuple[Balance, ...]
    instalments: tuple[Balance, ...]
    disputed: tuple[Balance, ...]


@value
class Due:
    """The minimum payment of a statement. `minimum_minor` is what was told; of it
    `required_minor` is new with this statement, of which `remaining_minor` is unpaid.

    What is disputed changes it: `now_minor` is required now (None: what was told),
    `left_out_minor` of what is new is not, until `restored_by`; `disputed_minor` of the balance
    that was told is withheld. `checked_minor` was required when its day came, and `late_on` is
    from when what was required again later is late."""

    number: int
    closed_on: date
    due_on: date
    minimum_minor: int
    required_minor: int
    remaining_minor: int
    closing_minor: int
    checked: bool = False
    met: bool = False
    collected: bool = False
    basis: MinimumBasis | None = None
    now_minor: int | None = None
    left_out_minor: int = 0
    disputed_minor: int = 0
    restored_by: date | None = None
    checked_minor: int = 0
    late_on: date | None = None

    @property
    def minimum_now(self) -> int:
        """What must be paid by the due date, by what is in dispute now."""
        return self.minimum_minor if self.now_minor is None else self.now_minor

    @property
    def closing_now(self) -> int:
        """What was owed with the statement, without what is withheld of it."""
        return self.closing_minor - self.disputed_minor

    @property
    def unpaid_minor(self) -> int:
        """What is unpaid of what is new with this statement and required."""
        return max(0, self.remaining_minor - self.left_out_minor)

    @property
    def late_from(self) -> date:
        """The day after which what is unpaid is late."""
        return self.late_on or self.due_on


@value
class ChargedFee:
    """A fee that was charged, and how much of it was given back."""

    fee_id: str
    kind: FeeKind
    event: str
    number: int
    minor: int
    waived_minor: int
    charged_on: date


@value
class Billing:
    """`number` is 0 and everything empty where the programme has no billing.

    `usable_on` is when the account could first be used, None as long as no card of it can be;
    `told` is what the last statement told is owed, `opening` the same by what is known now;
    `lines` what is booked since, in chunks; `voided` payments of the open cycle that came back.
    `winding_up`: the account is closed; `credit_since` when it last came to be in credit.
    """

    opened_on: date | None = None
    usable_on: date | None = None
    first_limit_minor: int = 0
    number: int = 0
    cycle_opened_on: date = date.min
    closes_on: date = date.min
    told: tuple[Balance, ...] = ()
    opening: tuple[Balance, ...] = ()
    lines: Chunks = ()
    voided: tuple[str, ...] = ()
    closed: tuple[Cycle, ...] = ()
    grace: bool = True
    streak: int = 0
    billed: tuple[Balance, ...] = ()
    dues: tuple[Due, ...] = ()
    fees: tuple[ChargedFee, ...] = ()
    first_year_fees_minor: int = 0
    fees_of_year_minor: int = 0
    interest_of_year_minor: int = 0
    year: int = 0
    delinquency_days: int = 0
    agenda_on: date | None = None
    annual_fee_on: date | None = None
    autopay: AutopayKind | None = None
    autopay_fixed_minor: int = 0
    plans: tuple[Plan, ...] = ()
    deferrals: tuple[Deferral, ...] = ()
    penalty_from: date | None = None
    penalised_on: date | None = None
    paused_from: date | None = None
    paused_until: date | None = None
    paused: bool = False
    over_limit: OverLimit = OverLimit()
    transfers: Transfers = Transfers()
    earlier: tuple[EarlierTerms, ...] = ()
    penalties: tuple[Span, ...] = ()
    pauses: tuple[Span, ...] = ()
    protections: tuple[Protection, ...] = ()
    announced: Announcement | None = None
    collecting: Collecting = Collecting()
    repayments: tuple[RepaymentPlan, ...] = ()
    charged_off_minor: int = 0
    recovered_minor: int = 0
    ended: bool = False
    winding_up: bool = False
    credit_since: date | None = None
    credit_line: CreditLine = CreditLine()

    @property
    def active(self) -> bool:
        """Whether cycles run. On a closed account they do until one is told in which nothing is
        left, and again when something is posted late: it is owed, so it is billed."""
        return self.number > 0 and not self.ended and (not self.winding_up or self._unsettled)

    @property
    def _unsettled(self) -> bool:
        return bool(self.opening or self.lines or any(due.unpaid_minor for due in self.dues))

    def booked(self) -> list[StatementLine]:
        """What is booked in the open cycle, in order."""
        return [line for chunk in self.lines for line in chunk]

    def book(self, terms: BillingTerms, on: date | None = None) -> RateBook:
        """What decides the rates; `on`: as the terms of that day count."""
        earlier = next((e.terms for e in self.earlier if on and on <= e.until), None)
        return RateBook(
            terms=earlier or terms,
            earlier=tuple(e for e in self.earlier if on is None or e.until < on),
            penalties=self.penalties,
            pauses=self.pauses,
            opened_on=self.opened_on or date.min,
            usable_on=self.usable_on,
            plans=self.plans,
            promoted=self.transfers.promoted,
            deferrals=self.deferrals,
            penalty_from=self.penalty_from,
            paused_from=self.paused_from,
            paused_until=self.paused_until,
            protections=self.protections,
        )

    @property
    def last_due(self) -> Due | None:
        """The minimum payment of the last statement."""
        return self.dues[-1] if self.dues else None

    def sheet(
        self,
        terms: BillingTerms,
        until: date | None = None,
        disputed: tuple[Balance, ...] = (),
        awaited_minor: int = 0,
    ) -> Sheet:
        """The open cycle up to its close or an earlier day."""
        last = self.last_due
        closed_on = until or self.closes_on
        return Sheet(
            book=self.book(terms, self.closes_on),
            opened_on=self.cycle_opened_on,
            closed_on=closed_on,
            opening=self.opening,
            moves=tuple(
                line
                for line in self.booked()
                if self.cycle_opened_on <= line.effective_on <= closed_on
                and line.entry_id not in self.voided
            ),
            due_on=last.due_on if last else None,
            minimum_minor=last.minimum_now if last else 0,
            billed=self.billed,
            grace_before=self.grace,
            streak=self.streak,
            disputed=disputed,
            awaited_minor=awaited_minor,
        )

    def past_due_minor(self, day: date) -> int:
        """What of earlier minimum payments is unpaid after their due dates."""
        return sum(each.unpaid_minor for each in self.dues if each.late_from < day)

    def due_since(self, day: date) -> date | None:
        """The due date of the oldest minimum payment that is past due."""
        late = [each.late_from for each in self.dues if each.unpaid_minor]
        return min((each for each in late if each < day), default=None)


def total(balances: tuple[Balance, ...]) -> int:
    """What is owed in all."""
    return sum(each.minor for each in balances)
