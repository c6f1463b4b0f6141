"""`cards business-day`: which date it is for a programme, and the test clock."""

from typing import Annotated
from uuid import uuid4

import typer
from cards.accounts.v1 import business_day_service_pb2 as pb
from cards.accounts.v1.business_day_service_pb2_grpc import BusinessDayServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION, Session
from client.terminal import SystemPath, console, open_session, run

Advance = Annotated[str, typer.Option("--to", help="Advance the test clock: a date, or `next`.")]
DAYS_SHOWN = 10


def show(
    programme: Annotated[str, typer.Argument(help="Card programme.")] = "everyday",
    to: Advance = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show a programme's business days, or advance the date of a test system."""

    async def work() -> None:
        async with open_session(system) as session:
            console.print(await _advanced(session, programme, to))

    run(work)


async def _advanced(session: Session, programme: str, to: str) -> Table:
    """The latest business days of a programme, after advancing the clock if that is asked for."""
    stub = session.stub(BusinessDayServiceStub, "accounts")
    if to:
        await stub.AdvanceBusinessDate(
            pb.AdvanceBusinessDateRequest(
                idempotency_key=uuid4().hex,
                programme_id=programme,
                to_date="" if to == "next" else to,
            )
        )
    day = (await stub.GetBusinessDay(pb.GetBusinessDayRequest(programme_id=programme))).business_day
    found = await stub.ListBusinessDays(
        pb.ListBusinessDaysRequest(programme_id=programme, page_size=DAYS_SHOWN)
    )
    going_on = f", on the way to {day.advance_to}" if day.advance_to else ""
    title = (
        f"{programme}: {day.business_date} is {tables.word(pb.BusinessDayPhase, day.phase)},"
        f" ends at {tables.when(day.ends_at)} UTC ({day.time_zone}){going_on}"
    )
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
        for each in found.business_days
    )
    headings = ("#date", "phase", ">due", ">done", ">statements", ">interest", ">fees", ">failed")
    return tables.table(title, headings, rows)
