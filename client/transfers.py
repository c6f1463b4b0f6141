"""`cards transfer`: taking over a debt to another issuer, and the transfers of an account."""

from typing import Annotated
from uuid import uuid4

import typer
from cards.accounts.v1 import balance_transfer_service_pb2 as pb
from cards.accounts.v1.balance_transfer_service_pb2_grpc import BalanceTransferServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import SystemPath, console, money_of, open_session, run

AccountId = Annotated[str, typer.Argument(help="Account id.")]


def transfer(
    account: AccountId,
    amount: Annotated[str, typer.Argument(help="How much, such as 400.00; empty: only show.")] = "",
    number: Annotated[str, typer.Option(help="The number of the account there.")] = "",
    creditor: Annotated[str, typer.Option(help="The other issuer.")] = "another issuer",
    offer: Annotated[str, typer.Option(help="The code of an offer.")] = "",
    currency: Annotated[str, typer.Option(help="Billing currency.")] = "GBP",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Take over a debt to another issuer, and show all such transfers."""
    if amount and not number:
        raise typer.BadParameter("a transfer needs the number there", param_hint="--number")

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(BalanceTransferServiceStub, "accounts")
            if amount:
                request = pb.TransferBalanceRequest(
                    idempotency_key=uuid4().hex,
                    account_id=account,
                    creditor=creditor,
                    number=number,
                    amount=money_of(amount, currency),
                    offer=offer,
                )
                answer = await stub.TransferBalance(request)
                console.print(f"available {tables.money(answer.available)}")
            found = await stub.ListBalanceTransfers(
                pb.ListBalanceTransfersRequest(account_id=account, page_size=200)
            )
            rows = (
                (
                    each.posted_on,
                    tables.word(pb.BalanceTransferStatus, each.status),
                    each.creditor,
                    each.last_four,
                    tables.money(each.amount),
                    each.ends_on,
                    each.reason,
                    each.transfer_id,
                )
                for each in found.transfers
            )
            headings = ("#date", "stands", "creditor", "number", ">amount", "#rate until", "why")
            console.print(tables.table("balance transfers", (*headings, "id"), rows))

    run(work)
