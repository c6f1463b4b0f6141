"""`cards card`: cards, from their order to their end, and what only their holders may see."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import cards_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.cards_service_pb2_grpc import CardsServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    AccountId,
    By,
    CardId,
    Key,
    Reason,
    SystemPath,
    ask,
    chosen,
    group,
    named,
)

app = group(__doc__)
ASKED = "ASKED_AT_TERMINAL"
Plastic = Annotated[bool, typer.Option("--physical", help="Plastic, which has to be activated.")]


def _card(answer: Any) -> Table:
    return as_table("card", [answer.card])


def as_table(title: str, cards: Any) -> Table:
    """Cards with everything that may be seen of them."""
    rows = (
        (
            card.card_id,
            card.masked_number,
            tables.word(accounts.CardStatus, card.status),
            card.status_reason,
            card.expires_on,
            str(card.sequence),
            tables.word(accounts.Delivery, card.delivery) if card.delivery else "",
            _good_for(card),
            "holder" if card.cardholder_id == card.customer_id else card.cardholder_id,
        )
        for card in cards
    )
    headings = ("#card", "number", "status", "reason", "expires", ">plastic", "delivery")
    return tables.table(title, (*headings, "good for", "held by"), rows)


def _good_for(card: accounts.Card) -> str:
    if card.use == accounts.CARD_USE_SINGLE_USE:
        return "one charge"
    if card.use == accounts.CARD_USE_MERCHANT_LOCKED:
        return f"merchant {card.merchant_id}" if card.merchant_id else "the first merchant"
    return "any charge"


def _kind(physical: bool) -> Any:
    return accounts.CARD_KIND_PHYSICAL if physical else accounts.CARD_KIND_VIRTUAL


@app.command()
def order(
    account: AccountId,
    physical: Plastic = False,
    single_use: Annotated[bool, typer.Option("--single-use", help="For one charge only.")] = False,
    merchant: Annotated[
        str, typer.Option(help="For this merchant id only; `first`: the first it meets.")
    ] = "",
    cardholder: Annotated[str, typer.Option(help="Customer id of an authorised user.")] = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Order a card for the holder of an account, or for an authorised user."""
    if single_use and merchant:
        raise typer.BadParameter("a card is for one charge or for one merchant, not both")
    use = accounts.CARD_USE_SINGLE_USE if single_use else accounts.CARD_USE_UNSPECIFIED
    request = pb.OrderCardRequest(
        account_id=account,
        kind=_kind(physical),
        use=accounts.CARD_USE_MERCHANT_LOCKED if merchant else use,
        merchant_id="" if merchant == "first" else merchant,
        cardholder_id=cardholder,
        **named(key),
    )
    ask(system, CardsServiceStub, "OrderCard", request, _card)


@app.command()
def issue(
    account: AccountId, physical: Plastic = False, key: Key = "", system: SystemPath = DESCRIPTION
) -> None:
    """Issue one more card to the holder, good for anything (`order` can do more)."""
    request = accounts.IssueCardRequest(account_id=account, kind=_kind(physical), **named(key))
    ask(system, AccountsServiceStub, "IssueCard", request, _card)


@app.command()
def show(card: CardId, system: SystemPath = DESCRIPTION) -> None:
    """Show a card, its number masked."""
    ask(system, AccountsServiceStub, "GetCard", accounts.GetCardRequest(card_id=card), _card)


@app.command("list")
def list_(account: AccountId, system: SystemPath = DESCRIPTION) -> None:
    """Show all cards of an account, in the order of issue."""
    request = accounts.ListCardsRequest(account_id=account)
    ask(
        system,
        AccountsServiceStub,
        "ListCards",
        request,
        lambda answer: as_table(f"cards of {account}", answer.cards),
    )


@app.command()
def activate(
    card: CardId, reason: Reason = ASKED, by: By = OPERATOR, system: SystemPath = DESCRIPTION
) -> None:
    """Let a card that came by post be used."""
    request = pb.ActivateCardRequest(card_id=card, reason=reason, **named())
    ask(system, CardsServiceStub, "ActivateCard", request, _card, by)


@app.command()
def pause(
    card: CardId, reason: Reason = ASKED, by: By = OPERATOR, system: SystemPath = DESCRIPTION
) -> None:
    """Let a card rest: every charge is declined until it is resumed."""
    request = pb.PauseCardRequest(card_id=card, reason=reason, **named())
    ask(system, CardsServiceStub, "PauseCard", request, _card, by)


@app.command()
def resume(
    card: CardId, reason: Reason = ASKED, by: By = OPERATOR, system: SystemPath = DESCRIPTION
) -> None:
    """Let a paused card be used again."""
    request = pb.ResumeCardRequest(card_id=card, reason=reason, **named())
    ask(system, CardsServiceStub, "ResumeCard", request, _card, by)


@app.command()
def renew(
    card: CardId,
    reason: Reason = ASKED,
    plastic: Annotated[int, typer.Option(help="The plastic it follows; the present one.")] = 0,
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Send the next plastic: the same number, another expiry."""
    request = pb.RenewCardRequest(card_id=card, reason=reason, sequence=plastic, **named())
    ask(system, CardsServiceStub, "RenewCard", request, _card, by)


@app.command()
def terminate(
    card: CardId, reason: Reason = ASKED, by: By = OPERATOR, system: SystemPath = DESCRIPTION
) -> None:
    """End a card for ever, with its device tokens."""
    request = pb.TerminateCardRequest(card_id=card, reason=reason, **named())
    ask(system, CardsServiceStub, "TerminateCard", request, _card, by)


@app.command()
def block(
    card: CardId,
    reason: Reason = "OPERATOR_REQUEST",
    charge: Annotated[str, typer.Option(help="The charge that led to it.")] = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Decline every charge of a card until it is unblocked."""
    request = accounts.BlockCardRequest(card_id=card, reason=reason, charge_id=charge, **named())
    ask(system, AccountsServiceStub, "BlockCard", request, _card, by)


@app.command()
def unblock(
    card: CardId, reason: Reason = ASKED, by: By = OPERATOR, system: SystemPath = DESCRIPTION
) -> None:
    """Let a blocked card be used again."""
    request = accounts.UnblockCardRequest(card_id=card, reason=reason, **named())
    ask(system, AccountsServiceStub, "UnblockCard", request, _card, by)


@app.command("report-lost")
def report_lost(
    card: CardId,
    stolen: Annotated[bool, typer.Option("--stolen", help="It was stolen.")] = False,
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Report a card lost: it is blocked for ever and replaced at once."""
    kind = accounts.LOSS_KIND_STOLEN if stolen else accounts.LOSS_KIND_LOST
    request = accounts.ReportCardLostRequest(
        idempotency_key=f"lost-{card}", card_id=card, kind=kind
    )

    def show(answer: Any) -> str:
        new = answer.replacement
        return f"blocked; the new card is {new.card_id} {new.masked_number}"

    ask(system, AccountsServiceStub, "ReportCardLost", request, show, by)


@app.command()
def delivery(
    card: CardId,
    stage: Annotated[str, typer.Argument(help="shipped, delivered or returned.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Say where the plastic of a card is, as its carrier does."""
    where = chosen(accounts.Delivery, stage)
    request = pb.RecordDeliveryRequest(card_id=card, delivery=where, **named())
    ask(system, CardsServiceStub, "RecordDelivery", request, _card)
