"""`cards statement`, `cards pay`, `cards explain-interest`: what is owed, why, and paying it."""

from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import billing_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1.billing_service_pb2_grpc import BillingServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import ANY, SystemPath, chosen, console, money_of, open_session, run

AccountId = Annotated[str, typer.Argument(help="Account id.")]
Number = Annotated[int, typer.Option(help="Number of the statement.")]
CHOICES = ("minimum", "statement", "balance")


def statement(
    account: AccountId,
    number: Number = 0,
    as_of: Annotated[str, typer.Option(help="The latest one by this date, YYYY-MM-DD.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show a statement: the latest, one by its number, or the one of a date."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(BillingServiceStub, "accounts")
            request = pb.GetStatementRequest(account_id=account, number=number, as_of=as_of)
            told = (await stub.GetStatement(request)).statement
            for each in (_sums(told), _balances(told), _lines(told)):
                console.print(each)

    run(work)


def _sums(told: Any) -> Any:
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


def _balances(told: Any) -> Any:
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


def _lines(told: Any) -> Any:
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
    account: AccountId, number: Number = 0, system: SystemPath = DESCRIPTION
) -> None:
    """Explain interest day by day: of a statement, or (0) of the open cycle so far."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(BillingServiceStub, "accounts")
            request = pb.ExplainInterestRequest(account_id=account, number=number)
            found = await stub.ExplainInterest(request)
            rows = (
                (
                    day.first_on,
                    day.bucket,
                    tables.word(pb.InterestCause, day.cause),
                    tables.money(day.balance),
                    f"{day.apr_basis_points / 100:.2f} %",
                    tables.money(day.interest),
                )
                for day in found.days
            )
            headings = ("#day", "balance", "why", ">owed", ">rate", ">interest")
            console.print(tables.table(f"{tables.money(found.total)} in all", headings, rows))
            console.print(found.rounding)

    run(work)


def due(
    account: AccountId,
    as_of: Annotated[str, typer.Option(help="Owed at the end of this date, YYYY-MM-DD.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show what must be paid now, and what of it was told otherwise because of a dispute."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(BillingServiceStub, "accounts")
            now = await stub.GetBalance(pb.GetBalanceRequest(account_id=account, as_of=as_of))
            by = f", due on {now.due_on}" if now.due_on else ""
            rows = [
                ("owed in all", tables.money(now.balance)),
                (f"left of the minimum{by}", tables.money(now.minimum_left)),
                ("minimum as it was told", tables.money(now.minimum_told)),
                ("minimum that is required now", tables.money(now.minimum_required)),
                ("past due", tables.money(now.past_due)),
                ("in dispute, not to be paid now", tables.money(now.disputed)),
            ]
            if now.restored_by:
                rows.append(("lost in a dispute, to be paid by", now.restored_by))
            console.print(tables.table("due", ("what", ">amount"), rows))

    run(work)


def pay(
    account: AccountId,
    what: Annotated[
        str, typer.Argument(help="minimum, statement, balance, or an amount such as 25.00.")
    ],
    currency: Annotated[str, typer.Option(help="Billing currency of an amount.")] = "GBP",
    credited: Annotated[
        str, typer.Option(help="immediate or on_confirmation; as the programme says without.")
    ] = ANY,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Pay at once: the minimum, the statement, everything, or an amount."""
    by_name = what in CHOICES
    request = pb.MakePaymentRequest(
        idempotency_key=uuid4().hex,
        account_id=account,
        choice=pb.PaymentChoice.Value(f"PAYMENT_CHOICE_{what.upper() if by_name else 'AMOUNT'}"),
        amount=None if by_name else money_of(what, currency),
        settlement=chosen(terms.Settlement, credited),
    )

    async def work() -> None:
        async with open_session(system) as session:
            paid = await session.stub(BillingServiceStub, "accounts").MakePayment(request)
            owed = tables.owed(paid.balance)
            if paid.pending:
                next_step = f"cards repayments report {account} {paid.payment_id} settled"
                console.print(f"payment {paid.payment_id} waits for the bank; {owed}")
                console.print(f"[dim]when the bank has paid: `{next_step}`", soft_wrap=True)
            else:
                console.print(f"payment {paid.payment_id}: paid; {owed}")

    run(work)
