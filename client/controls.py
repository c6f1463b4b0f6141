"""`cards controls`: what may be spent with the cards of an account, where, and how often."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import controls_service_pb2 as pb
from cards.accounts.v1.controls_service_pb2_grpc import ControlsServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    ANY,
    AccountId,
    By,
    Currency,
    SystemPath,
    ask,
    chosen,
    group,
    money_of,
    named,
)

app = group(__doc__)
Name = Annotated[str, typer.Argument(help="Its name on the account, such as groceries.")]


@app.command()
def show(
    account: AccountId,
    card: Annotated[str, typer.Option(help="Those that bear on this card.")] = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the spend controls of an account, and how much of each limit is used."""
    request = pb.ListControlsRequest(account_id=account, card_id=card)

    def told(answer: Any) -> Table:
        headings = ("#control", "does", "about", "window", ">limit", ">used", "set by")
        rows = (_row(each) for each in answer.controls)
        return tables.table(f"spend controls of {account}", headings, rows)

    ask(system, ControlsServiceStub, "ListControls", request, told, by)


@app.command("set")
def set_(
    account: AccountId,
    name: Name,
    amount: Annotated[str, typer.Option(help="Limit in units, such as 250.00.")] = "",
    times: Annotated[int, typer.Option(help="Limit of the number of charges.")] = 0,
    window: Annotated[str, typer.Option(help="transaction, day, week, month, lifetime.")] = "month",
    rolling: Annotated[bool, typer.Option("--rolling", help="The window moves with time.")] = False,
    allow: Annotated[bool, typer.Option("--allow", help="Decline all else, not these.")] = False,
    mcc: Annotated[list[str] | None, typer.Option(help="Codes or ranges: 5411, 3000-3350.")] = None,
    mcc_group: Annotated[
        list[str] | None, typer.Option(help="Codes by the programme's name for them: GAMBLING.")
    ] = None,
    merchant: Annotated[list[str] | None, typer.Option(help="The network's id of one.")] = None,
    country: Annotated[list[str] | None, typer.Option(help="Countries of merchants.")] = None,
    entry: Annotated[list[str] | None, typer.Option(help="chip, manual, ecommerce …")] = None,
    card: Annotated[str, typer.Option(help="Only for this card.")] = "",
    currency: Currency = "GBP",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Limit an amount or a number of charges, or (without a limit) block some, or allow some."""
    kind = "amount" if amount else "count" if times else "allow" if allow else "block"
    control = pb.SpendControl(
        control_id=name,
        card_id=card,
        kind=chosen(pb.ControlKind, kind),
        window=chosen(pb.ControlWindow, window if amount or times else ANY),
        rolling=rolling,
        limit=money_of(amount, currency) if amount else None,
        times=times,
        mccs=mcc or (),
        mcc_groups=mcc_group or (),
        merchant_ids=merchant or (),
        countries=country or (),
        entry_modes=[chosen(accounts.EntryMode, each) for each in entry or ()],
    )
    request = pb.SetControlRequest(account_id=account, control=control, **named())
    ask(
        system,
        ControlsServiceStub,
        "SetControl",
        request,
        lambda _: f"{name} is set; `cards controls show {account}` has all",
        by,
    )


@app.command()
def lift(
    account: AccountId, name: Name, by: By = OPERATOR, system: SystemPath = DESCRIPTION
) -> None:
    """Take a spend control away."""
    request = pb.RemoveControlRequest(account_id=account, control_id=name, **named())
    ask(system, ControlsServiceStub, "RemoveControl", request, lambda _: f"{name} is lifted", by)


def _row(of: pb.ControlInForce) -> tuple[str, ...]:
    control = of.control
    modes = [tables.word(accounts.EntryMode, each) for each in control.entry_modes]
    lists = (control.mcc_groups or control.mccs, control.merchant_ids, control.countries, modes)
    about = " ".join(each for entries in lists for each in entries)
    amount = control.kind == pb.CONTROL_KIND_AMOUNT
    count = control.kind == pb.CONTROL_KIND_COUNT
    limit = tables.money(control.limit) if amount else str(control.times) if count else ""
    used = tables.money(of.used) if amount else str(of.used_times) if count else ""
    window = tables.word(pb.ControlWindow, control.window) if amount or count else ""
    does = {pb.CONTROL_KIND_AMOUNT: "limits the amount", pb.CONTROL_KIND_COUNT: "limits how often"}
    return (
        control.control_id,
        does.get(control.kind, tables.word(pb.ControlKind, control.kind)),
        f"{about} {control.card_id}".strip() or "everything",
        f"rolling {window}" if control.rolling else window,
        limit,
        used,
        tables.word(accounts.Channel, of.set_by),
    )
