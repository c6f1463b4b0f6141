"""Ada's limit: asked for, decided by people, offered, left to expire, accepted, lowered."""

from typing import TYPE_CHECKING

from cards.accounts.v1 import billing_service_pb2 as billing
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import credit_line_service_pb2 as pb

from tests.contract.billed import advance, define, gbp, open_account

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "limits"
RULES = terms.CreditLineRules(
    two_people_above_minor=1_500_00, offer_days=2, months_between_changes=1, least_age_months=1
)
OLD_ENOUGH_DAYS = 35


def tell(story: "Story") -> None:
    """All of it, on a programme of its own, so that its date is its own."""
    define(story, PROGRAMME, credit_line=RULES)
    account_id = open_account(story, PROGRAMME).account_id

    def ask(limit: int) -> pb.RequestCreditLineResponse:
        request = pb.RequestCreditLineRequest(
            account_id=account_id, limit=gbp(limit), annual_income=gbp(30_000_00)
        )
        asked: pb.RequestCreditLineResponse
        asked = story.ask("accounts.RequestCreditLine", request, "Ada")
        return asked

    def offer(limit: int) -> str:
        request = pb.OfferCreditLineRequest(account_id=account_id, limit=gbp(limit), reason="GOOD")
        return str(story.ask("accounts.OfferCreditLine", request).offer_id)

    def answer(offer_id: str, accept: bool) -> None:
        request = pb.AnswerCreditLineOfferRequest(
            account_id=account_id, offer_id=offer_id, accept=accept
        )
        story.ask("accounts.AnswerCreditLineOffer", request, "Ada")

    assert ask(1_100_00).outcome == "DECLINED"
    advance(story, PROGRAMME, OLD_ENOUGH_DAYS)
    referred = ask(2_000_00)
    assert referred.outcome == "REFERRED", referred
    decision = {"account_id": account_id, "reason": "LOOKED_AT", "approve": True}
    story.ask(
        "accounts.DecideCreditLine",
        pb.DecideCreditLineRequest(request_id=referred.request_id, **decision),
    )
    rejection = {**decision, "approve": False, "change_id": referred.request_id}
    story.ask("accounts.ConfirmCreditLine", pb.ConfirmCreditLineRequest(**rejection), "second")
    answer(offer(1_100_00), False)
    offer(1_100_00)
    advance(story, PROGRAMME, RULES.offer_days + 2)
    review = pb.ReviewCreditLineRequest(account_id=account_id, reason="ASKED")
    story.ask("accounts.ReviewCreditLine", review)
    answer(offer(1_200_00), True)
    asked = pb.GetCreditLineRequest(account_id=account_id)
    assert story.ask("accounts.GetCreditLine", asked, "Ada").steps
    lower = billing.ChangeCreditLineRequest(
        account_id=account_id, limit=gbp(600_00), reason="REVIEW"
    )
    story.ask("accounts.ChangeCreditLine", lower)
