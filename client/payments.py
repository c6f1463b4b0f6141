"""`cards repayments`: a holder's plan of payments, and what waits for a bank."""

from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import payments_service_pb2 as pb
from cards.accounts.v1.payments_service_pb2_grpc import PaymentsServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import SystemPath, console, money_of, open_session, run

FREQUENCIES = ("weekly", "fortnightly", "monthly")
AccountId = Annotated[str, typer.Argument(help="Account id.")]


def show(
    account: AccountId,
    total: Annotated[str, typer.Option(help="A total to plan, such as 300.00.")] = "",
    count: Annotated[int, typer.Option(help="In so many payments.")] = 3,
    first_on: Annotated[str, typer.Option(help="The first, YYYY-MM-DD.")] = "",
    frequency: Annotated[str, typer.Option(help="weekly, fortnightly or monthly.")] = "monthly",
    skip: Annotated[int, typer.Option(help="Number of a payment of the last plan.")] = 0,
    cancel: Annotated[bool, typer.Option(help="End the last plan.")] = False,
    currency: Annotated[str, typer.Option(help="Billing currency.")] = "GBP",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the plans of an account and what waits for a bank; plan, leave one out, or end it."""
    if frequency not in FREQUENCIES:
        raise typer.BadParameter(f"there is no {frequency}", param_hint="--frequency")
    name: dict[str, Any] = {"account_id": account, "idempotency_key": uuid4().hex}
    asked = pb.GetRepaymentsRequest(account_id=account)

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(PaymentsServiceStub, "accounts")
            known = (await stub.GetRepayments(asked)).plans
            last = known[-1].plan_id if known else "none"
            if total:
                request = pb.ScheduleRepaymentsRequest(
                    total=money_of(total, currency),
                    count=count,
                    first_on=first_on,
                    frequency=pb.Frequency.Value(f"FREQUENCY_{frequency.upper()}"),
                    **name,
                )
                await stub.ScheduleRepayments(request)
            if skip:
                one = pb.SkipRepaymentRequest(plan_id=last, number=skip, **name)
                await stub.SkipRepayment(one)
            if cancel:
                await stub.CancelRepayments(pb.CancelRepaymentsRequest(plan_id=last, **name))
            _show(await stub.GetRepayments(asked))

    run(work)


def _show(found: pb.GetRepaymentsResponse) -> None:
    for plan in found.plans:
        stands = tables.word(pb.RepaymentPlanStatus, plan.status)
        rows = (
            (
                str(each.number),
                each.on_date,
                tables.money(each.amount),
                tables.word(pb.RepaymentStatus, each.status),
                tables.money(each.drawn),
            )
            for each in plan.payments
        )
        headings = (">number", "#on", ">planned", "stands", ">drawn")
        console.print(tables.table(f"plan {plan.plan_id}, {stands}", headings, rows))
    for each in found.pending:
        text = f"{tables.money(each.amount)} since {each.initiated_on} ({each.source})"
        console.print(f"waits for a bank: {each.payment_id}, {text}")
