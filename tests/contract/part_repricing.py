"""Dearer terms are announced to Ada, who rejects them."""

from typing import TYPE_CHECKING

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import business_day_service_pb2 as days
from cards.accounts.v1 import programmes_service_pb2 as programmes

from tests.contract.billed import define, open_account

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "repriced"


def tell(story: "Story") -> None:
    """A late fee is to be charged from next month on, and is not."""
    define(story, PROGRAMME)
    account_id = open_account(story, PROGRAMME).account_id
    known = accounts.GetProgrammeRequest(programme_id=PROGRAMME)
    programme = story.ask("accounts.GetProgramme", known).programme
    programme.billing.fees.append(terms.Fee(kind=terms.FEE_KIND_LATE, amount_minor=5_00))
    today = days.GetBusinessDayRequest(programme_id=PROGRAMME)
    day = story.ask("accounts.GetBusinessDay", today).business_day.business_date
    propose = programmes.ProposeTermsRequest(programme=programme, effective_on=day)
    change_id = story.ask("accounts.ProposeTerms", propose).change.change_id
    approve = programmes.ApproveTermsRequest(programme_id=PROGRAMME, change_id=change_id)
    version = story.ask("accounts.ApproveTerms", approve, "second").version.programme.version
    announce = programmes.AnnounceVersionRequest(account_id=account_id, programme_version=version)
    announced = story.ask("accounts.AnnounceVersion", announce).announced
    assert announced.may_reject, announced
    reject = programmes.RejectVersionRequest(account_id=account_id, programme_version=version)
    assert story.ask("accounts.RejectVersion", reject, "Ada").account.announced_version.rejected
