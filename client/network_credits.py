"""`cards network credit` and `reverse-credit`: money that somebody sends to a card."""

from typing import Annotated

import typer
from cards.accounts.v1 import charges_service_pb2 as pb
from cards.accounts.v1.charges_service_pb2_grpc import ChargesServiceStub
from rich.table import Table

from client import tables
from client.network import Amount, Currency, as_refund, by_network, merchant_of, verdict
from client.session import DESCRIPTION
from client.terminal import AccountId, CardId, Key, SystemPath, money_of, named

BUSINESS = "6012"
"""The category of merchants that send money."""


def credit(
    card: CardId,
    amount: Amount,
    sender: Annotated[str, typer.Option(help="The business that sends it.")] = "payments house",
    currency: Currency = "GBP",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Post money that somebody sends to a card (an original credit)."""
    request = pb.PostOriginalCreditRequest(
        card_id=card,
        amount=money_of(amount, currency),
        sender=merchant_of(sender, BUSINESS),
        **named(key),
    )

    def show(answer: pb.PostOriginalCreditResponse) -> Table:
        about = (answer.credit.response_code, answer.credit.reason)
        return as_refund(answer.credit, verdict(answer.approved, *about, answer.available))

    by_network(system, ChargesServiceStub, "PostOriginalCredit", request, show)


def reverse_credit(
    account: AccountId,
    credit: Annotated[str, typer.Argument(help="Id, of `cards network credit`.")],
    amount: Annotated[str, typer.Option(help="How much; all of it.")] = "",
    currency: Currency = "GBP",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Take back money that was sent; what has not come is taken back when it does."""
    request = pb.ReverseOriginalCreditRequest(
        account_id=account,
        credit_id=credit,
        amount=money_of(amount, currency) if amount else None,
        **named(key),
    )

    def show(answer: pb.ReverseOriginalCreditResponse) -> Table | str:
        left = f"available {tables.money(answer.available)}"
        if not answer.HasField("credit"):
            return f"noted; the credit has not come yet, {left}"
        return as_refund(answer.credit, left)

    by_network(system, ChargesServiceStub, "ReverseOriginalCredit", request, show)


def register(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.command()(credit)
    app.command("reverse-credit")(reverse_credit)
