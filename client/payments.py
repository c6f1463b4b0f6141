"""`cards repayments`: a holder's plan of payments, and what becomes of payments at their banks."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import payments_service_pb2 as pb
from cards.accounts.v1.payments_service_pb2_grpc import PaymentsServiceStub
from rich.console import Group
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    GATEWAY,
    AccountId,
    By,
    Currency,
    Key,
    SystemPath,
    as_code,
    ask,
    chosen,
    group,
    money_of,
    named,
)

app = group(__doc__)
PlanId = Annotated[str, typer.Argument(help="Plan id, of `cards repayments show`.")]
Planned = Annotated[
    list[str], typer.Argument(help="Each payment as DATE=AMOUNT: 2026-03-01=50.00.")
]


def _plan(plan: pb.RepaymentPlan) -> Table:
    rows = (
        (
            str(each.number),
            each.on_date,
            tables.money(each.amount),
            tables.word(pb.RepaymentStatus, each.status),
            tables.money(each.drawn) if each.status == pb.REPAYMENT_STATUS_DRAWN else "",
        )
        for each in plan.payments
    )
    stands = tables.word(pb.RepaymentPlanStatus, plan.status)
    title = f"plan {plan.plan_id}: {stands}, {tables.money(plan.total)} in all"
    return tables.table(title, (">number", "#on", ">planned", "stands", ">drawn"), rows)


def _after(answer: Any) -> Table:
    return _plan(answer.plan)


@app.command()
def show(account: AccountId, by: By = OPERATOR, system: SystemPath = DESCRIPTION) -> None:
    """Show the plans of an account, and the payments that wait for a bank."""
    request = pb.GetRepaymentsRequest(account_id=account)

    def told(answer: Any) -> Group:
        rows = (
            (each.payment_id, tables.money(each.amount), each.initiated_on, each.source.lower())
            for each in answer.pending
        )
        headings = ("#payment", ">amount", "#since", "of")
        waiting = tables.table("payments that wait for a bank", headings, rows)
        return Group(*(_plan(each) for each in answer.plans), waiting)

    ask(system, PaymentsServiceStub, "GetRepayments", request, told, by)


@app.command()
def plan(
    account: AccountId,
    total: Annotated[str, typer.Argument(help="In units, such as 300.00.")],
    count: Annotated[int, typer.Option(help="In so many payments.")] = 3,
    first_on: Annotated[str, typer.Option(help="The first, YYYY-MM-DD; today without.")] = "",
    frequency: Annotated[str, typer.Option(help="weekly, fortnightly or monthly.")] = "monthly",
    currency: Currency = "GBP",
    key: Key = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Plan a total in equal payments; each is drawn on its day, at most what is owed."""
    request = pb.ScheduleRepaymentsRequest(
        account_id=account,
        total=money_of(total, currency),
        count=count,
        first_on=first_on,
        frequency=chosen(pb.Frequency, frequency),
        **named(key),
    )
    ask(system, PaymentsServiceStub, "ScheduleRepayments", request, _after, by)


@app.command()
def change(
    account: AccountId,
    plan_id: PlanId,
    payments: Planned,
    currency: Currency = "GBP",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Put other payments in the place of what is left of a plan."""
    request = pb.ChangeRepaymentsRequest(
        account_id=account,
        plan_id=plan_id,
        payments=[_planned(each, currency) for each in payments],
        **named(),
    )
    ask(system, PaymentsServiceStub, "ChangeRepayments", request, _after, by)


def _planned(text: str, currency: str) -> pb.PlannedPayment:
    day, equals, amount = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text} is no payment; write 2026-03-01=50.00")
    return pb.PlannedPayment(on_date=day, amount=money_of(amount, currency))


@app.command()
def skip(
    account: AccountId,
    plan_id: PlanId,
    number: Annotated[int, typer.Argument(help="Which payment.")],
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Leave one payment of a plan out."""
    request = pb.SkipRepaymentRequest(account_id=account, plan_id=plan_id, number=number, **named())
    ask(system, PaymentsServiceStub, "SkipRepayment", request, _after, by)


@app.command()
def cancel(
    account: AccountId, plan_id: PlanId, by: By = OPERATOR, system: SystemPath = DESCRIPTION
) -> None:
    """End a plan."""
    request = pb.CancelRepaymentsRequest(account_id=account, plan_id=plan_id, **named())
    ask(system, PaymentsServiceStub, "CancelRepayments", request, _after, by)


@app.command()
def report(
    account: AccountId,
    payment: Annotated[str, typer.Argument(help="Payment id, of `cards repayments show`.")],
    outcome: Annotated[str, typer.Argument(help="settled, or returned: the bank does not pay.")],
    reason: Annotated[
        str, typer.Option(help="Why it came back.", callback=as_code)
    ] = "INSUFFICIENT_FUNDS",
    by: By = GATEWAY,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Say what became of a payment that waited for a bank, or that the bank took it back."""
    became = chosen(pb.PaymentOutcome, outcome)
    request = pb.ReportPaymentRequest(
        account_id=account,
        payment_id=payment,
        outcome=became,
        reason=reason if became == pb.PAYMENT_OUTCOME_RETURNED else "",
        **named(),
    )

    def told(answer: Any) -> str:
        left = f"{tables.owed(answer.balance)}, available {tables.money(answer.available)}"
        return f"{tables.word(pb.PaymentOutcome, became)}; {left}"

    ask(system, PaymentsServiceStub, "ReportPayment", request, told, by)
