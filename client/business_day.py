"""`cards business-day`: which date it is for a programme, its time zone, and the test clock."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import business_day_service_pb2 as pb
from cards.accounts.v1.business_day_service_pb2_grpc import BusinessDayServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.terminal import (
    ProgrammeId,
    SystemPath,
    ask,
    console,
    group,
    named,
    open_session,
    paged,
    run,
)

app = group(__doc__)
DAYS_SHOWN = 10


def _day(answer: Any) -> str:
    day = answer.business_day
    going_on = f", on the way to {day.advance_to}" if day.advance_to else ""
    return (
        f"{day.programme_id}: {day.business_date} is {tables.word(pb.BusinessDayPhase, day.phase)},"
        f" ends at {tables.when(day.ends_at)} UTC ({day.time_zone}){going_on}"
    )


@app.command()
def show(
    programme: ProgrammeId = "everyday",
    size: Annotated[int, typer.Option(help="So many of the latest days.")] = DAYS_SHOWN,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show which date it is, and the latest days with what was done on each."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(BusinessDayServiceStub, "accounts")
            now = await stub.GetBusinessDay(pb.GetBusinessDayRequest(programme_id=programme))
            days = await paged(
                stub.ListBusinessDays,
                pb.ListBusinessDaysRequest(programme_id=programme, page_size=size),
            )
            console.print(_days(_day(now), days.business_days))

    run(work)


def _days(title: str, days: Any) -> Table:
    rows = (
        (
            each.business_date,
            tables.word(pb.BusinessDayPhase, each.phase),
            f"{each.due:,}",
            f"{each.done:,}",
            f"{each.statements:,}",
            tables.money(each.interest) if each.HasField("interest") else "",
            tables.money(each.fees) if each.HasField("fees") else "",
            f"{each.failed:,}",
        )
        for each in days
    )
    headings = ("#date", "phase", ">due", ">done", ">statements", ">interest", ">fees", ">failed")
    return tables.table(title, headings, rows)


@app.command()
def advance(
    programme: ProgrammeId = "everyday",
    to: Annotated[str, typer.Option(help="The date that shall be, YYYY-MM-DD; the next.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Set the test clock: days end one after the other, and what is due on each happens."""
    request = pb.AdvanceBusinessDateRequest(programme_id=programme, to_date=to, **named())
    ask(system, BusinessDayServiceStub, "AdvanceBusinessDate", request, _day)


@app.command()
def zone(
    programme: ProgrammeId,
    time_zone: Annotated[str, typer.Argument(help="IANA name, such as Europe/London.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Choose where it is midnight when a day ends, from the next day on."""
    request = pb.SetBusinessTimeZoneRequest(programme_id=programme, time_zone=time_zone, **named())
    ask(system, BusinessDayServiceStub, "SetBusinessTimeZone", request, _day)
