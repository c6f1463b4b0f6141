"""Disputes of a holder: one won through chargeback, one lost, one withdrawn."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import disputes_service_pb2 as pb
from cards.accounts.v1 import events_pb2 as events
from cards.type.v1 import money_pb2

if TYPE_CHECKING:
    from tests.contract.story import Story

SHOP = events.Merchant(id="SHOP3", name="Doubtful Shop", mcc="5411", country="GB")


def _open(story: "Story", minor_units: int, by: str, days_ago: int = 0) -> dict[str, Any]:
    """A charge that was posted so many days ago, and is disputed."""
    ada = story.holders["Ada"]
    amount = money_pb2.Money(minor_units=minor_units, currency_code="GBP")
    posted = (datetime.now(UTC).date() - timedelta(days=days_ago)).isoformat()
    force = accounts.ClearChargeRequest(
        card_id=ada.card_id, amount=amount, merchant=SHOP, posting_date=posted
    )
    charge_id = story.ask("accounts.ClearCharge", force, "gateway").charge.charge_id
    request = pb.OpenDisputeRequest(
        account_id=ada.account_id,
        charge_id=charge_id,
        reason=pb.DISPUTE_REASON_NOT_RECEIVED,
        evidence=["letter/1"],
        accept_late=bool(days_ago),
    )
    opened = story.ask("accounts.OpenDispute", request, by)
    return {"account_id": ada.account_id, "dispute_id": opened.dispute.dispute_id}


def tell(story: "Story") -> None:
    """Each of them to its end."""
    ask = story.ask
    ids = _open(story, 4_00, "Ada")
    ask("accounts.AcknowledgeDispute", pb.AcknowledgeDisputeRequest(**ids))
    more = pb.AddDisputeEvidenceRequest(evidence=["letter/2"], **ids)
    ask("accounts.AddDisputeEvidence", more, "Ada")
    ask("accounts.CreditDispute", pb.CreditDisputeRequest(**ids))
    chargeback = pb.AdvanceDisputeRequest(stage=pb.DISPUTE_STAGE_CHARGED_BACK, **ids)
    ask("accounts.AdvanceDispute", chargeback)
    won = pb.ResolveDisputeRequest(outcome=pb.DISPUTE_OUTCOME_WON, explanation="Right", **ids)
    ask("accounts.ResolveDispute", won)
    lost = _open(story, 5_00, "operator")
    decided = pb.ResolveDisputeRequest(
        outcome=pb.DISPUTE_OUTCOME_LOST, explanation="It was delivered", **lost
    )
    ask("accounts.ResolveDispute", decided)
    taken_back = _open(story, 6_00, "Ada")
    ask("accounts.WithdrawDispute", pb.WithdrawDisputeRequest(**taken_back), "Ada")
    # Within the last days of the window of a chargeback, and after it: the timers do the rest.
    _open(story, 7_00, "operator", days_ago=116)
    _open(story, 8_00, "operator", days_ago=125)
