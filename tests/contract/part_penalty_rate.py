"""Somebody does not pay for more than 60 days, bears a penalty rate, and then pays six times."""

from typing import TYPE_CHECKING

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import billing_service_pb2 as billing
from cards.accounts.v1 import billing_terms_pb2 as terms

from tests.contract import billed

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "penal"
UNTIL_LATE_DAYS = 125
"""A cycle, the time to pay, and 60 days more, wherever in a month it begins."""
UNTIL_LIFTED_DAYS = 280
"""45 days of notice, and six due dates after them."""


def tell(story: "Story") -> None:
    """All of it, on a programme of its own, so that its date is its own."""
    kind = terms.BALANCE_TYPE_PURCHASE
    rates = [
        terms.Rate(balance_type=kind, apr_basis_points=1_990),
        terms.Rate(balance_type=kind, kind=terms.RATE_KIND_PENALTY, apr_basis_points=2_990),
    ]
    billed.define(story, PROGRAMME, rates=rates)
    opened = billed.open_account(story, PROGRAMME)
    billed.buy(story, opened.cards[0].card_id, 900_00)
    billed.advance(story, PROGRAMME, UNTIL_LATE_DAYS)
    paid = accounts.RecordPaymentRequest(account_id=opened.account_id, amount=billed.gbp(200_00))
    story.ask("accounts.RecordPayment", paid)
    autopay = billing.SetAutopayRequest(
        account_id=opened.account_id, kind=terms.AUTOPAY_KIND_MINIMUM
    )
    story.ask("accounts.SetAutopay", autopay)
    billed.advance(story, PROGRAMME, UNTIL_LIFTED_DAYS)
