"""What a batch of clearing records comes to, given the accounts as they stand."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.errors import Error
from chassis.kernel.events import Command
from services.accounts.domain.account.commands import ClearCharge, RefundCharge
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import Charge, CreditAccount
from services.accounts.domain.clearing.item import QueueClearingRecord
from services.accounts.domain.clearing.matching import OPEN, candidates_of, find_charge
from services.accounts.domain.clearing.values import (
    ClearingRecord,
    Disposition,
    ItemKind,
    NetworkTotal,
    RecordKind,
    Tally,
)

DIFFERS = "RECORD_DIFFERS"
TO_COME = "DATE_IN_THE_FUTURE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A record at its place in a file; `problem` and `field` say why there is none."""

    number: int
    record_id: str
    item_id: str
    record: ClearingRecord | None = None
    problem: str = ""
    field: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a card is."""

    account_id: str
    card_id: str


@dataclass
class Planner:
    """Plans line after line on states that run ahead; what cannot be posted waits for somebody.

    `seen` has the content digest of every record key that came to something before, `latest` the
    last date of every programme that is not yet to come.
    """

    file_id: str
    accounts: dict[str, CreditAccount]
    seen: dict[str, str]
    context: Context
    latest: Mapping[str, date]
    commands: list[Command] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    counts: Counter[Disposition] = field(default_factory=Counter)
    totals: dict[tuple[str, str, str], NetworkTotal] = field(default_factory=dict)
    _candidates: dict[str, list[Charge]] = field(default_factory=dict)

    def plan(self, lines: Iterable[Line], places: Mapping[int, Place]) -> None:
        """Plan lines in order; `places` says where the cards are, by number of the line."""
        for line in lines:
            self.counts[self._plan(line, line.record, places.get(line.number))] += 1

    def _plan(self, line: Line, record: ClearingRecord | None, place: Place | None) -> Disposition:
        if record is None:
            return self._queue(line, ItemKind.EXCEPTION, line.problem, line.field)
        known = self.seen.get(record.record_key) or self.taken.get(record.record_key)
        if known == record.content_digest:
            return Disposition.DUPLICATE
        if known is not None:
            return self._queue(line, ItemKind.EXCEPTION, DIFFERS, "record_id")
        if place is None:
            self.taken[record.record_key] = record.content_digest
            reason = "CARD_UNKNOWN" if record.card_id or record.pan_hash else "CARD_MISSING"
            return self._queue(line, ItemKind.UNMATCHED, reason, "card")
        return self._post(line, record, place)

    def _queue(self, line: Line, kind: ItemKind, reason: str, field: str) -> Disposition:
        self.commands.append(
            QueueClearingRecord(
                item_id=line.item_id,
                file_id=self.file_id,
                line=line.number,
                record_id=line.record_id,
                kind=kind,
                reason=reason,
                field=field,
                record=line.record,
            )
        )
        return Disposition(kind.value)

    def _post(self, line: Line, record: ClearingRecord, place: Place) -> Disposition:
        account = self.accounts[place.account_id]
        field = to_come(record, self.latest[account.programme_id])
        if field:
            return self._queue(line, ItemKind.EXCEPTION, TO_COME, field)
        charge_id = self._charge_of(account, record, place.card_id)
        posting = post(record, place, charge_id)
        try:
            facts = CREDIT_ACCOUNT.decide(account, posting, self.context)
        except Error as error:
            return self._queue(line, ItemKind.EXCEPTION, error.reason, error.field or "")
        after = CREDIT_ACCOUNT.fold(facts, account)
        self.accounts[place.account_id] = after
        self._forget_candidate(after, charge_id)
        self.taken[record.record_key] = record.content_digest
        self.commands.append(posting)
        self._count(account.programme_id, record)
        if record.kind is RecordKind.REFUND:
            return Disposition.REFUNDED
        return Disposition.MATCHED if charge_id else Disposition.FORCED

    def _forget_candidate(self, account: CreditAccount, charge_id: str) -> None:
        """What a record was matched to is matched to no other, unless more of it is open."""
        before = self._candidates.get(account.account_id)
        if charge_id and before is not None:
            charge = account.charges[charge_id]
            left = [each for each in before if each.charge_id != charge_id]
            self._candidates[account.account_id] = left + [charge] * (charge.status in OPEN)

    def _charge_of(self, account: CreditAccount, record: ClearingRecord, card_id: str) -> str:
        def candidates() -> list[Charge]:
            found = self._candidates.get(account.account_id)
            if found is None:
                found = self._candidates[account.account_id] = candidates_of(account)
            return found

        charge_id = find_charge(account, record, card_id, candidates)
        if not charge_id or record.kind is RecordKind.CHARGE:
            return charge_id
        charge = account.charges[charge_id]
        room = charge.captured_minor - charge.refunded_minor
        # The money came back all the same; what the charge does not cover is posted without it.
        return charge_id if record.amount.minor_units <= room else ""

    def _count(self, programme_id: str, record: ClearingRecord) -> None:
        currency, day = record.amount.currency, record.posting_date
        key = (programme_id, currency, day.isoformat())
        before = self.totals.get(key) or NetworkTotal(
            programme_id=programme_id, currency=currency, posting_date=day
        )
        minor = record.amount.minor_units
        charge = record.kind is RecordKind.CHARGE
        self.totals[key] = NetworkTotal(
            programme_id=programme_id,
            currency=currency,
            posting_date=day,
            charges=before.charges + charge,
            charged_minor=before.charged_minor + minor * charge,
            refunds=before.refunds + (not charge),
            refunded_minor=before.refunded_minor + minor * (not charge),
        )

    @property
    def tally(self) -> Tally:
        """How many came to what."""
        return Tally(
            matched=self.counts[Disposition.MATCHED],
            forced=self.counts[Disposition.FORCED],
            refunded=self.counts[Disposition.REFUNDED],
            duplicates=self.counts[Disposition.DUPLICATE],
            unmatched=self.counts[Disposition.UNMATCHED],
            exceptions=self.counts[Disposition.EXCEPTION],
        )


def to_come(record: ClearingRecord, latest: date) -> str:
    """Which date of a record is later than the latest; empty where none is."""
    for name in ("transaction_date", "posting_date"):
        if getattr(record, name) > latest:
            return name
    return ""


def post(record: ClearingRecord, place: Place, charge_id: str) -> ClearCharge | RefundCharge:
    """The command that posts a record, under the record's own key."""
    if record.kind is RecordKind.REFUND:
        return RefundCharge(
            account_id=place.account_id,
            refund_id=record.record_key,
            charge_id=charge_id,
            card_id=place.card_id,
            amount=record.amount,
            original=record.original,
            merchant=record.merchant,
            transaction_date=record.transaction_date,
            posting_date=record.posting_date,
        )
    return ClearCharge(
        account_id=place.account_id,
        clearing_id=record.record_key,
        charge_id=charge_id,
        card_id=place.card_id,
        amount=record.amount,
        original=record.original,
        merchant=record.merchant,
        final=record.final,
        transaction_date=record.transaction_date,
        posting_date=record.posting_date,
    )
