"""What a page of facts does to what people search: lines that are new or changed are indexed anew,
all of a page at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Row, and_, select

from chassis.database import replace_rows
from chassis.kernel.events import Fact
from chassis.projector import projects
from chassis.recorded import Recorded
from services.accounts.domain.transactions import words as of_words
from services.accounts.domain.transactions.document import (
    Document,
    Line,
    Names,
    document,
    names_of_line,
    prefix_marks,
)
from services.accounts.domain.transactions.events import (
    MerchantCategorised,
    TransactionCategorised,
    TransactionNoted,
)
from services.accounts.projections import search_rows
from services.accounts.projections.lines import CHARGE, REFUND
from services.accounts.projections.search_rows import LineKey, MerchantKey
from services.accounts.tables.search import (
    merchant_categories,
    merchant_reindexing,
    transaction_search,
)

CHANGED_BY = (("charge_id", CHARGE), ("refund_id", REFUND))
"""What a fact has that changes a line, and which kind of line that is."""
REINDEXED_AT_ONCE = 500
"""Lines of a merchant that are indexed anew in one turn; others have theirs in between."""
WORDS_APART = 8
"""Between two rows of words, so that no phrase goes from one into the other."""


@dataclass(slots=True)
class Labelled:
    """What the holder said of a line."""

    own_category: str = ""
    sealed_note: str = ""
    note_words: str = ""
    note_beginnings: str = ""


@projects(MerchantCategorised)
def keep_merchant_category(connection: Connection, event: Recorded) -> None:
    """The rule counts for every line of the merchant that comes from now on."""
    fact: Any = event.fact
    row = (fact.account_id, fact.merchant_key, fact.category)
    replace_rows(connection, merchant_categories, [row], ("account_id", "merchant_key"))


def index_page(connection: Connection, page: Sequence[Recorded]) -> bool:
    """Index the lines that a page of facts made or changed; whether older ones are left."""
    facts = [each.fact for each in page]
    rows = {
        row.position: row
        for row in (
            *search_rows.made_between(connection, page[0].position, page[-1].position),
            *search_rows.of_lines(connection, _changed(facts)),
        )
    }
    if rows:
        _index(connection, rows, facts)
    left = [(*key, page[-1].position + 1) for key in sorted(_recategorised(facts))]
    replace_rows(connection, merchant_reindexing, left, ("account_id", "merchant_key"))
    return bool(left) or _next_merchant(connection) is not None


def reindex_some(connection: Connection) -> bool:
    """Index the next lines of a merchant that its holder calls otherwise; whether some are left."""
    merchant = _next_merchant(connection)
    if merchant is None:
        return False
    key = (merchant.account_id, merchant.merchant_key)
    rows = search_rows.of_merchant(connection, key, merchant.below, REINDEXED_AT_ONCE)
    if rows:
        _index(connection, {row.position: row for row in rows}, ())
    if len(rows) == REINDEXED_AT_ONCE:
        further = (*key, rows[-1].position)
        replace_rows(connection, merchant_reindexing, [further], ("account_id", "merchant_key"))
        return True
    columns = merchant_reindexing.c
    done = and_(columns.account_id == key[0], columns.merchant_key == key[1])
    connection.execute(merchant_reindexing.delete().where(done))
    return _next_merchant(connection) is not None


def _next_merchant(connection: Connection) -> Row[Any] | None:
    return connection.execute(select(merchant_reindexing).limit(1)).first()


def _index(connection: Connection, rows: dict[int, Row[Any]], facts: Sequence[Fact]) -> None:
    """Index lines as they are, with what facts say of them."""
    labels = _labels(rows.values(), facts)
    rules = search_rows.rules_of(connection, {row.account_id for row in rows.values()})
    indexed = []
    for position in sorted(rows):
        row = rows[position]
        made = indexed_line(row, labels[row.kind, row.transaction_id, row.account_id], rules)
        if made.fingerprint != row.fingerprint:
            indexed.append(made)
    if connection.dialect.name == "postgresql":
        search_rows.replace_postgresql(connection, [with_vector(each) for each in indexed])
        return
    known = [each.position for each in indexed if rows[each.position].fingerprint is not None]
    replace_rows(connection, transaction_search, [each.row() for each in indexed], ("position",))
    search_rows.replace_words(connection, known, [with_words(each) for each in indexed])


def _changed(facts: Iterable[Fact]) -> set[LineKey]:
    """The lines that facts are about; what is new among them is told by its position as well."""
    found: set[LineKey] = set()
    for fact in facts:
        if isinstance(fact, TransactionNoted | TransactionCategorised):
            found.add((fact.account_id, fact.kind, fact.transaction_id))
            continue
        account_id = getattr(fact, "account_id", "")
        for name, kind in CHANGED_BY:
            line_id = getattr(fact, name, "")
            if line_id and account_id:
                found.add((account_id, kind, line_id))
    return found


def _recategorised(facts: Iterable[Fact]) -> set[MerchantKey]:
    return {
        (fact.account_id, fact.merchant_key)
        for fact in facts
        if isinstance(fact, MerchantCategorised)
    }


def _labels(
    rows: Iterable[Row[Any]], facts: Iterable[Fact]
) -> dict[tuple[str, str, str], Labelled]:
    """What was said of lines before, and what the page says of them."""
    found = {
        (row.kind, row.transaction_id, row.account_id): Labelled(
            row.own_category or "",
            row.sealed_note or "",
            row.note_words or "",
            row.note_beginnings or "",
        )
        for row in rows
    }
    for fact in facts:
        match fact:
            case TransactionCategorised():
                said = found.get((fact.kind, fact.transaction_id, fact.account_id))
                if said is not None:
                    said.own_category = fact.category
            case TransactionNoted():
                said = found.get((fact.kind, fact.transaction_id, fact.account_id))
                if said is not None:
                    said.sealed_note = fact.sealed_note
                    said.note_words = " ".join(fact.note_words)
                    said.note_beginnings = " ".join(fact.note_beginnings)
            case _:
                pass
    return found


@dataclass(frozen=True, slots=True)
class Indexed:
    """A row of the read model, and what it is found by."""

    position: int
    account_id: str
    first_name: str
    names: Names
    category: str
    labelled: Labelled
    fingerprint: int
    document: Document

    def row(self) -> tuple[Any, ...]:
        """In the order of the table's columns."""
        said, merchant = self.labelled, self.names.merchant
        return (
            *(self.position, self.account_id, self.first_name, merchant, merchant.casefold()),
            *(self.category, said.own_category, said.sealed_note),
            *(said.note_words, said.note_beginnings, self.fingerprint),
        )


def indexed_line(row: Any, said: Labelled, rules: dict[MerchantKey, str]) -> Indexed:
    """A line as it is to be found; `row` has the columns of search_rows."""
    names = names_of_line(row.merchant_name, row.kind, row.reason)
    rule = rules.get((row.account_id, names.merchant.casefold()), "") if rules else ""
    category = said.own_category or rule or row.category
    amounts: tuple[tuple[int, str], ...] = ((row.amount_minor, row.currency),)
    if row.original_currency:
        amounts += ((row.original_minor, row.original_currency),)
    line = Line(
        position=row.position,
        account_id=row.account_id,
        card_id=row.card_id,
        kind=row.kind,
        status=row.status,
        category=category,
        transaction_date=row.transaction_date,
        amounts=amounts,
    )
    found_by = document(names, line)
    content = (row.merchant_name, found_by.marks, category, said.own_category, said.sealed_note)
    return Indexed(
        position=row.position,
        account_id=row.account_id,
        first_name=names.name if row.first_name is None else row.first_name,
        names=names,
        category=category,
        labelled=said,
        fingerprint=crc32(repr(content).encode()),
        document=found_by,
    )


def with_vector(of: Indexed) -> tuple[Any, ...]:
    """The row, and its document as PostgreSQL reads one: words with places, marks without."""
    parts, place = [], 0
    for text in of.document.words:
        for word in text:
            place += 1
            parts.append(f"'{word}':{place}")
        place += WORDS_APART
    for word in of.labelled.note_words.split():
        place += 1
        parts.append(f"'{word}':{place}")
    marks = (*prefix_marks(of.document.words), *of.document.marks)
    parts += [f"'{mark}'" for mark in (*marks, *of.labelled.note_beginnings.split())]
    return (*of.row(), " ".join(parts))


def with_words(of: Indexed) -> tuple[Any, ...]:
    """The position, and the columns of FTS5, which finds beginnings of words by itself."""
    return (
        of.position,
        " ".join(of.names.words),
        " ".join(of.names.more),
        " ".join(of_words.words(of.category)),
        " ".join(of.document.marks),
        of.labelled.note_words,
        of.labelled.note_beginnings,
    )
