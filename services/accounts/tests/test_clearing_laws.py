"""Laws of clearing: however records come, in whatever batches, each is posted once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.kernel.ids import derive
from services.accounts.domain.account.commands import ClearCharge, RefundCharge
from services.accounts.domain.clearing.planning import Line, Place, Planner
from services.accounts.domain.clearing.values import ClearingRecord, RecordKind
from services.accounts.tests.stories import GROCER, TODAY, AccountStory, pounds

PLACE = Place(account_id="account", card_id="card")
UNKNOWN_CARD = "unknown"


@dataclass
class Books:
    """An account, what was posted to it by record key, and which records were seen."""

    account: AccountStory = field(default_factory=lambda: AccountStory(limit=10_000))
    seen: dict[str, str] = field(default_factory=dict)
    posted: list[str] = field(default_factory=list)

    def process(self, lines: Sequence[Line]) -> Planner:
        """One batch: planned on the states that ran ahead, then decided by the account itself."""
        planner = Planner(
            file_id="file",
            accounts={"account": self.account.state},
            seen={key: self.seen[key] for key in self.seen},
            context=self.account.context(),
            latest={"everyday": TODAY},
        )
        known = (line for line in lines if line.record and line.record.card_id != UNKNOWN_CARD)
        planner.plan(lines, {line.number: PLACE for line in known})
        for command in planner.commands:
            match command:
                case ClearCharge(clearing_id=key) | RefundCharge(refund_id=key):
                    assert len(self.account.when(command)) == 1
                    self.posted.append(key)
        assert not self.seen.keys() & planner.taken.keys()
        self.seen |= planner.taken
        assert planner.tally.records == len(lines)
        return planner


def record(number: int, amount: int, kind: RecordKind, card_id: str) -> ClearingRecord:
    """One of few identities; two of them may say the same."""
    return ClearingRecord(
        record_key=derive(str(number)),
        record_id=f"R-{number}",
        content_digest=derive(str(amount), kind, card_id),
        kind=kind,
        card_id=card_id,
        amount=pounds(amount),
        merchant=GROCER,
        transaction_date=TODAY,
        posting_date=TODAY,
    )


RECORDS = st.builds(
    record,
    st.integers(0, 9),
    st.integers(1, 2),
    st.sampled_from(RecordKind),
    st.sampled_from(["card", "card", "card", UNKNOWN_CARD]),
)
HELD = st.lists(st.integers(1, 2), max_size=5)
BATCHES = st.lists(st.lists(RECORDS, max_size=6), max_size=8)


def lines_of(batch: Sequence[ClearingRecord]) -> list[Line]:
    return [
        Line(number=n, record_id=each.record_id, item_id=derive(each.content_digest), record=each)
        for n, each in enumerate(batch, 1)
    ]


@settings(max_examples=60)
@given(HELD, BATCHES)
def test_a_record_is_posted_once_as_it_came_first(
    held: list[int], batches: list[list[ClearingRecord]]
) -> None:
    """Whatever is authorised: the first content of an identity counts, and its amount is what the
    account owes more; no hold is left that a clearing of its looks has come for."""
    books = Books()
    for number, amount in enumerate(held):
        books.account.authorise(amount, derive("charge", str(number)))
    first: dict[str, ClearingRecord] = {}
    for batch in batches:
        books.process(lines_of(batch))
        for each in batch:
            first.setdefault(each.record_key, each)
    known = [each for each in first.values() if each.card_id == "card"]
    assert sorted(books.posted) == sorted(each.record_key for each in known)
    owed = sum(
        each.amount.minor_units * (1 if each.kind is RecordKind.CHARGE else -1) for each in known
    )
    assert books.account.state.posted_minor == owed
    for amount in (1, 2):
        charges = sum(
            each.kind is RecordKind.CHARGE and each.amount == pounds(amount) for each in known
        )
        open_holds = sum(
            charge.held_minor == amount * 100 for charge in books.account.state.charges.values()
        )
        assert open_holds == max(0, held.count(amount) - charges)


@settings(max_examples=30)
@given(BATCHES)
def test_how_records_are_cut_into_batches_changes_nothing(
    batches: list[list[ClearingRecord]],
) -> None:
    cut, whole = Books(), Books()
    for batch in batches:
        cut.process(lines_of(batch))
    whole.process(lines_of([each for batch in batches for each in batch]))
    assert cut.posted == whole.posted
    assert cut.seen == whole.seen
    assert cut.account.state.posted_minor == whole.account.state.posted_minor
