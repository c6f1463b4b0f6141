"""`cards limit`: the limit of an account, asking for another, deciding and answering."""

from typing import Annotated
from uuid import uuid4

import typer
from cards.accounts.v1 import credit_line_service_pb2 as pb
from cards.accounts.v1.credit_line_service_pb2_grpc import CreditLineServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import SystemPath, console, money_of, open_session, run

AccountId = Annotated[str, typer.Argument(help="Account id.")]


def limit(
    account: AccountId,
    ask: Annotated[str, typer.Option(help="A limit to ask for, such as 2500.00.")] = "",
    income: Annotated[str, typer.Option(help="Income of a year, with --ask.")] = "0.00",
    owed: Annotated[str, typer.Option(help="Paid to others each month, with --ask.")] = "0.00",
    offer: Annotated[str, typer.Option(help="A limit to offer the holder.")] = "",
    accept: Annotated[str, typer.Option(help="An offer to accept.")] = "",
    review: Annotated[bool, typer.Option(help="Review it now.")] = False,
    currency: Annotated[str, typer.Option(help="Billing currency.")] = "GBP",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the limit, what waits and what happened; ask for, offer, accept or review one."""
    name = {"idempotency_key": uuid4().hex, "account_id": account}

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(CreditLineServiceStub, "accounts")
            if ask:
                asked = pb.RequestCreditLineRequest(
                    limit=money_of(ask, currency),
                    annual_income=money_of(income, currency),
                    monthly_obligations=money_of(owed, currency),
                    **name,
                )
                answer = await stub.RequestCreditLine(asked)
                console.print(f"{answer.outcome.lower()} {' '.join(answer.reasons).lower()}")
            if offer:
                about = pb.OfferCreditLineRequest(
                    limit=money_of(offer, currency), reason="OFFERED", **name
                )
                await stub.OfferCreditLine(about)
            if accept:
                await stub.AnswerCreditLineOffer(
                    pb.AnswerCreditLineOfferRequest(offer_id=accept, accept=True, **name)
                )
            if review:
                held = await stub.ReviewCreditLine(
                    pb.ReviewCreditLineRequest(reason="ASKED", **name)
                )
                console.print(f"{held.outcome.lower()} {' '.join(held.reasons).lower()}")
            found = await stub.GetCreditLine(
                pb.GetCreditLineRequest(account_id=account, page_size=50)
            )
            _show(found)

    run(work)


def _show(found: pb.GetCreditLineResponse) -> None:
    line = found.credit_line
    console.print(f"limit {tables.money(line.limit)}, available {tables.money(line.available)}")
    if line.HasField("offer"):
        offer = line.offer
        text = f"{offer.offer_id}: {tables.money(offer.limit)} until {offer.expires_on}"
        console.print(f"offer {text}")
    rows = (
        (
            each.transaction_date,
            each.step.lower().replace("_", " "),
            tables.money(each.limit) if each.HasField("limit") else "",
            " ".join(each.reasons),
            each.decided_by,
            each.change_id,
        )
        for each in found.steps
    )
    headings = ("#date", "what", ">limit", "why", "by", "id")
    console.print(tables.table("what happened, latest first", headings, rows))
