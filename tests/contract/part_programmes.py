"""A programme changes by two people, and an account is moved to its new version."""

from typing import TYPE_CHECKING, Any

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import business_day_service_pb2 as days
from cards.accounts.v1 import programmes_service_pb2 as programmes

from tests.contract.endings import PROGRAMME

if TYPE_CHECKING:
    from tests.contract.story import Story


def tell(story: "Story") -> None:
    """One change is rejected, one withdrawn, one approved; Ada's account goes over to it."""
    ask = story.ask
    known = accounts.GetProgrammeRequest(programme_id=PROGRAMME)
    programme = ask("accounts.GetProgramme", known).programme
    programme.stand_in_limit.minor_units += 1
    changes = []
    for note in ("Rejected.", "Withdrawn.", "Approved."):
        propose = programmes.ProposeTermsRequest(
            programme=programme, effective_on=_today(story), note=note
        )
        answer = ask("accounts.ProposeTerms", propose)
        changes.append({"programme_id": PROGRAMME, "change_id": answer.change.change_id})
    rejected, withdrawn, approved = changes
    reject: Any = programmes.RejectTermsRequest(reason="NO_NEED", **rejected)
    ask("accounts.RejectTerms", reject, "second")
    withdraw = programmes.WithdrawTermsRequest(**withdrawn)
    ask("accounts.WithdrawTerms", withdraw)
    approve = programmes.ApproveTermsRequest(**approved)
    version = ask("accounts.ApproveTerms", approve, "second").version.programme.version
    move = programmes.MoveAccountToVersionRequest(
        account_id=story.holders["Ada"].account_id, programme_version=version
    )
    ask("accounts.MoveAccountToVersion", move)


def _today(story: "Story") -> str:
    """The programme's own date, which the story has moved on."""
    asked = days.GetBusinessDayRequest(programme_id=PROGRAMME)
    return str(story.ask("accounts.GetBusinessDay", asked).business_day.business_date)
