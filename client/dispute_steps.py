"""`cards dispute`, the steps of those who work disputes: evidence, credit, advance, resolve."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import disputes_service_pb2 as pb
from cards.accounts.v1.disputes_service_pb2_grpc import DisputesServiceStub

from client.disputes import DisputeId, as_table
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import AccountId, By, Currency, SystemPath, ask, chosen, money_of, named

PostingDate = Annotated[str, typer.Option(help="Business date, YYYY-MM-DD; today without.")]


def _take(rpc: str, request: Any, system: Any, by: str = OPERATOR) -> None:
    ask(
        system,
        DisputesServiceStub,
        rpc,
        request,
        lambda answer: as_table(f"charge {answer.dispute.charge_id}", [answer.dispute]),
        by,
    )


def acknowledge(
    account: AccountId, dispute: DisputeId, on: PostingDate = "", system: SystemPath = DESCRIPTION
) -> None:
    """Say that the holder was told in writing that the notice has come."""
    request = pb.AcknowledgeDisputeRequest(
        account_id=account, dispute_id=dispute, transaction_date=on, **named()
    )
    _take("AcknowledgeDispute", request, system)


def credit(
    account: AccountId, dispute: DisputeId, on: PostingDate = "", system: SystemPath = DESCRIPTION
) -> None:
    """Give the holder the amount for the time being."""
    request = pb.CreditDisputeRequest(
        account_id=account, dispute_id=dispute, posting_date=on, **named()
    )
    _take("CreditDispute", request, system)


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
    request = pb.AdvanceDisputeRequest(
        account_id=account, dispute_id=dispute, stage=reached, posting_date=on, **named()
    )
    _take("AdvanceDispute", request, system)


def resolve(
    account: AccountId,
    dispute: DisputeId,
    outcome: Annotated[str, typer.Argument(help="won, lost or written_off.")],
    explanation: Annotated[str, typer.Option(help="What the holder is told.")],
    corrected: Annotated[
        str, typer.Option(help="The error as it was found; all, or nothing when lost, without.")
    ] = "",
    related: Annotated[
        str, typer.Option(help="Interest and fees on it; the interest charged without.")
    ] = "",
    currency: Currency = "GBP",
    on: PostingDate = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """End a dispute, and tell the holder why so."""
    request = pb.ResolveDisputeRequest(
        account_id=account,
        dispute_id=dispute,
        outcome=chosen(pb.DisputeOutcome, outcome),
        explanation=explanation,
        corrected=money_of(corrected, currency) if corrected else None,
        related=money_of(related, currency) if related else None,
        posting_date=on,
        **named(),
    )
    _take("ResolveDispute", request, system)


def evidence(
    account: AccountId,
    dispute: DisputeId,
    references: Annotated[
        list[str], typer.Argument(help="Where it is kept, such as letters/2026-17.pdf.")
    ],
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Add references to evidence; the evidence itself is kept elsewhere."""
    request = pb.AddDisputeEvidenceRequest(
        account_id=account, dispute_id=dispute, evidence=references, **named()
    )
    _take("AddDisputeEvidence", request, system, by)


def withdraw(
    account: AccountId,
    dispute: DisputeId,
    on: PostingDate = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """End a dispute because the holder wants it no more."""
    request = pb.WithdrawDisputeRequest(
        account_id=account, dispute_id=dispute, posting_date=on, **named()
    )
    _take("WithdrawDispute", request, system, by)


def register(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    for step in (acknowledge, evidence, credit, advance, resolve, withdraw):
        app.command()(step)
