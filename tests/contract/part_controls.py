"""Ada sets a spend control of her own, it declines, and she lifts it."""

from typing import TYPE_CHECKING

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import controls_service_pb2 as controls

if TYPE_CHECKING:
    from tests.contract.story import Story


def tell(story: "Story") -> None:
    """A block of a merchant's trade, for one card."""
    ada = story.holders["Ada"]
    issue = accounts.IssueCardRequest(account_id=ada.account_id, kind=accounts.CARD_KIND_VIRTUAL)
    card_id = story.ask("accounts.IssueCard", issue).card.card_id
    control = controls.SpendControl(
        control_id="no-groceries",
        card_id=card_id,
        kind=controls.CONTROL_KIND_BLOCK,
        mccs=["5411"],
    )
    request = controls.SetControlRequest(account_id=ada.account_id, control=control)
    story.ask("accounts.SetControl", request, "Ada")
    declined = story.authorise(ada, 1_00, card_id=card_id)
    assert declined.charge.reason == "CONTROL_FORBIDS", declined
    remove = controls.RemoveControlRequest(account_id=ada.account_id, control_id=control.control_id)
    story.ask("accounts.RemoveControl", remove, "Ada")
    assert story.authorise(ada, 1_00, card_id=card_id).approved
