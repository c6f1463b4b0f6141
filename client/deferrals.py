"""`cards defer`, `deferred`, `direct-payment`: purchases under deferred-interest promotions."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import deferrals_service_pb2 as pb
from cards.accounts.v1.deferrals_service_pb2_grpc import DeferralsServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import AccountId, By, Key, SystemPath, ask, named


def defer(
    account: AccountId,
    charge: Annotated[str, typer.Argument(help="Charge id of a cleared purchase.")],
    promotion: Annotated[str, typer.Argument(help="Code of a promotion of the programme.")],
    key: Key = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Put a purchase under a promotion: no interest if it is paid in full in time."""
    request = pb.DeferPurchaseRequest(
        account_id=account, charge_id=charge, promotion_code=promotion, **named(key)
    )
    ask(system, DeferralsServiceStub, "DeferPurchase", request, _one, by)


def deferred(account: AccountId, by: By = OPERATOR, system: SystemPath = DESCRIPTION) -> None:
    """List deferred balances: by when to pay each, and what has accrued on it."""

    def told(answer: Any) -> Table:
        return _table(answer.deferrals)

    request = pb.ListDeferralsRequest(account_id=account)
    ask(system, DeferralsServiceStub, "ListDeferrals", request, told, by)


def direct(
    account: AccountId,
    payment: Annotated[str, typer.Argument(help="Payment id.")],
    deferral: Annotated[str, typer.Argument(help="Deferral id, of `cards deferred`.")],
    key: Key = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Let what a payment is above the minimum go to a deferred balance first."""
    request = pb.DirectPaymentRequest(
        account_id=account, payment_id=payment, deferral_id=deferral, **named(key)
    )
    ask(system, DeferralsServiceStub, "DirectPayment", request, _one, by)


def _one(answer: Any) -> Table:
    return _table([answer.deferral])


def _table(found: Any) -> Table:
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
    headings = ("#pay by", "#deferral", "promotion", ">owed", ">interest", "which is")
    return tables.table("deferred balances", headings, rows)
