"""`cards statement`, `cards pay`, `cards explain-interest`: what is owed, why, and paying it."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import billing_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1.billing_service_pb2_grpc import BillingServiceStub
from rich.console import Group
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    ANY,
    AccountId,
    By,
    Currency,
    Key,
    SystemPath,
    ask,
    chosen,
    money_of,
    named,
)

Number = Annotated[int, typer.Option(help="Number of the statement.")]
CHOICES = ("minimum", "statement", "balance")


def statement(
    account: AccountId,
    number: Number = 0,
    as_of: Annotated[str, typer.Option(help="The latest one by this date, YYYY-MM-DD.")] = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show a statement: the latest, one by its number, or the one of a date."""

    def told(answer: Any) -> Group:
        of = answer.statement
        return Group(_sums(of), _balances(of), _lines(of))

    request = pb.GetStatementRequest(account_id=account, number=number, as_of=as_of)
    ask(system, BillingServiceStub, "GetStatement", request, told, by)


def _sums(told: Any) -> Table:
    short, money = told.summary, tables.money
    title = f"statement {short.number}: {short.opened_on} to {short.closed_on}"
    rows = (
        ("opening balance", money(told.opening)),
        ("purchases", money(told.purchases)),
        ("cash", money(told.cash_advances)),
        ("other debits", money(told.other_debits)),
        ("refunds", money(told.refunds)),
        ("payments", money(told.payments)),
        ("fees", money(told.fees)),
        ("interest", money(told.interest)),
        ("closing balance", money(short.closing)),
        (f"minimum, due on {short.due_on}", money(short.minimum)),
        ("purchases bore no interest", "yes" if told.grace_kept else "no"),
        ("months by the minimum alone", _months(told.payoff)),
    )
    return tables.table(title, ("", ">"), rows)


def _months(payoff: Any) -> str:
    # Nothing is disclosed where nothing is owed, or the minimum pays everything.
    return "never" if payoff.never_pays_off else str(payoff.minimum_months or "")


def _balances(told: Any) -> Table:
    money = tables.money
    rows = (
        (
            line.bucket,
            money(line.opening),
            money(line.debits),
            money(line.credits),
            money(line.interest),
            money(line.closing),
            money(line.average_daily_balance),
            f"{line.apr_basis_points / 100:.2f} %",
        )
        for line in told.balances
    )
    headings = (
        "balance",
        ">opening",
        ">debits",
        ">credits",
        ">interest",
        ">closing",
        ">average",
        ">rate",
    )
    return tables.table("by balance", headings, rows)


def _lines(told: Any) -> Table:
    rows = (
        (
            line.posting_date,
            tables.word(pb.StatementLineKind, line.kind),
            line.description or line.reason,
            tables.money(line.amount),
        )
        for line in told.lines
    )
    return tables.table("entries", ("#posted", "what", "text", ">amount"), rows)


def explain_interest(
    account: AccountId,
    number: Number = 0,
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Explain interest day by day: of a statement, or (0) of the open cycle so far."""

    def told(answer: Any) -> Group:
        rows = (
            (
                day.first_on,
                day.bucket,
                tables.word(pb.InterestCause, day.cause),
                tables.money(day.balance),
                f"{day.apr_basis_points / 100:.2f} %",
                tables.money(day.interest),
            )
            for day in answer.days
        )
        headings = ("#day", "balance", "why", ">owed", ">rate", ">interest")
        total = f"interest, {tables.money(answer.total)} in all"
        return Group(tables.table(total, headings, rows), answer.rounding)

    request = pb.ExplainInterestRequest(account_id=account, number=number)
    ask(system, BillingServiceStub, "ExplainInterest", request, told, by)


def due(
    account: AccountId,
    as_of: Annotated[str, typer.Option(help="Owed at the end of this date, YYYY-MM-DD.")] = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show what must be paid now, and what of it was told otherwise because of a dispute."""

    def told(now: Any) -> Table:
        due_on = f", due on {now.due_on}" if now.due_on else ""
        rows = [
            (f"owed in all{f' on {as_of}' if as_of else ''}", tables.money(now.balance)),
            (f"left of the minimum{due_on}", tables.money(now.minimum_left)),
            ("minimum as it was told", tables.money(now.minimum_told)),
            ("minimum that is required now", tables.money(now.minimum_required)),
            ("past due", tables.money(now.past_due)),
            ("in dispute, not to be paid now", tables.money(now.disputed)),
        ]
        if now.restored_by:
            rows.append(("lost in a dispute, to be paid by", now.restored_by))
        return tables.table("due", ("what", ">amount"), rows)

    request = pb.GetBalanceRequest(account_id=account, as_of=as_of)
    ask(system, BillingServiceStub, "GetBalance", request, told, by)


def pay(
    account: AccountId,
    what: Annotated[
        str, typer.Argument(help="minimum, statement, balance, or an amount such as 25.00.")
    ],
    currency: Currency = "GBP",
    credited: Annotated[
        str, typer.Option(help="immediate or on_confirmation; as the programme says without.")
    ] = ANY,
    key: Key = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Pay at once: the minimum, the statement, everything, or an amount."""
    by_name = what in CHOICES
    request = pb.MakePaymentRequest(
        account_id=account,
        choice=chosen(pb.PaymentChoice, what if by_name else "amount"),
        amount=None if by_name else money_of(what, currency),
        settlement=chosen(terms.Settlement, credited),
        **named(key),
    )

    def told(paid: Any) -> str:
        owed = tables.owed(paid.balance)
        if not paid.pending:
            return f"payment {paid.payment_id}: paid; {owed}"
        next_step = f"cards repayments report {account} {paid.payment_id} settled"
        waits = f"payment {paid.payment_id} waits for the bank; {owed}"
        return f"{waits}\n[dim]when the bank has paid: `{next_step}`"

    ask(system, BillingServiceStub, "MakePayment", request, told, by)
