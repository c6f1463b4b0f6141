"""`cards defer`, `deferred`, `direct-payment`: purchases under deferred-interest promotions."""

from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import deferrals_service_pb2 as pb
from cards.accounts.v1.deferrals_service_pb2_grpc import DeferralsServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import AccountId, SystemPath, console, open_session, run


def defer(
    account: AccountId,
    charge: Annotated[str, typer.Argument(help="The purchase.")],
    promotion: Annotated[str, typer.Argument(help="Code of the promotion.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Put a purchase under a promotion: no interest if it is paid in full in time."""

    async def work() -> None:
        async with open_session(system) as session:
            answer = await session.stub(DeferralsServiceStub, "accounts").DeferPurchase(
                pb.DeferPurchaseRequest(
                    idempotency_key=uuid4().hex,
                    account_id=account,
                    charge_id=charge,
                    promotion_code=promotion,
                )
            )
            console.print(_table([answer.deferral]))

    run(work)


def deferred(account: AccountId, system: SystemPath = DESCRIPTION) -> None:
    """List deferred balances: by when to pay each, and what has accrued on it."""

    async def work() -> None:
        async with open_session(system) as session:
            request = pb.ListDeferralsRequest(account_id=account)
            found = await session.stub(DeferralsServiceStub, "accounts").ListDeferrals(request)
            console.print(_table(found.deferrals))

    run(work)


def direct(
    account: AccountId,
    payment: Annotated[str, typer.Argument(help="The payment.")],
    deferral: Annotated[str, typer.Argument(help="The deferred balance.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Let what a payment is above the minimum go to a deferred balance first."""

    async def work() -> None:
        async with open_session(system) as session:
            answer = await session.stub(DeferralsServiceStub, "accounts").DirectPayment(
                pb.DirectPaymentRequest(
                    idempotency_key=uuid4().hex,
                    account_id=account,
                    payment_id=payment,
                    deferral_id=deferral,
                )
            )
            console.print(_table([answer.deferral]))

    run(work)


def _table(found: Any) -> Any:
    rows = (
        (
            each.ends_on,
            each.deferral_id,
            each.promotion_code,
            tables.money(each.balance),
            tables.money(each.charged if each.settled else each.accrued),
            "over" if each.settled else "accruing",
        )
        for each in found
    )
    headings = ("#pay by", "deferral", "promotion", ">owed", ">interest", "which is")
    return tables.table("deferred balances", headings, rows)
