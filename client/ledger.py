"""`cards ledger` and `cards day-end`: the general ledger, and the proof of a day."""

from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts_pb
from cards.accounts.v1 import ledger_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.ledger_service_pb2_grpc import LedgerServiceStub
from rich.console import Group
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.terminal import SystemPath, ask, console, group, open_session, run

app = group("The general ledger: what stands where, and proved days.")
EXPORT_SECONDS = 600.0
SIDES = ("debits", "credits", "balance")
BOOKS = ("ledger", "network", "customers")
Day = Annotated[str, typer.Option(help="YYYY-MM-DD; today.")]
Position = Annotated[int, typer.Option(help="As of this position of the log; as of now without.")]


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


@app.command("trial-balance")
def trial_balance(position: Position = 0, system: SystemPath = DESCRIPTION) -> None:
    """Show every ledger account with its balance; the sum is zero in every currency."""

    def told(answer: Any) -> Group:
        rows = (
            (each.ledger_account, *(tables.money(getattr(each, name)) for name in SIDES))
            for each in answer.balances
        )
        title = f"trial balance at position {answer.position:,}, {answer.entries:,} postings"
        sums = ", ".join(tables.money(each.total) for each in answer.totals)
        owed = ", ".join(tables.money(each.total) for each in answer.receivable_by_account)
        made = tables.table(title, ("account", ">debits", ">credits", ">balance"), rows)
        return Group(made, f"the sum of all is {sums}; accounts owe {owed} in all")

    request = accounts_pb.GetTrialBalanceRequest(position=position)
    ask(system, AccountsServiceStub, "GetTrialBalance", request, told)


@app.command()
def owed(
    position: Position = 0,
    size: Annotated[int, typer.Option(help="At most so many accounts.")] = 50,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show what each credit account owes by the ledger, in the order of their ids."""

    def told(answer: Any) -> Table:
        rows = ((each.account_id, tables.money(each.balance)) for each in answer.balances)
        title = f"owed at position {answer.position:,}"
        return tables.table(title, ("#account", ">owed"), rows)

    request = accounts_pb.GetBalancesRequest(position=position, page_size=size)
    ask(system, AccountsServiceStub, "GetBalances", request, told)


@app.command()
def days(
    programme: Annotated[str, typer.Option(help="Of this programme; of all without.")] = "",
    differing: Annotated[
        bool, typer.Option("--differing", help="Only days whose books do not agree.")
    ] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the days that were proved, newest first (`cards day-end` proves one)."""

    def told(answer: Any) -> Table:
        rows = (
            (
                each.date,
                each.programme_id,
                "balanced" if each.balanced else "NOT BALANCED",
                *(tables.money(getattr(each, name)) for name in BOOKS),
                f"{each.accounts_differing:,}",
                str(each.revision),
            )
            for each in answer.day_ends
        )
        headings = ("#date", "programme", "books", *(f">{name}" for name in BOOKS))
        return tables.table("proved days", (*headings, ">differing", ">proof"), rows)

    request = pb.ListDayEndsRequest(programme_id=programme, differing_only=differing)
    ask(system, LedgerServiceStub, "ListDayEnds", request, told)
