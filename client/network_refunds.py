"""`cards network refund`, `credit` and their like: money that comes back, or that is sent."""

from typing import Annotated

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import charges_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.charges_service_pb2_grpc import ChargesServiceStub
from rich.table import Table

from client import tables
from client.network import (
    Abroad,
    Amount,
    AnyCard,
    Category,
    Currency,
    MerchantName,
    On,
    Over,
    by_network,
    card_of,
    foreign,
    merchant_of,
    verdict,
)
from client.session import DESCRIPTION
from client.terminal import ANY, AccountId, Key, SystemPath, chosen, money_of, named

RefundId = Annotated[str, typer.Argument(help="Refund id, of `cards network authorise-refund`.")]
BUSINESS = "6012"
"""The category of merchants that send money."""


def as_refund(of: pb.Refund, title: str) -> Table:
    """A refund, or money that somebody sent."""
    row = (
        of.refund_id,
        of.charge_id or "not linked",
        tables.word(pb.RefundStatus, of.status),
        f"{of.response_code} {of.reason}".strip(),
        *(tables.money(getattr(of, name)) for name in ("pending", "posted", "reversed")),
        tables.when(of.expires_at),
        of.merchant.name,
    )
    headings = (
        *("#refund", "#charge", "status", "code"),
        *(">awaited", ">posted", ">taken back", "awaited until (UTC)", "from"),
    )
    return tables.table(title, headings, [row])


def authorise_refund(
    card: AnyCard,
    amount: Amount,
    charge: Annotated[str, typer.Option(help="Charge id it belongs to.")] = "",
    merchant: MerchantName = "corner shop",
    mcc: Category = "5411",
    currency: Currency = "GBP",
    on: On = "",
    abroad: Abroad = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Ask whether money may come back; approved, it is awaited until `refund` posts it."""
    request = pb.AuthoriseRefundRequest(
        transaction_date=on,
        **foreign(abroad),
        **named(key),
        **card_of(card),
        charge_id=charge,
        amount=money_of(amount, currency),
        merchant=None if charge else merchant_of(merchant, mcc),
    )

    def show(answer: pb.AuthoriseRefundResponse) -> Table:
        about = (answer.refund.response_code, answer.refund.reason)
        return as_refund(answer.refund, verdict(answer.approved, *about, answer.available))

    by_network(system, ChargesServiceStub, "AuthoriseRefund", request, show)


def refund(
    card: AnyCard,
    amount: Amount,
    refund: Annotated[str, typer.Option("--id", help="Refund id, if it was authorised.")] = "",
    charge: Annotated[str, typer.Option(help="Charge id it belongs to.")] = "",
    merchant: MerchantName = "corner shop",
    mcc: Category = "5411",
    currency: Currency = "GBP",
    on: On = "",
    abroad: Abroad = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Post money that comes back, of a charge or of none."""
    request = accounts.RefundChargeRequest(
        transaction_date=on,
        posting_date=on,
        **foreign(abroad),
        **named(key),
        **card_of(card),
        charge_id=charge,
        refund_id=refund,
        amount=money_of(amount, currency),
        merchant=None if charge else merchant_of(merchant, mcc),
    )

    def show(answer: accounts.RefundChargeResponse) -> str:
        return f"refund {answer.refund_id} is posted, available {tables.money(answer.available)}"

    by_network(system, AccountsServiceStub, "RefundCharge", request, show)


def reverse_refund(
    account: AccountId,
    refund: RefundId,
    amount: Annotated[str, typer.Option(help="How much; all of it.")] = "",
    currency: Currency = "GBP",
    on: On = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Take a refund back, or a part of it; one that has not come is taken back when it does."""
    request = pb.ReverseRefundRequest(
        transaction_date=on,
        posting_date=on,
        **named(key),
        account_id=account,
        refund_id=refund,
        amount=money_of(amount, currency) if amount else None,
    )

    def show(answer: pb.ReverseRefundResponse) -> Table | str:
        left = f"available {tables.money(answer.available)}"
        if not answer.HasField("refund"):
            return f"noted; the refund has not come yet, {left}"
        return as_refund(answer.refund, left)

    by_network(system, ChargesServiceStub, "ReverseRefund", request, show)


def show_refund(account: AccountId, refund: RefundId, system: SystemPath = DESCRIPTION) -> None:
    """Show a refund, or an original credit, as it stands."""
    request = pb.GetRefundRequest(account_id=account, refund_id=refund)

    def show(answer: pb.GetRefundResponse) -> Table:
        return as_refund(answer.refund, "refund")

    by_network(system, ChargesServiceStub, "GetRefund", request, show, "operator")


def credit(
    card: AnyCard,
    amount: Amount,
    sender: Annotated[str, typer.Option(help="The business that sends it.")] = "payments house",
    currency: Currency = "GBP",
    on: On = "",
    abroad: Abroad = "",
    over: Over = ANY,
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Post money that somebody sends to a card (an original credit)."""
    request = pb.PostOriginalCreditRequest(
        **card_of(card),
        amount=money_of(amount, currency),
        sender=merchant_of(sender, BUSINESS),
        transaction_date=on,
        posting_date=on,
        **foreign(abroad),
        network=chosen(accounts.Network, over),
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
    on: On = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Take back money that was sent; what has not come is taken back when it does."""
    request = pb.ReverseOriginalCreditRequest(
        account_id=account,
        credit_id=credit,
        amount=money_of(amount, currency) if amount else None,
        transaction_date=on,
        posting_date=on,
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
    app.command("authorise-refund")(authorise_refund)
    app.command()(refund)
    app.command("reverse-refund")(reverse_refund)
    app.command("show-refund")(show_refund)
    app.command()(credit)
    app.command("reverse-credit")(reverse_credit)
