"""`cards dispute`: disputes of an account, and the queue of those who work them."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import disputes_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2 import Network
from cards.accounts.v1.disputes_service_pb2_grpc import DisputesServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    AccountId,
    By,
    Currency,
    SystemPath,
    ask,
    chosen,
    console,
    group,
    money_of,
    named,
    open_session,
    run,
)

app = group(__doc__)

DisputeId = Annotated[str, typer.Argument(help="Dispute id.")]


def as_table(title: str, disputes: Any) -> Table:
    rows = (
        (
            each.dispute_id,
            each.account_id,
            tables.word(pb.DisputeReason, each.reason),
            tables.word(pb.DisputeStatus, each.status),
            tables.money(each.amount),
            tables.money(each.credited) if each.HasField("credited") else "",
            each.received_on,
            each.resolve_by,
        )
        for each in disputes
    )
    about = ("#dispute", "#account", "reason", "status", ">amount", ">credited")
    headings = (*about, "received", "resolve by")
    return tables.table(title, headings, rows)


@app.command("open")
def open_(
    account: AccountId,
    charge: Annotated[str, typer.Argument(help="Charge id.")],
    reason: Annotated[str, typer.Option(help="Such as not_received.")] = "unauthorised",
    amount: Annotated[str, typer.Option(help="A part of the charge; all without.")] = "",
    evidence: Annotated[list[str] | None, typer.Option(help="Where evidence is kept.")] = None,
    received_on: Annotated[str, typer.Option(help="When the notice came; today without.")] = "",
    statement_on: Annotated[str, typer.Option(help="When the charge was first told.")] = "",
    accept_late: Annotated[
        bool, typer.Option("--accept-late", help="Take a notice that came too late.")
    ] = False,
    currency: Currency = "GBP",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Dispute a posted charge, or a part of it."""
    request = pb.OpenDisputeRequest(
        account_id=account,
        charge_id=charge,
        reason=chosen(pb.DisputeReason, reason),
        amount=money_of(amount, currency) if amount else None,
        evidence=evidence or (),
        received_on=received_on,
        statement_on=statement_on,
        accept_late=accept_late,
        **named(),
    )

    def told(answer: Any) -> Table:
        return as_table("opened", [answer.dispute])

    ask(system, DisputesServiceStub, "OpenDispute", request, told, by)


@app.command("list")
def list_(
    account: Annotated[str, typer.Argument(help="Account id; all that is open without.")] = "",
    open_only: Annotated[bool, typer.Option("--open-only", help="Not those that ended.")] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the disputes of an account, or what is to be worked, most urgent first."""

    def told(answer: Any) -> Table:
        return as_table("disputes", answer.disputes)

    if account:
        request = pb.ListDisputesRequest(account_id=account, open_only=open_only)
        ask(system, DisputesServiceStub, "ListDisputes", request, told)
    else:
        queue = pb.ListDisputeQueueRequest()
        ask(system, DisputesServiceStub, "ListDisputeQueue", queue, told)


@app.command()
def show(account: AccountId, dispute: DisputeId, system: SystemPath = DESCRIPTION) -> None:
    """Show a dispute and what happened to it."""

    async def work() -> None:
        async with open_session(system) as session:
            found = await session.stub(DisputesServiceStub, "accounts").GetDispute(
                pb.GetDisputeRequest(account_id=account, dispute_id=dispute)
            )
            console.print(as_table(f"charge {found.dispute.charge_id}", [found.dispute]))
            rows = (
                (
                    each.date,
                    each.step.replace("_", " ").lower(),
                    each.details,
                    tables.who(each.actor),
                    tables.money(each.credit) if each.HasField("credit") else "",
                    tables.money(each.recovered) if each.HasField("recovered") else "",
                )
                for each in found.timeline
            )
            headings = ("#date", "step", "details", "by", ">to the holder", ">from the network")
            console.print(tables.table("timeline", headings, rows))

    run(work)


@app.command()
def windows(system: SystemPath = DESCRIPTION) -> None:
    """Show within how many days each stage of a network's procedure may be begun."""

    async def work() -> None:
        async with open_session(system) as session:
            found = await session.stub(DisputesServiceStub, "accounts").ListDisputeWindows(
                pb.ListDisputeWindowsRequest()
            )
            rows = (
                (
                    tables.word(Network, each.network) if each.network else "any other",
                    tables.word(pb.DisputeCategory, each.category),
                    each.effective_from,
                    str(each.chargeback_days),
                    str(each.representment_days),
                    str(each.pre_arbitration_days),
                    str(each.arbitration_days),
                )
                for each in found.windows
            )
            days = (">chargeback", ">representment", ">pre-arbitration", ">arbitration")
            headings = ("network", "reasons", "from", *days)
            console.print(tables.table("days to begin a stage", headings, rows))

    run(work)
