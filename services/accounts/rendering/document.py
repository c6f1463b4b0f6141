"""What is rendered: a statement, and what of its account and holder is told beside it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from babel.dates import format_date

from chassis.amounts import units, written
from services.accounts.domain.billing.statement import LineKind, Statement, StatementLine

BASIS_POINTS_A_PERCENT = 100


class Language(StrEnum):
    """Of the words on a page; amounts and dates follow it."""

    ENGLISH = "en"
    CHINESE = "zh"


LOCALES = {Language.ENGLISH: "en_GB", Language.CHINESE: "zh_Hans_CN"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A statement about to be rendered. `holder` is name and address, a line each, in clear: it is
    opened for the rendering and kept nowhere. `account_mask` is all that is shown of the number.
    `late_fee_minor` is the most that a late payment costs, `penalty_apr_basis_points` the rate
    that may follow; 0 where there is none."""

    statement: Statement
    programme_name: str
    holder: tuple[str, ...]
    account_mask: str
    language: Language = Language.ENGLISH
    late_fee_minor: int = 0
    penalty_apr_basis_points: int = 0

    def money(self, minor_units: int) -> str:
        """An amount as people write it."""
        currency, locale = self.statement.currency, LOCALES[self.language]
        return written(minor_units, currency, locale)

    def day(self, on: date) -> str:
        """A date as people write it."""
        return str(format_date(on, format="medium", locale=LOCALES[self.language]))


def entries(of: Statement) -> tuple[StatementLine, ...]:
    """Everything that leads from the opening to the closing balance: what was booked in the cycle,
    and the interest of each balance, which is charged at its close."""
    interest = tuple(
        StatementLine(
            entry_id=f"{of.number}-interest-{each.bucket}",
            kind=LineKind.INTEREST,
            bucket=each.bucket,
            amount_minor=each.interest_minor,
            transaction_date=of.closed_on,
            posting_date=of.closed_on,
            effective_on=of.closed_on,
        )
        for each in of.balances
        if each.interest_minor
    )
    return (*of.lines, *interest)


def plain(minor_units: int, currency: str) -> str:
    """An amount as programs read it: -1234.50."""
    return f"{units(minor_units, currency):f}"


def rate(basis_points: int) -> str:
    """An annual rate: 19.99%."""
    return f"{Decimal(basis_points) / BASIS_POINTS_A_PERCENT:.2f}%"


CREDIT_KINDS = frozenset({LineKind.PAYMENT, LineKind.REFUND, LineKind.CREDIT, LineKind.FEE_WAIVED})
"""Entries that are listed under payments and credits when they take something off the balance."""
