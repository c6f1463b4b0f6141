"""`cards card`: order a card, or take one a step further in its life."""

from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import cards_service_pb2 as pb
from cards.accounts.v1.cards_service_pb2_grpc import CardsServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.terminal import SystemPath, console, open_session, run

STEPS = {
    "activate": ("ActivateCard", pb.ActivateCardRequest),
    "pause": ("PauseCard", pb.PauseCardRequest),
    "resume": ("ResumeCard", pb.ResumeCardRequest),
    "terminate": ("TerminateCard", pb.TerminateCardRequest),
    "renew": ("RenewCard", pb.RenewCardRequest),
}
REASON = "ASKED_AT_TERMINAL"


def change(
    step: Annotated[str, typer.Argument(help="order, activate, pause, resume, terminate, renew.")],
    of: Annotated[str, typer.Argument(help="Card id; for an order, account id.")],
    physical: Annotated[bool, typer.Option(help="Order plastic.")] = False,
    single_use: Annotated[bool, typer.Option(help="Order one for a single charge.")] = False,
    cardholder: Annotated[str, typer.Option(help="Customer id of an authorised user.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Order a card, or take one a step further in its life."""
    name, request = "OrderCard", _order(of, physical, single_use, cardholder)
    if step != "order":
        if step not in STEPS:
            raise typer.BadParameter(f"there is no step {step}", param_hint="step")
        name, kind = STEPS[step]
        request = kind(idempotency_key=uuid4().hex, card_id=of, reason=REASON)

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(CardsServiceStub, "accounts")
            answer = await getattr(stub, name)(request)
            console.print(_table(answer.card))

    run(work)


def _order(account: str, physical: bool, single_use: bool, cardholder: str) -> Any:
    return pb.OrderCardRequest(
        idempotency_key=uuid4().hex,
        account_id=account,
        kind=accounts.CARD_KIND_PHYSICAL if physical else accounts.CARD_KIND_VIRTUAL,
        use=accounts.CARD_USE_SINGLE_USE if single_use else accounts.CARD_USE_UNSPECIFIED,
        cardholder_id=cardholder,
    )


def _table(card: accounts.Card) -> Table:
    row = (
        card.card_id,
        card.masked_number,
        tables.word(accounts.CardStatus, card.status),
        card.status_reason,
        card.expires_on,
        str(card.sequence),
        tables.word(accounts.Delivery, card.delivery) if card.delivery else "",
    )
    headings = ("#card", "number", "status", "reason", "expires", ">plastic", "delivery")
    return tables.table("card", headings, [row])
