"""A programme with billing of a part's own, an account on it, and days that go by."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import business_day_service_pb2 as days
from cards.accounts.v1 import events_pb2
from cards.type.v1.money_pb2 import Money

from tests.contract import canaries
from tests.contract.contracts import rpc

if TYPE_CHECKING:
    from tests.contract.story import Story

SHOP = events_pb2.Merchant(id="SHOP1", name="The Shop", mcc="5411", country="GB")


def gbp(minor: int) -> Money:
    return Money(minor_units=minor, currency_code="GBP")


def define(story: "Story", programme_id: str, **more: Any) -> None:
    """A billed programme; `more` goes into its billing."""
    fields: dict[str, Any] = {
        "rates": [terms.Rate(balance_type=terms.BALANCE_TYPE_PURCHASE, apr_basis_points=1_990)],
        "minimum_payment": terms.MinimumPaymentRule(floor_minor=25_00, basis_points=100),
    }
    programme = accounts.Programme(
        programme_id=programme_id,
        name=f"{programme_id.capitalize()} card",
        currency="GBP",
        bin=canaries.BIN,
        default_limit=gbp(1_000_00),
        over_limit_tolerance=gbp(200_00),
        billing=terms.BillingTerms(**{**fields, **more}),
    )
    story.ask("accounts.DefineProgramme", accounts.DefineProgrammeRequest(programme=programme))
    request = days.GetBusinessDayRequest(programme_id=programme_id)
    story.outsider.until(
        lambda: story.outsider.call(rpc("accounts.GetBusinessDay"), request, by="operator").ok,
        "the programme has a business day",
    )


def open_account(story: "Story", programme_id: str) -> Any:
    """Another account of Ada's."""
    return story.ask(
        "accounts.OpenAccount",
        accounts.OpenAccountRequest(
            account_id=uuid4().hex,
            customer_id=story.holders["Ada"].customer_id,
            programme_id=programme_id,
        ),
    ).account


def buy(story: "Story", card_id: str, minor: int) -> None:
    """Something is posted that nobody authorised."""
    request = accounts.ClearChargeRequest(card_id=card_id, amount=gbp(minor), merchant=SHOP)
    story.ask("accounts.ClearCharge", request, "gateway")


def advance(story: "Story", programme_id: str, by_days: int) -> None:
    """So many days go by on a programme, and everything due on them is done."""
    request = days.GetBusinessDayRequest(programme_id=programme_id)
    today = story.ask("accounts.GetBusinessDay", request).business_day.business_date
    to_date = (date.fromisoformat(today) + timedelta(days=by_days)).isoformat()
    asked = days.AdvanceBusinessDateRequest(programme_id=programme_id, to_date=to_date)
    story.ask("accounts.AdvanceBusinessDate", asked)
    story.outsider.until(
        lambda: story.ask("accounts.GetBusinessDay", request).business_day.business_date == to_date,
        "the date has come that was asked for",
    )
