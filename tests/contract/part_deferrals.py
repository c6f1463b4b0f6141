"""Purchases under deferred-interest promotions: one is paid in time, another is not."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import billing_service_pb2 as billing
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import business_day_service_pb2 as days
from cards.accounts.v1 import deferrals_service_pb2 as pb
from cards.accounts.v1 import events_pb2

from tests.contract import canaries
from tests.contract.contracts import rpc
from tests.contract.part_billing import gbp

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "promoted"
SHOP = events_pb2.Merchant(id="SHOP1", name="The Shop", mcc="5411", country="GB")


def tell(story: "Story") -> None:
    """On a programme of its own, whose promotion ends tomorrow."""
    today = _begin(story)
    holder = story.holders["Ada"]
    opened = story.ask(
        "accounts.OpenAccount",
        accounts.OpenAccountRequest(
            account_id=uuid4().hex, customer_id=holder.customer_id, programme_id=PROGRAMME
        ),
    ).account
    deferred = [_defer(story, opened) for _ in range(2)]
    paid = story.ask(
        "accounts.MakePayment",
        billing.MakePaymentRequest(
            account_id=opened.account_id, choice=billing.PAYMENT_CHOICE_AMOUNT, amount=gbp(300_00)
        ),
    )
    story.ask(
        "accounts.DirectPayment",
        pb.DirectPaymentRequest(
            account_id=opened.account_id, payment_id=paid.payment_id, deferral_id=deferred[0]
        ),
    )
    _advance(story, today + timedelta(days=4))
    process = billing.ProcessBillingDayRequest(account_id=opened.account_id)
    listed = pb.ListDeferralsRequest(account_id=opened.account_id)

    def over() -> bool:
        process.idempotency_key = uuid4().hex
        story.ask("accounts.ProcessBillingDay", process)
        found = story.ask("accounts.ListDeferrals", listed).deferrals
        return [each.settled for each in found] == [True, True]

    story.outsider.until(over, "both promotions are over")


def _defer(story: "Story", account: accounts.Account) -> str:
    """A purchase of 300.00 is made and deferred; the deferral's id."""
    clearing_id = uuid4().hex
    request = accounts.ClearChargeRequest(
        clearing_id=clearing_id,
        card_id=account.cards[0].card_id,
        amount=gbp(300_00),
        merchant=SHOP,
    )
    story.ask("accounts.ClearCharge", request, "gateway")
    answer = story.ask(
        "accounts.DeferPurchase",
        pb.DeferPurchaseRequest(
            account_id=account.account_id, charge_id=clearing_id, promotion_code="TODAY"
        ),
    )
    return str(answer.deferral.deferral_id)


def _begin(story: "Story") -> date:
    """The programme is defined and has a business date: this."""
    today = datetime.now(UTC).date()
    offer = terms.Promotion(
        code="TODAY",
        ends_on=(today + timedelta(days=1)).isoformat(),
        offered_from=(today - timedelta(days=300)).isoformat(),
        apr_basis_points=2_990,
    )
    programme = accounts.Programme(
        programme_id=PROGRAMME,
        name="Promoted card",
        currency="GBP",
        bin=canaries.BIN,
        default_limit=gbp(1_000_00),
        billing=terms.BillingTerms(
            rates=[terms.Rate(balance_type=terms.BALANCE_TYPE_PURCHASE, apr_basis_points=1_990)],
            minimum_payment=terms.MinimumPaymentRule(floor_minor=25_00, basis_points=100),
            deferred_promotions=[offer],
        ),
    )
    story.ask("accounts.DefineProgramme", accounts.DefineProgrammeRequest(programme=programme))
    request = days.GetBusinessDayRequest(programme_id=PROGRAMME)
    story.outsider.until(
        lambda: story.outsider.call(rpc("accounts.GetBusinessDay"), request, by="operator").ok,
        "the programme has a business day",
    )
    return date.fromisoformat(
        story.ask("accounts.GetBusinessDay", request).business_day.business_date
    )


def _advance(story: "Story", to: date) -> None:
    request = days.GetBusinessDayRequest(programme_id=PROGRAMME)
    story.ask(
        "accounts.AdvanceBusinessDate",
        days.AdvanceBusinessDateRequest(programme_id=PROGRAMME, to_date=to.isoformat()),
    )
    story.outsider.until(
        lambda: (
            story.ask("accounts.GetBusinessDay", request).business_day.business_date
            == to.isoformat()
        ),
        "the date has come that was asked for",
    )
