"""Ada consents to a fee for exceeding her limit, exceeds it, pays for it, and revokes."""

from typing import TYPE_CHECKING

from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import over_limit_service_pb2 as pb

from tests.contract.billed import advance, buy, define, open_account

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "exceeding"
FEE = terms.Fee(kind=terms.FEE_KIND_OVER_LIMIT, amount_minor=12_00)
DAYS = 32
"""Long enough for a cycle to close, wherever in a month it begins."""


def tell(story: "Story") -> None:
    """All of it, on a programme of its own, so that its date is its own."""
    define(story, PROGRAMME, fees=[FEE])
    account = open_account(story, PROGRAMME)
    ids = {"account_id": account.account_id}
    asked = pb.GetOverLimitConsentRequest(**ids)
    told = story.ask("accounts.GetOverLimitConsent", asked, "Ada").notice
    given = pb.GiveOverLimitConsentRequest(
        notice_id=told.notice_id, method=pb.CONSENT_METHOD_ELECTRONIC, **ids
    )
    consent = story.ask("accounts.GiveOverLimitConsent", given, "Ada").consent
    confirm = pb.ConfirmOverLimitRequest(consent_id=consent.consent_id, **ids)
    story.ask("accounts.ConfirmOverLimit", confirm)
    buy(story, account.cards[0].card_id, 1_100_00)
    advance(story, PROGRAMME, DAYS)
    revoke = pb.RevokeOverLimitRequest(method=pb.CONSENT_METHOD_ORAL, **ids)
    story.ask("accounts.RevokeOverLimit", revoke, "Ada")
