"""A statement for tests, made by hand: its figures need only agree with one another."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.accounts.domain.billing.statement import (
    BalanceLine,
    GraceStatus,
    InterestCause,
    InterestLine,
    LineKind,
    MinimumPayment,
    PayoffDisclosure,
    Statement,
    StatementLine,
)
from services.accounts.domain.billing.terms import BalanceType
from services.accounts.rendering.document import Document

OPENED_ON = date(2026, 2, 15)
CLOSED_ON = date(2026, 3, 14)
OPENING_MINOR, INTEREST_MINOR, FEE_MINOR, PAYMENT_MINOR = 100_000, 1_512, 2_500, 30_000


def line(number: int, kind: LineKind, amount_minor: int, description: str = "") -> StatementLine:
    """An entry of the cycle."""
    on = OPENED_ON + timedelta(days=number % 28)
    return StatementLine(
        entry_id=f"{number:032x}",
        kind=kind,
        bucket="PURCHASE",
        amount_minor=amount_minor,
        transaction_date=on,
        posting_date=on,
        effective_on=on,
        description=description,
    )


def statement(*charges: tuple[int, str], currency: str = "USD") -> Statement:
    """A cycle with these charges, a payment, a late fee and interest."""
    lines = [line(n, LineKind.CHARGE, minor, name) for n, (minor, name) in enumerate(charges)]
    lines += [
        line(1_001, LineKind.PAYMENT, -PAYMENT_MINOR),
        line(1_002, LineKind.FEE, FEE_MINOR),
    ]
    closing = OPENING_MINOR + sum(each.amount_minor for each in lines) + INTEREST_MINOR
    purchases = sum(minor for minor, _ in charges)
    return Statement(
        statement_id=f"{'a' * 32}-7",
        account_id="a" * 32,
        number=7,
        currency=currency,
        opened_on=OPENED_ON,
        closed_on=CLOSED_ON,
        due_on=CLOSED_ON + timedelta(days=25),
        limit_minor=500_000,
        opening_minor=OPENING_MINOR,
        closing_minor=closing,
        purchases_minor=purchases,
        cash_advances_minor=0,
        balance_transfers_minor=0,
        refunds_minor=0,
        other_debits_minor=0,
        payments_minor=PAYMENT_MINOR,
        fees_minor=FEE_MINOR,
        interest_minor=INTEREST_MINOR,
        grace=GraceStatus.LOST,
        minimum=MinimumPayment(total_minor=3_500, regular_minor=3_500),
        payoff=PayoffDisclosure(
            minimum_months=130,
            minimum_total_minor=210_000,
            monthly_for_36_minor=4_100,
            total_for_36_minor=147_600,
            savings_minor=62_400,
        ),
        balances=(
            BalanceLine(
                bucket="PURCHASE",
                balance_type=BalanceType.PURCHASE,
                opening_minor=OPENING_MINOR,
                debits_minor=purchases + FEE_MINOR,
                credits_minor=PAYMENT_MINOR,
                interest_minor=INTEREST_MINOR,
                closing_minor=closing,
                average_daily_balance_minor=98_560,
                days=28,
                apr_basis_points=1_999,
            ),
        ),
        lines=tuple(lines),
        interest=(
            InterestLine(
                bucket="PURCHASE",
                cause=InterestCause.CARRIED,
                first_on=OPENED_ON,
                days=28,
                balance_minor=98_560,
                apr_basis_points=1_999,
                interest_minor=INTEREST_MINOR,
            ),
        ),
        year_to_date_fees_minor=FEE_MINOR,
        year_to_date_interest_minor=2 * INTEREST_MINOR,
    )


CHARGES = ((4_250, "Green Grocer"), (1_999, "=HYPERLINK(a) & <b>Söhne</b>"), (880, "北京烤鸭店"))


def document(of: Statement | None = None, **changes: Any) -> Document:
    """A statement of Ada's, about to be rendered."""
    made = Document(
        statement=of or statement(*CHARGES),
        programme_name="Everyday",
        holder=("Ada Canary 李", "1 Canary Street", "Birmingham B1 1BB", "GB"),
        account_mask="•••• 4242",
        late_fee_minor=3_500,
        penalty_apr_basis_points=2_999,
    )
    return replace(made, **changes)
