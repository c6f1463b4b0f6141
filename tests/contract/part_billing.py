"""An account that is billed: a month goes by, a payment is late, another comes back."""

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import billing_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import business_day_service_pb2 as days
from cards.accounts.v1 import disputes_service_pb2 as disputes
from cards.accounts.v1 import events_pb2
from cards.type.v1.money_pb2 import Money

from tests.contract import canaries
from tests.contract.contracts import rpc

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "billed"
SHOP = events_pb2.Merchant(id="SHOP1", name="The Shop", mcc="5411", country="GB")
DAYS = 75
"""Long enough for a cycle to close and its payment to be late, wherever in a month it begins."""


def gbp(minor: int) -> Money:
    return Money(minor_units=minor, currency_code="GBP")


def tell(story: "Story") -> None:
    """All of it, on a programme of its own, so that its date is its own."""
    _define(story)
    holder = story.holders["Ada"]
    opened = story.ask(
        "accounts.OpenAccount",
        accounts.OpenAccountRequest(
            account_id=uuid4().hex, customer_id=holder.customer_id, programme_id=PROGRAMME
        ),
    ).account
    account_id = opened.account_id
    charge_id = _buy(story, opened.cards[0].card_id, uuid4().hex)
    _advance(story)
    story.outsider.until(lambda: _billed(story, account_id), "the statement is cut")
    story.ask(
        "accounts.WaiveFee",
        pb.WaiveFeeRequest(account_id=account_id, fee_id="late due 1", reason="GOODWILL"),
    )
    _dispute(story, account_id, charge_id)
    story.ask(
        "accounts.SetAutopay",
        pb.SetAutopayRequest(account_id=account_id, kind=terms.AUTOPAY_KIND_MINIMUM),
    )
    paid = story.ask(
        "accounts.MakePayment",
        pb.MakePaymentRequest(account_id=account_id, choice=pb.PAYMENT_CHOICE_BALANCE),
    )
    story.ask(
        "accounts.ReturnPayment",
        pb.ReturnPaymentRequest(
            account_id=account_id, payment_id=paid.payment_id, reason="INSUFFICIENT_FUNDS"
        ),
    )
    story.ask(
        "accounts.GrantHardship",
        pb.GrantHardshipRequest(account_id=account_id, days=30, reason="ILLNESS"),
    )
    bought = uuid4().hex
    _buy(story, opened.cards[0].card_id, bought)
    story.ask(
        "accounts.AgreeInstalmentPlan",
        pb.AgreeInstalmentPlanRequest(account_id=account_id, charge_id=bought, months=3),
    )
    too_much = pb.MakePaymentRequest(
        account_id=account_id, choice=pb.PAYMENT_CHOICE_AMOUNT, amount=gbp(900_00)
    )
    story.ask("accounts.MakePayment", too_much)
    story.ask(
        "accounts.RefundCreditBalance",
        pb.RefundCreditBalanceRequest(account_id=account_id, reason="ASKED_FOR"),
    )
    story.ask(
        "accounts.ChangeCreditLine",
        pb.ChangeCreditLineRequest(account_id=account_id, limit=gbp(900_00), reason="REVIEW"),
    )


def _dispute(story: "Story", account_id: str, charge_id: str) -> None:
    """What is disputed of a statement is not required of it, until the holder withdraws."""
    request = disputes.OpenDisputeRequest(
        account_id=account_id,
        charge_id=charge_id,
        reason=disputes.DISPUTE_REASON_DUPLICATE,
        accept_late=True,
    )
    dispute_id = story.ask("accounts.OpenDispute", request).dispute.dispute_id
    balance = story.ask("accounts.GetBalance", pb.GetBalanceRequest(account_id=account_id))
    assert balance.minimum_required.minor_units < balance.minimum_told.minor_units
    withdrawn = disputes.WithdrawDisputeRequest(account_id=account_id, dispute_id=dispute_id)
    story.ask("accounts.WithdrawDispute", withdrawn)


def _buy(story: "Story", card_id: str, clearing_id: str) -> str:
    request = accounts.ClearChargeRequest(
        clearing_id=clearing_id, card_id=card_id, amount=gbp(300_00), merchant=SHOP
    )
    answer = story.ask("accounts.ClearCharge", request, "gateway")
    return str(answer.charge.charge_id)


def _define(story: "Story") -> None:
    rate = terms.Rate(balance_type=terms.BALANCE_TYPE_PURCHASE, apr_basis_points=1_990)
    programme = accounts.Programme(
        programme_id=PROGRAMME,
        name="Billed card",
        currency="GBP",
        bin=canaries.BIN,
        default_limit=gbp(1_000_00),
        billing=terms.BillingTerms(
            rates=[rate],
            minimum_payment=terms.MinimumPaymentRule(floor_minor=25_00, basis_points=100),
            fees=[terms.Fee(kind=terms.FEE_KIND_LATE, amount_minor=12_00)],
            instalments=[terms.InstalmentProduct(months=3, fee_basis_points=200)],
        ),
    )
    story.ask("accounts.DefineProgramme", accounts.DefineProgrammeRequest(programme=programme))


def _advance(story: "Story") -> None:
    request = days.GetBusinessDayRequest(programme_id=PROGRAMME)
    story.outsider.until(
        lambda: story.outsider.call(rpc("accounts.GetBusinessDay"), request, by="operator").ok,
        "the programme has a business day",
    )
    today = date.fromisoformat(
        story.ask("accounts.GetBusinessDay", request).business_day.business_date
    )
    to_date = (today + timedelta(days=DAYS)).isoformat()
    story.ask(
        "accounts.AdvanceBusinessDate",
        days.AdvanceBusinessDateRequest(programme_id=PROGRAMME, to_date=to_date),
    )
    story.outsider.until(
        lambda: story.ask("accounts.GetBusinessDay", request).business_day.business_date == to_date,
        "the date has come that was asked for",
    )


def _billed(story: "Story", account_id: str) -> bool:
    """Whether what is due is done, by the run or here, and the statement can be read."""
    story.ask("accounts.ProcessBillingDay", pb.ProcessBillingDayRequest(account_id=account_id))
    found = story.ask("accounts.ListStatements", pb.ListStatementsRequest(account_id=account_id))
    return len(found.statements) >= 2
