"""`cards ledger` and `cards day-end`: the general ledger, and the proof of a day."""

from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from cards.accounts.v1 import ledger_service_pb2 as pb
from cards.accounts.v1.ledger_service_pb2_grpc import LedgerServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.terminal import SystemPath, console, open_session, run

app = typer.Typer(no_args_is_help=True, help="The general ledger.")
EXPORT_SECONDS = 600.0
Day = Annotated[str, typer.Option(help="YYYY-MM-DD; today.")]


def day_end(
    programme: Annotated[str, typer.Argument(help="Card programme.")] = "everyday",
    date: Day = "",
    close: Annotated[bool, typer.Option(help="Prove the day now.")] = True,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Prove the end of a day, or show how it was proved: ledger, network and customers agree."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(LedgerServiceStub, "accounts")
            if close:
                request = pb.CloseDayRequest(
                    idempotency_key=uuid4().hex, programme_id=programme, date=date
                )
                proof = (await stub.CloseDay(request)).day_end
            else:
                asked = pb.GetDayEndRequest(programme_id=programme, date=date)
                proof = (await stub.GetDayEnd(asked)).day_end
            console.print(_proof(proof))
            for each in proof.differences:
                console.print(
                    f"[bold red]{each.check} {each.account_id}[/]: expected"
                    f" {tables.money(each.expected)}, found {tables.money(each.found)}"
                )

    run(work)


def _proof(of: pb.DayEnd) -> Table:
    title = (
        f"{of.programme_id} {of.date}: {'balanced' if of.balanced else 'NOT BALANCED'};"
        f" ledger {tables.money(of.ledger)}, network {tables.money(of.network)},"
        f" customers {tables.money(of.customers)}"
    )
    rows = (
        (
            line.ledger_account,
            *(
                tables.money(getattr(line, name))
                for name in ("opening", "debits", "credits", "closing")
            ),
        )
        for line in of.lines
    )
    return tables.table(title, ("account", ">opening", ">debits", ">credits", ">closing"), rows)


@app.command()
def accounts(date: Day = "", system: SystemPath = DESCRIPTION) -> None:
    """Show the chart of accounts, and what each stood at in the evening of a day."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(LedgerServiceStub, "accounts")
            found = await stub.GetChartOfAccounts(pb.GetChartOfAccountsRequest(date=date))
            rows = (
                (
                    line.code,
                    line.name,
                    tables.word(pb.LedgerAccountType, line.type),
                    ", ".join(tables.money(each) for each in line.balances),
                )
                for line in found.lines
            )
            console.print(tables.table("ledger", ("code", "account", "type", ">balance"), rows))

    run(work)


@app.command()
def export(
    output: Annotated[Path, typer.Argument(dir_okay=False, help="Where the journal goes.")],
    from_date: Annotated[str, typer.Option("--from", help="YYYY-MM-DD; the beginning.")] = "",
    to_date: Annotated[str, typer.Option("--to", help="YYYY-MM-DD; the end.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, not CSV.")] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Write the journal of some days to a file, a line for each posting."""

    async def work() -> None:
        form = pb.JOURNAL_FORMAT_JSON_LINES if as_json else pb.JOURNAL_FORMAT_CSV
        request = pb.ExportJournalRequest(from_date=from_date, to_date=to_date, format=form)
        entries = 0
        async with open_session(system) as session:
            stub = session.stub(LedgerServiceStub, "accounts", EXPORT_SECONDS)
            with output.open("wb") as file:
                async for piece in stub.ExportJournal(request):
                    file.write(piece.content)
                    entries += piece.entries
        console.print(f"{entries:,} postings in {output}")

    run(work)
