"""`cards transfer`: debts to other issuers that are taken over, and what came back of them."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import balance_transfer_service_pb2 as pb
from cards.accounts.v1.balance_transfer_service_pb2_grpc import BalanceTransferServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    GATEWAY,
    AccountId,
    By,
    Currency,
    Key,
    Reason,
    SystemPath,
    ask,
    group,
    money_of,
    named,
    secret,
)

app = group(__doc__)
TransferId = Annotated[str, typer.Argument(help="Transfer id, of `cards transfer list`.")]


def _table(title: str, transfers: Any) -> Table:
    rows = (
        (
            each.posted_on,
            tables.word(pb.BalanceTransferStatus, each.status),
            each.creditor,
            f"…{each.last_four}",
            tables.money(each.amount),
            each.ends_on,
            each.reason,
            each.transfer_id,
        )
        for each in transfers
    )
    headings = ("#date", "stands", "creditor", "number", ">amount", "#rate until", "why")
    return tables.table(title, (*headings, "#transfer"), rows)


@app.command()
def take(
    account: AccountId,
    amount: Annotated[str, typer.Argument(help="How much, such as 400.00.")],
    creditor: Annotated[str, typer.Option(help="The other issuer.")] = "another issuer",
    offer: Annotated[str, typer.Option(help="The code of an offer of the programme.")] = "",
    currency: Currency = "GBP",
    key: Key = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Take over a debt; the number of the account there is asked for, or read from a pipe."""
    amount_there = money_of(amount, currency)
    request = pb.TransferBalanceRequest(
        account_id=account,
        creditor=creditor,
        number=secret("number of the account there").replace(" ", ""),
        amount=amount_there,
        offer=offer,
        **named(key),
    )

    def told(answer: Any) -> Table:
        left = f"{tables.owed(answer.balance)}, available {tables.money(answer.available)}"
        return _table(left, [answer.transfer])

    ask(system, BalanceTransferServiceStub, "TransferBalance", request, told, by)


@app.command("list")
def list_(account: AccountId, by: By = OPERATOR, system: SystemPath = DESCRIPTION) -> None:
    """Show the transfers of an account."""
    request = pb.ListBalanceTransfersRequest(account_id=account)

    def told(answer: Any) -> Table:
        return _table("balance transfers", answer.transfers)

    ask(system, BalanceTransferServiceStub, "ListBalanceTransfers", request, told, by)


@app.command("return")
def return_(
    account: AccountId,
    transfer: TransferId,
    reason: Reason = "ACCOUNT_UNKNOWN_THERE",
    by: By = GATEWAY,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Say that the other bank sent the money back: nothing of it was ever owed."""
    request = pb.ReturnBalanceTransferRequest(
        account_id=account, transfer_id=transfer, reason=reason, **named()
    )

    def told(answer: Any) -> Table:
        return _table(f"{tables.owed(answer.balance)}", [answer.transfer])

    ask(system, BalanceTransferServiceStub, "ReturnBalanceTransfer", request, told, by)


@app.command()
def number(account: AccountId, transfer: TransferId, system: SystemPath = DESCRIPTION) -> None:
    """Show the whole number there, as whoever sends the money sees it; that is put on record."""
    request = pb.RevealTransferNumberRequest(account_id=account, transfer_id=transfer)
    ask(
        system,
        BalanceTransferServiceStub,
        "RevealTransferNumber",
        request,
        lambda answer: answer.number,
        GATEWAY,
    )
