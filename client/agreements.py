"""`cards billing`: statements and past balances, and what is agreed about paying."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import billing_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import statements_service_pb2 as statements
from cards.accounts.v1.billing_service_pb2_grpc import BillingServiceStub
from cards.accounts.v1.statements_service_pb2_grpc import StatementsServiceStub
from rich.console import Group
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    AccountId,
    By,
    Currency,
    Key,
    Reason,
    SystemPath,
    ask,
    chosen,
    group,
    money_of,
    named,
)

app = group(__doc__)


@app.command("statements")
def list_(account: AccountId, by: By = OPERATOR, system: SystemPath = DESCRIPTION) -> None:
    """Show the statements of an account, latest first."""

    def told(answer: Any) -> Table:
        rows = (
            (
                str(each.number),
                each.opened_on,
                each.closed_on,
                each.due_on,
                tables.money(each.minimum),
                tables.money(each.closing),
            )
            for each in answer.statements
        )
        headings = (">number", "from", "to", "due on", ">minimum", ">owed")
        return tables.table("statements", headings, rows)

    request = pb.ListStatementsRequest(account_id=account)
    ask(system, BillingServiceStub, "ListStatements", request, told, by)


@app.command()
def balance(
    account: AccountId,
    as_of: Annotated[str, typer.Argument(help="YYYY-MM-DD.")],
    position: Annotated[int, typer.Option(help="As known at this position of the log.")] = 0,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show what was owed at the end of a date, as it is known now or was at some time."""

    def told(answer: Any) -> Group:
        rows = ((each.bucket, tables.money(each.balance)) for each in answer.balances)
        of_this = tables.table("of this", ("balance", ">owed"), rows)
        return Group(f"{tables.money(answer.balance)} was owed on {as_of}", of_this)

    request = statements.GetBalanceAsOfRequest(account_id=account, as_of=as_of, position=position)
    ask(system, StatementsServiceStub, "GetBalanceAsOf", request, told)


@app.command()
def autopay(
    account: AccountId,
    kind: Annotated[str, typer.Argument(help="none, minimum, statement or fixed.")],
    amount: Annotated[str, typer.Argument(help="How much, when fixed.")] = "",
    currency: Currency = "GBP",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Choose what is collected on due dates."""
    request = pb.SetAutopayRequest(
        account_id=account,
        kind=chosen(terms.AutopayKind, kind),
        amount=money_of(amount, currency) if amount else None,
        **named(),
    )

    def told(answer: Any) -> str:
        return f"autopay: {tables.word(terms.AutopayKind, answer.kind)}"

    ask(system, BillingServiceStub, "SetAutopay", request, told, by)


@app.command()
def instalments(
    account: AccountId,
    charge: Annotated[str, typer.Argument(help="Charge id of a cleared purchase.")],
    months: Annotated[int, typer.Argument(help="2 to 60, as the programme has them.")],
    key: Key = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Pay a purchase back month by month."""
    request = pb.AgreeInstalmentPlanRequest(
        account_id=account, charge_id=charge, months=months, **named(key)
    )

    def told(answer: Any) -> str:
        return f"plan {answer.plan_id}"

    ask(system, BillingServiceStub, "AgreeInstalmentPlan", request, told, by)


@app.command()
def hardship(
    account: AccountId,
    days: Annotated[int, typer.Argument(help="1 to 366.")],
    reason: Reason = "ILLNESS",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Charge neither interest nor fees for some days."""
    request = pb.GrantHardshipRequest(account_id=account, days=days, reason=reason, **named())

    def told(answer: Any) -> str:
        return f"nothing is charged until {answer.ends_on}"

    ask(system, BillingServiceStub, "GrantHardship", request, told)


@app.command("waive-fee")
def waive_fee(
    account: AccountId,
    fee: Annotated[str, typer.Argument(help="Fee id, of `cards account transactions`.")],
    amount: Annotated[str, typer.Option(help="A part of it; all without.")] = "",
    reason: Reason = "GOODWILL",
    currency: Currency = "GBP",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Give a fee back, or a part of it."""
    request = pb.WaiveFeeRequest(
        account_id=account,
        fee_id=fee,
        amount=money_of(amount, currency) if amount else None,
        reason=reason,
        **named(key),
    )

    def told(answer: Any) -> str:
        return f"waived; {tables.owed(answer.balance)}"

    ask(system, BillingServiceStub, "WaiveFee", request, told)


@app.command("return-payment")
def return_payment(
    account: AccountId,
    payment: Annotated[str, typer.Argument(help="Payment id, of `cards account transactions`.")],
    reason: Reason = "INSUFFICIENT_FUNDS",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Say that a bank took a payment back."""
    request = pb.ReturnPaymentRequest(
        account_id=account, payment_id=payment, reason=reason, **named()
    )

    def told(answer: Any) -> str:
        return f"returned; {tables.owed(answer.balance)}"

    ask(system, BillingServiceStub, "ReturnPayment", request, told)


@app.command("refund-credit")
def refund_credit(
    account: AccountId, reason: Reason = "ASKED", key: Key = "", system: SystemPath = DESCRIPTION
) -> None:
    """Pay out what the holder has paid too much."""
    request = pb.RefundCreditBalanceRequest(account_id=account, reason=reason, **named(key))

    def told(answer: Any) -> str:
        return f"paid out; {tables.owed(answer.balance)}"

    ask(system, BillingServiceStub, "RefundCreditBalance", request, told)


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
