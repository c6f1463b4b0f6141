"""The balances of a cycle while its entries are applied, in the order of their dates."""

from collections.abc import Iterable, Mapping
from datetime import date

from chassis.kernel.events import value
from services.accounts.domain.billing.allocation import Owed, allocate_excess, allocate_minimum
from services.accounts.domain.billing.buckets import CREDIT, PURCHASE, Balance, RateBook
from services.accounts.domain.billing.calendar import in_last_two_cycles
from services.accounts.domain.billing.statement import LineKind, StatementLine


@value
class Sheet:
    """A cycle before it is computed.

    `moves` are the entries effective in it, by date. `due_on` and `minimum_minor` are those of the
    statement before; `billed` the instalments in it. `grace_before`: what was carried into the
    cycle had grace; `streak`: statements paid in full in a row. `disputed` bears no interest and
    is paid last; `awaited_minor` of the purchases carried bears none either, and may be paid later.
    """

    book: RateBook
    opened_on: date
    closed_on: date
    opening: tuple[Balance, ...] = ()
    moves: tuple[StatementLine, ...] = ()
    due_on: date | None = None
    minimum_minor: int = 0
    billed: tuple[Balance, ...] = ()
    grace_before: bool = True
    streak: int = 0
    disputed: tuple[Balance, ...] = ()
    awaited_minor: int = 0


class Work:
    """The balances as they stand: what was carried into the cycle, and what is new in it."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._disputed = {each.bucket: each.minor for each in sheet.disputed}
        self._billed = {each.bucket: each.minor for each in sheet.billed}
        self.carried = {each.bucket: each.minor for each in sheet.opening if each.bucket != CREDIT}
        self.fresh: dict[str, int] = {}
        self.credit = -sum(each.minor for each in sheet.opening if each.bucket == CREDIT)
        self.debits: dict[str, int] = {}
        self.credits: dict[str, int] = {}
        self.minimum_left = sheet.minimum_minor
        if self.credit and self.carried:
            # Interest was charged while the account came into credit: the credit pays it now.
            amount, self.credit = self.credit, 0
            self._count(self.debits, CREDIT, amount)
            self._spread(amount, sheet.opened_on)

    def of(self, bucket: str) -> int:
        """What is owed in a bucket."""
        return self.carried.get(bucket, 0) + self.fresh.get(bucket, 0)

    def buckets(self) -> list[str]:
        """Every bucket there was, sorted."""
        return sorted({*self.carried, *self.fresh, *self.debits, *self.credits} - {CREDIT})

    def standing(self) -> Mapping[str, tuple[int, int]]:
        """What was carried and what is new, of every bucket that is not empty."""
        return {
            bucket: (self.carried.get(bucket, 0), self.fresh.get(bucket, 0))
            for bucket in self.buckets()
            if self.of(bucket)
        }

    def apply(self, move: StatementLine) -> None:
        """One entry. A debit first uses up what the account is in credit by."""
        if move.amount_minor >= 0:
            self._debit(move.bucket or PURCHASE, move.amount_minor)
        elif move.kind is LineKind.PAYMENT:
            self._pay(-move.amount_minor, move.effective_on, move.bucket)
        else:
            self._credit(move.bucket or PURCHASE, -move.amount_minor, move.effective_on)

    def _debit(self, bucket: str, amount: int) -> None:
        used = min(self.credit, amount)
        self.credit -= used
        self._count(self.debits, CREDIT, used)
        self._count(self.debits, bucket, amount)
        self._count(self.credits, bucket, used)
        self.fresh[bucket] = self.fresh.get(bucket, 0) + amount - used

    def _credit(self, bucket: str, amount: int, day: date) -> None:
        part = min(amount, self.of(bucket))
        self._take(bucket, part)
        self._spread(amount - part, day)

    def _pay(self, amount: int, day: date, wanted: str) -> None:
        """What is above the minimum goes to the balance that its holder wants, if any, first."""
        part = min(amount, self.minimum_left)
        self.minimum_left -= part
        order = self._sheet.book.terms.minimum_order
        left = part
        for each in allocate_minimum(self._owed(day), part, order):
            self._take(each.bucket, each.minor)
            left -= each.minor
        above = amount - part + left
        asked = min(above, self.of(wanted)) if wanted else 0
        if asked:
            self._take(wanted, asked)
        self._spread(above - asked, day)

    def _spread(self, amount: int, day: date) -> None:
        """What is above the minimum; what nobody is owed, the account is in credit by."""
        for each in allocate_excess(self._owed(day), amount):
            self._take(each.bucket, each.minor)
            amount -= each.minor
        self.credit += amount
        self._count(self.credits, CREDIT, amount)

    def _owed(self, day: date) -> list[Owed]:
        book, opened_on = self._sheet.book, self._sheet.opened_on
        until = {each: book.deferred_until(each, day) for each in self.buckets()}
        return [
            Owed(
                bucket=bucket,
                minor=self.of(bucket),
                apr_basis_points=book.apr(bucket, day),
                deferred=until[bucket] is not None,
                last_cycles=in_last_two_cycles(book.terms, opened_on, until[bucket]),
                disputed_minor=min(self.of(bucket), self._disputed.get(bucket, 0)),
                billed_minor=self._billed.get(bucket, 0),
            )
            for bucket in self.buckets()
            if self.of(bucket)
        ]

    def _take(self, bucket: str, amount: int) -> None:
        """Pay off what was carried first: that is what the statement asked for."""
        carried = min(amount, self.carried.get(bucket, 0))
        self.carried[bucket] = self.carried.get(bucket, 0) - carried
        self.fresh[bucket] = self.fresh.get(bucket, 0) - (amount - carried)
        if bucket in self._billed:
            self._billed[bucket] = max(0, self._billed[bucket] - amount)
        self._count(self.credits, bucket, amount)

    @staticmethod
    def _count(counts: dict[str, int], bucket: str, amount: int) -> None:
        if amount:
            counts[bucket] = counts.get(bucket, 0) + amount


def balances_of(minor_by_bucket: Iterable[tuple[str, int]]) -> tuple[Balance, ...]:
    """Those that are not empty, by bucket."""
    return tuple(
        Balance(bucket=each, minor=minor) for each, minor in sorted(minor_by_bucket) if minor
    )
