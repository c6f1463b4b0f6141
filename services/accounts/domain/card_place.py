"""Where a card is: one short stream per card that names its account, for whoever has its id."""

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, command, value
from services.accounts.domain.vault_events import CardPlaced

# commands


@command
class PlaceCard(Command):
    """Note where a card is, in the same unit of work as its issue."""

    card_id: str
    account_id: str
    customer_id: str
    pan_hash: str
    cardholder_id: str = ""


# state


@value
class CardPlace:
    """`card_id` is empty until the card is placed; it never moves. `cardholder_id` is empty where
    the account's holder holds the card."""

    card_id: str = ""
    account_id: str = ""
    customer_id: str = ""
    pan_hash: str = ""
    cardholder_id: str = ""

    @property
    def holder_id(self) -> str:
        """Who holds the card."""
        return self.cardholder_id or self.customer_id


# evolve


def evolve(state: CardPlace, fact: CardPlaced) -> CardPlace:
    """The place after a fact."""
    return CardPlace(
        card_id=fact.card_id,
        account_id=fact.account_id,
        customer_id=fact.customer_id,
        pan_hash=fact.pan_hash,
        cardholder_id=fact.cardholder_id,
    )


# decide


def decide(state: CardPlace, command: PlaceCard, context: Context) -> tuple[CardPlaced, ...]:
    """Place once. Raises Refused when the card is elsewhere."""
    placed = CardPlaced(
        card_id=command.card_id,
        account_id=command.account_id,
        customer_id=command.customer_id,
        pan_hash=command.pan_hash,
        cardholder_id=command.cardholder_id,
    )
    if not state.card_id:
        return (placed,)
    if state == evolve(state, placed):
        return ()
    raise Refused("CARD_ISSUED_DIFFERENTLY", "a card of this id is on another account or number")


CARD_PLACE: Decider[CardPlace] = Decider(
    category="card",
    state=CardPlace,
    initial=CardPlace(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.card_id),
    commands=(PlaceCard,),
    facts=(CardPlaced,),
)
