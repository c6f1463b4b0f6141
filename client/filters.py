"""Which lines of accounts are meant: the options of every command that lists or exports them."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts

from client.terminal import chosen, money_of

KindName = Annotated[str, typer.Option(help="charge, refund, payment, fee, interest …")]
Status = Annotated[str, typer.Option(help="pending, posted, declined, reversed …")]
Category = Annotated[str, typer.Option(help="Of this category.")]
OfCard = Annotated[str, typer.Option("--card", help="Of this card, by its id.")]
FirstDay = Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")]
LastDay = Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")]
AtLeast = Annotated[str, typer.Option(help="Of this amount or more, such as 12.50.")]
AtMost = Annotated[str, typer.Option(help="Of this amount or less.")]


def lines_that(
    kind: str,
    status: str,
    category: str,
    card: str,
    days: tuple[str, str],
    amounts: tuple[str, str],
    currency: str,
) -> dict[str, Any]:
    """The fields of a filter; its amounts are in the billing currency of the account."""
    least, most = (money_of(each, currency).minor_units if each else 0 for each in amounts)
    return {
        "kind": chosen(accounts.TransactionKind, kind),
        "status": chosen(accounts.TransactionStatus, status),
        "category": category,
        "card_id": card,
        "from_date": days[0],
        "to_date": days[1],
        "minimum_minor_units": least,
        "maximum_minor_units": most,
    }
