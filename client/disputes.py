"""`cards dispute`: disputes of an account, and the queue of those who work them."""

from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import disputes_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2 import Network
from cards.accounts.v1.disputes_service_pb2_grpc import DisputesServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.terminal import (
    AccountId,
    SystemPath,
    chosen,
    console,
    group,
    open_session,
    run,
    tell_of_more,
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
            each.received_on,
            each.resolve_by,
        )
        for each in disputes
    )
    headings = ("#dispute", "#account", "reason", "status", ">amount", "received", "resolve by")
    return tables.table(title, headings, rows)


@app.command("open")
def open_(
    account: AccountId,
    charge: Annotated[str, typer.Argument(help="Charge id.")],
    reason: Annotated[str, typer.Option(help="Such as not_received.")] = "unauthorised",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Dispute all of a posted charge."""
    number = chosen(pb.DisputeReason, reason)

    async def work() -> None:
        async with open_session(system) as session:
            answer = await session.stub(DisputesServiceStub, "accounts").OpenDispute(
                pb.OpenDisputeRequest(
                    idempotency_key=uuid4().hex,
                    account_id=account,
                    charge_id=charge,
                    reason=number,
                )
            )
            console.print(as_table("opened", [answer.dispute]))

    run(work)


@app.command("list")
def list_(
    account: Annotated[str, typer.Argument(help="Account id; all that is open without.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the disputes of an account, or what is to be worked, most urgent first."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(DisputesServiceStub, "accounts")
            found: Any
            if account:
                found = await stub.ListDisputes(pb.ListDisputesRequest(account_id=account))
            else:
                found = await stub.ListDisputeQueue(pb.ListDisputeQueueRequest())
            console.print(as_table("disputes", found.disputes))
            tell_of_more(found.next_page_token)

    run(work)


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
                    each.actor,
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
