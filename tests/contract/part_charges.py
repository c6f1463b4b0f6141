"""What a network sends beside charges: stand-in decisions, refunds promised and taken back,
credits, and messages that come before what they belong to."""

from typing import TYPE_CHECKING
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import charges_service_pb2 as pb
from cards.accounts.v1 import events_pb2 as events
from cards.type.v1 import money_pb2

if TYPE_CHECKING:
    from tests.contract.story import Story

SHOP = events.Merchant(id="SHOP2", name="Another Shop", mcc="5411", country="GB")
GATEWAY = "gateway"


def _gbp(minor_units: int) -> money_pb2.Money:
    return money_pb2.Money(minor_units=minor_units, currency_code="GBP")


def tell(story: "Story") -> None:
    """Each of them once."""
    ada, ask = story.holders["Ada"], story.ask
    stand_in = pb.RecordStandInRequest(
        card_id=ada.card_id, amount=_gbp(1_00), merchant=SHOP, response_code="00"
    )
    assert ask("accounts.RecordStandIn", stand_in, GATEWAY).charge.decided_by_network
    balance = ask("accounts.InquireBalance", pb.InquireBalanceRequest(card_id=ada.card_id), GATEWAY)
    assert balance.response_code
    promise = pb.AuthoriseRefundRequest(card_id=ada.card_id, amount=_gbp(2_00), merchant=SHOP)
    refund_id = ask("accounts.AuthoriseRefund", promise, GATEWAY).refund.refund_id
    post = accounts.RefundChargeRequest(
        card_id=ada.card_id, refund_id=refund_id, amount=_gbp(2_00), merchant=SHOP
    )
    ask("accounts.RefundCharge", post, GATEWAY)
    back = pb.ReverseRefundRequest(account_id=ada.account_id, refund_id=refund_id)
    ask("accounts.ReverseRefund", back, GATEWAY)
    found = pb.GetRefundRequest(account_id=ada.account_id, refund_id=refund_id)
    assert ask("accounts.GetRefund", found, "Ada").refund.status == pb.REFUND_STATUS_POSTED
    sent = pb.PostOriginalCreditRequest(card_id=ada.card_id, amount=_gbp(3_00), sender=SHOP)
    credited = ask("accounts.PostOriginalCredit", sent, GATEWAY)
    assert credited.approved
    taken = pb.ReverseOriginalCreditRequest(
        account_id=ada.account_id, credit_id=credited.credit.refund_id
    )
    ask("accounts.ReverseOriginalCredit", taken, GATEWAY)
    early = accounts.ReverseChargeRequest(account_id=ada.account_id, charge_id=uuid4().hex)
    assert not ask("accounts.ReverseCharge", early, GATEWAY).HasField("charge")
