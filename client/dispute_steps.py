"""`cards dispute`, the steps of those who work disputes: credit, advance, resolve, withdraw."""

from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import disputes_service_pb2 as pb
from cards.accounts.v1.disputes_service_pb2_grpc import DisputesServiceStub

from client.disputes import DisputeId, as_table
from client.session import DESCRIPTION
from client.terminal import AccountId, SystemPath, chosen, console, open_session, run

PostingDate = Annotated[str, typer.Option(help="Business date, YYYY-MM-DD; today without.")]


def _take(name: str, system: Any, **fields: Any) -> None:
    request = getattr(pb, f"{name}DisputeRequest")(idempotency_key=uuid4().hex, **fields)

    async def work() -> None:
        async with open_session(system) as session:
            step = getattr(session.stub(DisputesServiceStub, "accounts"), f"{name}Dispute")
            console.print(as_table(name.lower(), [(await step(request)).dispute]))

    run(work)


def acknowledge(account: AccountId, dispute: DisputeId, system: SystemPath = DESCRIPTION) -> None:
    """Say that the holder was told in writing that the notice has come."""
    _take("Acknowledge", system, account_id=account, dispute_id=dispute)


def credit(
    account: AccountId, dispute: DisputeId, on: PostingDate = "", system: SystemPath = DESCRIPTION
) -> None:
    """Give the holder the amount for the time being."""
    _take("Credit", system, account_id=account, dispute_id=dispute, posting_date=on)


def advance(
    account: AccountId,
    dispute: DisputeId,
    stage: Annotated[
        str,
        typer.Argument(help="charged_back, represented, pre_arbitration or arbitration."),
    ],
    on: PostingDate = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Take a dispute to the next stage of the network's procedure."""
    reached = chosen(pb.DisputeStage, stage)
    _take("Advance", system, account_id=account, dispute_id=dispute, stage=reached, posting_date=on)


def resolve(
    account: AccountId,
    dispute: DisputeId,
    outcome: Annotated[str, typer.Argument(help="won, lost or written_off.")],
    explanation: Annotated[str, typer.Option(help="What the holder is told.")],
    on: PostingDate = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """End a dispute, and tell the holder why so."""
    _take(
        "Resolve",
        system,
        account_id=account,
        dispute_id=dispute,
        outcome=chosen(pb.DisputeOutcome, outcome),
        explanation=explanation,
        posting_date=on,
    )


def withdraw(
    account: AccountId, dispute: DisputeId, on: PostingDate = "", system: SystemPath = DESCRIPTION
) -> None:
    """End a dispute because the holder wants it no more."""
    _take("Withdraw", system, account_id=account, dispute_id=dispute, posting_date=on)


def register(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    for step in (acknowledge, credit, advance, resolve, withdraw):
        app.command()(step)
