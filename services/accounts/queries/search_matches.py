"""What the two stores share in looking for matches: their answer, and the marks of a filter."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.accounts.domain.transactions import document
from services.accounts.domain.transactions.words import words

if TYPE_CHECKING:
    from services.accounts.queries.search import Search


@dataclass(frozen=True, slots=True)
class Matches:
    """Positions, newest first, each with the merchant's words as first recorded; everything from
    `reached` on has been looked at."""

    found: list[tuple[int, str]]
    reached: int


def marks_of(wanted: "Search") -> list[str]:
    """What lines that fit a filter are indexed under."""
    marks = []
    if wanted.account_id:
        marks.append(document.account_mark(wanted.account_id))
    if wanted.card_id:
        marks.append(document.card_mark(wanted.card_id))
    if wanted.kind:
        marks.append(document.kind_mark(wanted.kind))
    if wanted.status in document.MARKED_STATUSES:
        marks.append(document.status_mark(wanted.status))
    same_month = wanted.from_date[:7] == wanted.to_date[:7]
    if wanted.from_date and same_month:
        marks.append(f"m:{wanted.from_date[:4]}{wanted.from_date[5:7]}")
    return marks


def category_words(wanted: "Search") -> list[str]:
    """The words of the category that a filter names."""
    return words(wanted.category)


def conditions_of(wanted: "Search", mark: str) -> tuple[list[str], list[Any]]:
    """What a line (`t`, and `s` of the search) must fulfil that is not asked of the index, as SQL
    with `mark` for each value."""
    status = "" if wanted.status in document.MARKED_STATUSES else wanted.status
    asked: tuple[tuple[str, Any], ...] = (
        ("s.category =", wanted.category),
        ("t.status =", status),
        ("t.transaction_date >=", wanted.from_date),
        ("t.transaction_date <=", wanted.to_date),
        ("t.amount_minor >=", wanted.minimum_minor),
        ("t.amount_minor <=", wanted.maximum_minor),
    )
    given = [(condition, value) for condition, value in asked if value]
    return [f"{condition} {mark}" for condition, _ in given], [value for _, value in given]
