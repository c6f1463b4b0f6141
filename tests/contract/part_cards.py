"""Ada orders a card for Bea, which lives from its making to its end; and an account is closed."""

from typing import TYPE_CHECKING, Any

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import cards_service_pb2 as cards

from tests.contract.endings import PROGRAMME

if TYPE_CHECKING:
    from tests.contract.story import Story


def tell(story: "Story") -> None:
    """The whole life of a card of an authorised user, and a second account that is closed."""
    ada, bea = story.holders["Ada"], story.holders["Bea"]
    order = cards.OrderCardRequest(
        account_id=ada.account_id,
        kind=accounts.CARD_KIND_PHYSICAL,
        cardholder_id=bea.customer_id,
    )
    card = story.ask("accounts.OrderCard", order, "Ada").card
    assert card.status == accounts.CARD_STATUS_PENDING
    for delivery in (accounts.DELIVERY_SHIPPED, accounts.DELIVERY_DELIVERED):
        sent = cards.RecordDeliveryRequest(card_id=card.card_id, delivery=delivery)
        story.ask("accounts.RecordDelivery", sent)
    steps: tuple[tuple[str, Any], ...] = (
        ("ActivateCard", cards.ActivateCardRequest),
        ("PauseCard", cards.PauseCardRequest),
        ("ResumeCard", cards.ResumeCardRequest),
        ("RenewCard", cards.RenewCardRequest),
        ("TerminateCard", cards.TerminateCardRequest),
    )
    for name, request in steps:
        story.ask(f"accounts.{name}", request(card_id=card.card_id, reason="ASKED_FOR"), "Bea")
    opened = story.ask(
        "accounts.OpenAccount",
        accounts.OpenAccountRequest(customer_id=ada.customer_id, programme_id=PROGRAMME),
    )
    close = cards.CloseAccountRequest(account_id=opened.account.account_id, reason="NOT_WANTED")
    story.ask("accounts.CloseAccount", close, "Ada")
