"""Ada's card goes into a wallet, pays from it, rests in it, and leaves it."""

from typing import TYPE_CHECKING, Any

from cards.accounts.v1 import device_tokens_service_pb2 as tokens

if TYPE_CHECKING:
    from tests.contract.story import Story


def tell(story: "Story") -> None:
    """The whole life of a token."""
    ada = story.holders["Ada"]
    provision = tokens.ProvisionDeviceTokenRequest(card_id=ada.card_id)
    token = story.ask("accounts.ProvisionDeviceToken", provision, "gateway").token
    ids = {"card_id": ada.card_id, "token_id": token.token_id}
    steps: tuple[tuple[str, Any, str], ...] = (
        ("ActivateDeviceToken", tokens.ActivateDeviceTokenRequest, "gateway"),
        ("SuspendDeviceToken", tokens.SuspendDeviceTokenRequest, "Ada"),
        ("ResumeDeviceToken", tokens.ResumeDeviceTokenRequest, "Ada"),
        ("DeleteDeviceToken", tokens.DeleteDeviceTokenRequest, "Ada"),
    )
    for name, request, by in steps:
        story.ask(f"accounts.{name}", request(reason="ASKED_FOR", **ids), by)
        if name == "ResumeDeviceToken":
            reveal = tokens.RevealDeviceTokenRequest(**ids)
            number = story.ask("accounts.RevealDeviceToken", reveal, "gateway").number
            story.canaries.plant("number of a token", number)
            assert story.authorise(ada, 1_00, card_id="", card_number=number).approved
