"""`cards billing`: statements and past balances, and what is agreed about paying."""

from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import billing_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import statements_service_pb2 as statements
from cards.accounts.v1.billing_service_pb2_grpc import BillingServiceStub
from cards.accounts.v1.statements_service_pb2_grpc import StatementsServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import (
    AccountId,
    Currency,
    Reason,
    SystemPath,
    ask,
    chosen,
    console,
    group,
    money_of,
    named,
    open_session,
    paged,
    run,
    tell_of_more,
)

app = group(__doc__)


@app.command("statements")
def list_(account: AccountId, system: SystemPath = DESCRIPTION) -> None:
    """Show the statements of an account, latest first."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(BillingServiceStub, "accounts")
            found = await paged(stub.ListStatements, pb.ListStatementsRequest(account_id=account))
            rows = (
                (
                    str(each.number),
                    each.opened_on,
                    each.closed_on,
                    each.due_on,
                    tables.money(each.minimum),
                    tables.money(each.closing),
                )
                for each in found.statements
            )
            headings = (">number", "from", "to", "due on", ">minimum", ">owed")
            console.print(tables.table("statements", headings, rows))
            tell_of_more(found.next_page_token)

    run(work)


@app.command()
def balance(
    account: AccountId,
    as_of: Annotated[str, typer.Argument(help="YYYY-MM-DD.")],
    position: Annotated[int, typer.Option(help="As known at this position of the log.")] = 0,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show what was owed at the end of a date, as it is known now, or was at some time."""

    async def work() -> None:
        async with open_session(system) as session:
            found = await session.stub(StatementsServiceStub, "accounts").GetBalanceAsOf(
                statements.GetBalanceAsOfRequest(account_id=account, as_of=as_of, position=position)
            )
            rows = ((each.bucket, tables.money(each.balance)) for each in found.balances)
            console.print(f"{tables.money(found.balance)} was owed on {as_of}")
            console.print(tables.table("of this", ("balance", ">owed"), rows))

    run(work)


@app.command()
def autopay(
    account: AccountId,
    kind: Annotated[str, typer.Argument(help="none, minimum, statement or fixed.")],
    amount: Annotated[str, typer.Argument(help="How much, when fixed.")] = "",
    currency: Currency = "GBP",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Choose what is collected on due dates."""
    request = pb.SetAutopayRequest(
        idempotency_key=uuid4().hex,
        account_id=account,
        kind=chosen(terms.AutopayKind, kind),
        amount=money_of(amount, currency) if amount else None,
    )

    async def work() -> None:
        async with open_session(system) as session:
            answer = await session.stub(BillingServiceStub, "accounts").SetAutopay(request)
            console.print(f"autopay: {tables.word(terms.AutopayKind, answer.kind)}")

    run(work)


@app.command()
def instalments(
    account: AccountId,
    charge: Annotated[str, typer.Argument(help="Charge id of a cleared purchase.")],
    months: Annotated[int, typer.Argument(help="2 to 60.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Pay a purchase back month by month."""
    request = pb.AgreeInstalmentPlanRequest(
        idempotency_key=uuid4().hex, account_id=account, charge_id=charge, months=months
    )

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(BillingServiceStub, "accounts")
            console.print(f"plan {(await stub.AgreeInstalmentPlan(request)).plan_id}")

    run(work)


@app.command()
def hardship(
    account: AccountId,
    days: Annotated[int, typer.Argument(help="1 to 366.")],
    reason: Reason = "ILLNESS",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Charge neither interest nor fees for some days."""
    request = pb.GrantHardshipRequest(
        idempotency_key=uuid4().hex, account_id=account, days=days, reason=reason
    )

    async def work() -> None:
        async with open_session(system) as session:
            answer = await session.stub(BillingServiceStub, "accounts").GrantHardship(request)
            console.print(f"nothing is charged until {answer.ends_on}")

    run(work)


@app.command("waive-fee")
def waive_fee(
    account: AccountId,
    fee: Annotated[str, typer.Argument(help="Fee id, as the list of transactions has it.")],
    amount: Annotated[str, typer.Option(help="A part of it; all without.")] = "",
    reason: Reason = "GOODWILL",
    currency: Currency = "GBP",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Give a fee back, or a part of it."""
    request = pb.WaiveFeeRequest(
        idempotency_key=uuid4().hex,
        account_id=account,
        fee_id=fee,
        amount=money_of(amount, currency) if amount else None,
        reason=reason,
    )

    async def work() -> None:
        async with open_session(system) as session:
            answer = await session.stub(BillingServiceStub, "accounts").WaiveFee(request)
            console.print(f"waived; {tables.owed(answer.balance)}")

    run(work)


@app.command("return-payment")
def return_payment(
    account: AccountId,
    payment: Annotated[str, typer.Argument(help="Payment id.")],
    reason: Reason = "INSUFFICIENT_FUNDS",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Say that a bank took a payment back."""
    request = pb.ReturnPaymentRequest(
        idempotency_key=uuid4().hex, account_id=account, payment_id=payment, reason=reason
    )

    async def work() -> None:
        async with open_session(system) as session:
            answer = await session.stub(BillingServiceStub, "accounts").ReturnPayment(request)
            console.print(f"returned; {tables.owed(answer.balance)}")

    run(work)


@app.command("refund-credit")
def refund_credit(
    account: AccountId, reason: Reason = "ASKED", system: SystemPath = DESCRIPTION
) -> None:
    """Pay out what the holder has paid too much."""
    request = pb.RefundCreditBalanceRequest(
        idempotency_key=uuid4().hex, account_id=account, reason=reason
    )

    async def work() -> None:
        async with open_session(system) as session:
            answer = await session.stub(BillingServiceStub, "accounts").RefundCreditBalance(request)
            console.print(f"paid out; {tables.owed(answer.balance)}")

    run(work)


@app.command()
def process(
    account: AccountId,
    leave_out_days: Annotated[int, typer.Option(help="Not those of the last so many days.")] = 0,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Do now what is due on an account up to its business date; the billing run does so too."""
    request = pb.ProcessBillingDayRequest(
        account_id=account, leave_out_days=leave_out_days, **named()
    )

    def told(answer: Any) -> str:
        if not answer.next_due_on:
            return "all is done; nothing is due any more"
        return f"all is done; something is due next on {answer.next_due_on}"

    ask(system, BillingServiceStub, "ProcessBillingDay", request, told)
