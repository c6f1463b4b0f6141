"""`cards controls`: the spend controls of an account, and setting or lifting one."""

from typing import Annotated
from uuid import uuid4

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import controls_service_pb2 as pb
from cards.accounts.v1.controls_service_pb2_grpc import ControlsServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION, Session
from client.terminal import SystemPath, chosen, console, money_of, open_session, paged, run

AccountId = Annotated[str, typer.Argument(help="Account id.")]


def show(
    account: AccountId,
    put: Annotated[str, typer.Option("--set", help="Name of a control to set.")] = "",
    lift: Annotated[str, typer.Option(help="Name of a control to lift.")] = "",
    amount: Annotated[str, typer.Option(help="Limit in units, such as 250.00.")] = "",
    times: Annotated[int, typer.Option(help="Limit of the number of charges.")] = 0,
    window: Annotated[str, typer.Option(help="transaction, day, week, month, lifetime.")] = "month",
    rolling: Annotated[bool, typer.Option("--rolling", help="The window moves with time.")] = False,
    mcc: Annotated[list[str] | None, typer.Option(help="Codes or ranges: 5411, 3000-3350.")] = None,
    country: Annotated[list[str] | None, typer.Option(help="Countries of merchants.")] = None,
    allow: Annotated[bool, typer.Option("--allow", help="Decline all else, not these.")] = False,
    card: Annotated[str, typer.Option(help="Only for this card.")] = "",
    currency: Annotated[str, typer.Option(help="Billing currency.")] = "GBP",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the spend controls of an account; set or lift one. Without a limit, it blocks."""
    kind = "AMOUNT" if amount else "COUNT" if times else "ALLOW" if allow else "BLOCK"
    control = pb.SpendControl(
        control_id=put,
        card_id=card,
        kind=pb.ControlKind.Value(f"CONTROL_KIND_{kind}"),
        rolling=rolling,
        limit=money_of(amount, currency) if amount else None,
        times=times,
        mccs=mcc or (),
        countries=country or (),
    )
    if kind in ("AMOUNT", "COUNT"):
        control.window = chosen(pb.ControlWindow, window)

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ControlsServiceStub, "accounts")
            if put:
                request = pb.SetControlRequest(
                    idempotency_key=uuid4().hex, account_id=account, control=control
                )
                await stub.SetControl(request)
            if lift:
                await stub.RemoveControl(
                    pb.RemoveControlRequest(
                        idempotency_key=uuid4().hex, account_id=account, control_id=lift
                    )
                )
            console.print(await _listed(session, account))

    run(work)


async def _listed(session: Session, account: str) -> Table:
    stub = session.stub(ControlsServiceStub, "accounts")
    found = await paged(stub.ListControls, pb.ListControlsRequest(account_id=account))
    return tables.table(
        f"spend controls of {account}",
        ("#control", "does", "about", "window", ">limit", ">used", "set by"),
        (_row(each) for each in found.controls),
    )


def _row(of: pb.ControlInForce) -> tuple[str, ...]:
    control = of.control
    lists = (control.mcc_groups or control.mccs, control.merchant_ids, control.countries)
    about = " ".join(each for entries in lists for each in entries)
    amount = control.kind == pb.CONTROL_KIND_AMOUNT
    count = control.kind == pb.CONTROL_KIND_COUNT
    limit = tables.money(control.limit) if amount else str(control.times) if count else ""
    used = tables.money(of.used) if amount else str(of.used_times) if count else ""
    window = tables.word(pb.ControlWindow, control.window) if amount or count else ""
    return (
        control.control_id,
        tables.word(pb.ControlKind, control.kind),
        f"{about} {control.card_id}".strip() or "everything",
        f"rolling {window}" if control.rolling else window,
        limit,
        used,
        tables.word(accounts.Channel, of.set_by),
    )
