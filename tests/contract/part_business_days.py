"""A programme whose business date is set forward, and the days that are closed on the way."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from cards.accounts.v1 import business_day_service_pb2 as pb

from tests.contract.endings import PROGRAMME

if TYPE_CHECKING:
    from tests.contract.story import Story

DAYS = 2


def tell(story: "Story") -> None:
    """Two days end, everything due on them happens, and they are closed."""
    story.ask(
        "accounts.SetBusinessTimeZone",
        pb.SetBusinessTimeZoneRequest(programme_id=PROGRAMME, time_zone="Asia/Shanghai"),
    )
    today = date.fromisoformat(_present(story).business_date)
    to_date = (today + timedelta(days=DAYS)).isoformat()
    story.ask(
        "accounts.AdvanceBusinessDate",
        pb.AdvanceBusinessDateRequest(programme_id=PROGRAMME, to_date=to_date),
    )
    story.outsider.until(
        lambda: _present(story).business_date == to_date, "the date has come that was asked for"
    )


def _present(story: "Story") -> Any:
    request = pb.GetBusinessDayRequest(programme_id=PROGRAMME)
    return story.ask("accounts.GetBusinessDay", request).business_day
