"""`cards network`: what a card network sends, step by step: charges, refunds, credits."""

import re
from typing import Annotated, Any

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import charges_service_pb2 as pb
from cards.accounts.v1 import events_pb2 as events
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.charges_service_pb2_grpc import ChargesServiceStub
from rich.table import Table

from client import tables
from client.card_secrets import pin_block
from client.session import DESCRIPTION
from client.terminal import (
    ANY,
    GATEWAY,
    AccountId,
    Key,
    SystemPath,
    ask,
    chosen,
    group,
    money_of,
    named,
    secret,
)

app = group(__doc__)
ABSENT = "-"
ASK = "-"
"""In the place of a card: its number is asked for."""

ChargeId = Annotated[str, typer.Argument(help="Charge id, of `cards network authorise`.")]
Amount = Annotated[str, typer.Argument(help="In units, such as 12.50.")]
Currency = Annotated[str, typer.Option(help="Billing currency.")]
MerchantName = Annotated[str, typer.Option("--merchant", help="Where.")]
MerchantId = Annotated[str, typer.Option(help="The network's id of the merchant.")]
Country = Annotated[str, typer.Option(help="Of the merchant, ISO 3166-1 alpha-2.")]
Category = Annotated[str, typer.Option(help="Merchant category code.")]
Partial = Annotated[bool, typer.Option("--partial", help="Less will do, if there is not enough.")]
Entry = Annotated[str, typer.Option(help="chip, contactless, magnetic_stripe, manual, ecommerce …")]
Abroad = Annotated[
    str,
    typer.Option(
        help="In the merchant's own currency, with the billing units for one of it: 20.00USD@0.80."
    ),
]
Over = Annotated[str, typer.Option(help="Network: visa, mastercard …")]
AnyCard = Annotated[
    str, typer.Argument(help="Card id; `-`: the number is asked for, or read from a pipe.")
]
AMOUNT_AND_RATE = re.compile(r"([0-9.]+) ?([A-Z]{3})@([0-9.]+)")
On = Annotated[str, typer.Option(help="Business date, YYYY-MM-DD; today without.")]
Estimated = Annotated[
    bool, typer.Option("--estimated", help="The final amount is not known yet (fuel, hotel).")
]


def merchant_of(
    name: str, mcc: str, merchant_id: str = "CLI", country: str = "GB"
) -> events.Merchant:
    """A merchant as the network names it."""
    return events.Merchant(id=merchant_id, name=name, mcc=mcc, country=country)


def foreign(text: str) -> dict[str, Any]:
    """What the merchant asks for in its own currency, and the rate. Raises BadParameter."""
    if not text:
        return {}
    found = AMOUNT_AND_RATE.fullmatch(text)
    if not found:
        raise typer.BadParameter(f"{text} is no amount and rate; write 20.00USD@0.80")
    amount, currency, rate = found.groups()
    return {"original_amount": money_of(amount, currency), "rate": rate}


def card_of(text: str) -> dict[str, Any]:
    """A card by its id, or by its number, which is never an argument."""
    if text != ASK:
        return {"card_id": text}
    return {"card_number": secret("card number").replace(" ", "")}


def by_network(
    system: Any, stub: Any, rpc: str, request: Any, show: Any, by: str = GATEWAY
) -> None:
    """Ask one thing of accounts, as the gateway, and show the answer."""
    ask(system, stub, rpc, request, show, by)


def verdict(approved: bool, code: str, reason: str, available: Any) -> str:
    """How it was decided, in a line."""
    word = "approved" if approved else "declined"
    return " ".join(filter(None, (word, code, reason))) + f", available {tables.money(available)}"


def _charge(of: accounts.Charge, title: str) -> Table:
    row = (
        of.charge_id,
        of.account_id,
        tables.word(accounts.ChargeStatus, of.status),
        f"{of.response_code} {of.reason}".strip(),
        *(tables.money(getattr(of, name)) for name in ("amount", "held", "captured", "refunded")),
        tables.when(of.hold_expires_at),
        of.merchant.name,
    )
    headings = (
        *("#charge", "#account", "status", "code"),
        *(">amount", ">held", ">posted", ">refunded", "held until (UTC)", "merchant"),
    )
    return tables.table(title, headings, [row])


def _of_charge(answer: Any) -> Table | str:
    """A charge afterwards, or that the message waits for it."""
    left = f"available {tables.money(answer.available)}"
    if not answer.HasField("charge"):
        return f"noted; what it belongs to has not come yet, {left}"
    return _charge(answer.charge, left)


def _decided(answer: Any) -> Table:
    charge = answer.charge
    about = (charge.response_code, charge.reason)
    return _charge(charge, verdict(answer.approved, *about, answer.available))


@app.command()
def authorise(
    card: AnyCard,
    amount: Amount,
    merchant: MerchantName = "corner shop",
    mcc: Category = "5411",
    merchant_id: MerchantId = "CLI",
    country: Country = "GB",
    currency: Currency = "GBP",
    estimated: Estimated = False,
    partial: Partial = False,
    abroad: Abroad = "",
    entry: Entry = "chip",
    over: Over = ANY,
    expiry: Annotated[str, typer.Option(help="Of the card, as YYMM.")] = "",
    plastic: Annotated[int, typer.Option(help="Sequence number; the newest without.")] = 0,
    code: Annotated[bool, typer.Option("--code", help="Ask for the printed code.")] = False,
    pin: Annotated[bool, typer.Option("--pin", help="Ask for the PIN.")] = False,
    chip: Annotated[str, typer.Option(help="What the chip said, EMV tags in hexadecimal.")] = "",
    on: On = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Ask whether a charge may be made; 0 verifies the card. What is approved is held."""
    request = accounts.AuthoriseChargeRequest(
        **named(key),
        **card_of(card),
        amount=money_of(amount, currency),
        merchant=merchant_of(merchant, mcc, merchant_id, country),
        entry_mode=chosen(accounts.EntryMode, entry),
        network=chosen(accounts.Network, over),
        expiry=expiry,
        card_sequence=plastic,
        verification_value=secret("printed code") if code else "",
        pin_block=pin_block(system, card) if pin else "",
        chip_data=chip.upper(),
        transaction_date=on,
        estimated=estimated,
        partial_approval_allowed=partial,
        **foreign(abroad),
    )
    by_network(system, AccountsServiceStub, "AuthoriseCharge", request, _decided)


@app.command()
def increment(
    account: AccountId,
    charge: ChargeId,
    by: Annotated[str, typer.Option(help="How much more …")] = "",
    to: Annotated[str, typer.Option(help="… or the new total.")] = "",
    currency: Currency = "GBP",
    on: On = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Ask for more on a charge that is held (a longer stay, a fuller tank)."""
    if bool(by) == bool(to):
        raise typer.BadParameter("give --by or --to")
    request = accounts.IncrementChargeRequest(
        transaction_date=on,
        **named(key),
        account_id=account,
        charge_id=charge,
        by=money_of(by, currency) if by else None,
        to=money_of(to, currency) if to else None,
    )

    def show(answer: Any) -> Table:
        about = (answer.response_code, answer.reason)
        return _charge(answer.charge, verdict(answer.approved, *about, answer.available))

    by_network(system, AccountsServiceStub, "IncrementCharge", request, show)


@app.command()
def advise(
    account: AccountId,
    charge: ChargeId,
    amount: Amount,
    currency: Currency = "GBP",
    on: On = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Tell what a charge of which the amount was an estimate comes to."""
    request = accounts.AdviseChargeRequest(
        transaction_date=on,
        **named(key),
        account_id=account,
        charge_id=charge,
        amount=money_of(amount, currency),
    )
    by_network(system, AccountsServiceStub, "AdviseCharge", request, _of_charge)


@app.command()
def reverse(
    account: AccountId,
    charge: ChargeId,
    amount: Annotated[str, typer.Option(help="How much; all that is held.")] = "",
    currency: Currency = "GBP",
    on: On = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Let go of what is held for a charge, or of a part of it."""
    request = accounts.ReverseChargeRequest(
        transaction_date=on,
        **named(key),
        account_id=account,
        charge_id=charge,
        amount=money_of(amount, currency) if amount else None,
    )
    by_network(system, AccountsServiceStub, "ReverseCharge", request, _of_charge)


@app.command()
def clear(
    card: AnyCard,
    charge: Annotated[str, typer.Argument(help="Charge id; `none`: nobody authorised it.")],
    amount: Amount,
    merchant: Annotated[str, typer.Option(help="Where; as authorised without.")] = "",
    mcc: Category = "5411",
    merchant_id: MerchantId = "CLI",
    country: Country = "GB",
    more: Annotated[bool, typer.Option("--more", help="Another clearing of it follows.")] = False,
    currency: Currency = "GBP",
    abroad: Abroad = "",
    on: On = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Post a charge, or a part of it."""
    request = accounts.ClearChargeRequest(
        **named(key),
        **card_of(card),
        charge_id="" if charge == "none" else charge,
        merchant=merchant_of(merchant, mcc, merchant_id, country) if merchant else None,
        amount=money_of(amount, currency),
        more_to_come=more,
        transaction_date=on,
        posting_date=on,
        **foreign(abroad),
    )
    by_network(system, AccountsServiceStub, "ClearCharge", request, _of_charge)


@app.command()
def charge(account: AccountId, charge: ChargeId, system: SystemPath = DESCRIPTION) -> None:
    """Show a charge as it stands."""
    request = accounts.GetChargeRequest(account_id=account, charge_id=charge)

    def show(answer: Any) -> Table:
        return _charge(answer.charge, "charge")

    by_network(system, AccountsServiceStub, "GetCharge", request, show, "operator")


@app.command("stand-in")
def stand_in(
    card: AnyCard,
    amount: Amount,
    code: Annotated[str, typer.Option(help="Field 39 of the network's answer; 00: yes.")] = "00",
    charge: Annotated[str, typer.Option(help="Charge id, if it was asked for before.")] = "",
    merchant: MerchantName = "corner shop",
    mcc: Category = "5411",
    merchant_id: MerchantId = "CLI",
    country: Country = "GB",
    currency: Currency = "GBP",
    estimated: Estimated = False,
    abroad: Abroad = "",
    entry: Entry = "chip",
    over: Over = ANY,
    on: On = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Record what the network decided while the house could not be reached: it binds."""
    request = pb.RecordStandInRequest(
        **named(key),
        **card_of(card),
        charge_id=charge,
        amount=money_of(amount, currency),
        merchant=merchant_of(merchant, mcc, merchant_id, country),
        entry_mode=chosen(accounts.EntryMode, entry),
        network=chosen(accounts.Network, over),
        estimated=estimated,
        transaction_date=on,
        **foreign(abroad),
        response_code=code,
    )
    by_network(system, ChargesServiceStub, "RecordStandIn", request, _of_charge)


@app.command()
def balance(card: AnyCard, system: SystemPath = DESCRIPTION) -> None:
    """Ask what may be spent with a card; nothing is held."""
    request = pb.InquireBalanceRequest(**card_of(card))

    def show(answer: pb.InquireBalanceResponse) -> Table:
        # Both are absent where the card may not be used.
        known = answer.HasField("available")
        sums = (
            tables.money(each) if known else ABSENT for each in (answer.available, answer.balance)
        )
        row = (answer.response_code, answer.reason, *sums)
        return tables.table("balance", ("code", "reason", ">available", ">owed"), [row])

    by_network(system, ChargesServiceStub, "InquireBalance", request, show)
