"""A debt that is given up: something is known late of it, nobody pays, and then something comes."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import business_day_service_pb2 as days

from tests.contract import billed

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "given-up"
CHARGED_OFF_AFTER_DAYS = 60
UNTIL_INTEREST_DAYS = 75
"""Long enough for interest to be charged, wherever in a month it begins."""
BACK_DAYS = 35
"""Then it was a day of a cycle that is closed now, and bore interest."""
UNTIL_GIVEN_UP_DAYS = 60


def tell(story: "Story") -> None:
    """All of it, on a programme of its own, so that its date is its own."""
    billed.define(story, PROGRAMME, charge_off_after_days=CHARGED_OFF_AFTER_DAYS)
    opened = billed.open_account(story, PROGRAMME)
    billed.buy(story, opened.cards[0].card_id, 300_00)
    billed.advance(story, PROGRAMME, UNTIL_INTEREST_DAYS)
    asked = days.GetBusinessDayRequest(programme_id=PROGRAMME)
    today = story.ask("accounts.GetBusinessDay", asked).business_day.business_date
    received = date.fromisoformat(today) - timedelta(days=BACK_DAYS)
    _pay(story, opened.account_id, received.isoformat())
    billed.advance(story, PROGRAMME, UNTIL_GIVEN_UP_DAYS)
    _pay(story, opened.account_id)


def _pay(story: "Story", account_id: str, received: str = "") -> None:
    request = accounts.RecordPaymentRequest(
        account_id=account_id, amount=billed.gbp(10_00), transaction_date=received
    )
    story.ask("accounts.RecordPayment", request)
