"""The folded state of a credit account.

Totals are running integers and everything that grows is a persistent map, so that a decision costs
the same after a hundred thousand facts as after ten.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from chassis.kernel.errors import NotFound
from chassis.kernel.events import value
from chassis.kernel.money import Money
from chassis.kernel.persistent_map import PersistentMap
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.charging.state import Charging
from services.accounts.domain.controls.state import Controls
from services.accounts.domain.disputes.state import Disputes
from services.accounts.domain.tokens.state import DeviceToken
from services.accounts.domain.values import (
    AccountStatus,
    AccountSubStatus,
    CardKind,
    CardStatus,
    CardUse,
    Channel,
    ChargeStatus,
    Delivery,
    EntryMode,
    Merchant,
    Network,
    Terms,
)


@value
class Plastic:
    """What a card looks like between two renewals; its keys are those of the day of its issue."""

    expires_on: date
    issued_on: date


@value
class Card:
    """A card; `status_reason` and `status_channel` say why and by whom it is not active.

    `cardholder_id` is empty where the account's holder holds it; `sequence` tells plastics of one
    number apart, from 1; `merchant_id` is where a card locked to a merchant is good; `former` is
    the plastic before the renewed one. `chip_counter` is the last one shown by a chip, of the
    plastic `chip_sequence`. `awaits_activation`: it was blocked while it was pending.
    """

    card_id: str
    last_four: str
    kind: CardKind
    expires_on: date
    status: CardStatus = CardStatus.ACTIVE
    status_reason: str = ""
    status_channel: Channel | None = None
    replaces_card_id: str = ""
    replaced_by_card_id: str = ""
    cardholder_id: str = ""
    sequence: int = 1
    use: CardUse = CardUse.ANY
    merchant_id: str = ""
    delivery: Delivery = Delivery.NONE
    pin_number: int = 0
    sealed_pvv: str = ""
    pin_failures: int = 0
    issued_on: date = date.min
    former: Plastic | None = None
    pin_key_version: int = 1
    chip_sequence: int = 0
    chip_counter: int = 0
    awaits_activation: bool = False

    @property
    def plastic(self) -> Plastic:
        """What the holder has of it, or is being sent."""
        return Plastic(expires_on=self.expires_on, issued_on=self.issued_on)


@value
class Charge:
    """A charge; amounts in minor units of the billing currency.

    `requested` is what was asked for at first, in the currency it was asked in; `amount_minor` what
    is approved in all, `markup_minor` of it for another currency; `held_minor` what is held still;
    `captured_minor` what was posted, first on `posted_on`; `completed`: no more of it is to come.
    """

    charge_id: str
    card_id: str
    status: ChargeStatus
    requested: Money
    amount_minor: int
    held_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    original_amount: Money | None = None
    rate: str = ""
    merchant: Merchant
    entry_mode: EntryMode = EntryMode.UNSPECIFIED
    response_code: str = ""
    reason: str = ""
    control_id: str = ""
    stand_in: bool = False
    forced: bool = False
    hold_expires_at: datetime | None = None
    transaction_date: date
    markup_minor: int = 0
    settlement_amount: Money | None = None
    network: Network = Network.UNSPECIFIED
    decided_by_network: bool = False
    completed: bool = False
    posted_on: date | None = None

    @property
    def is_decided(self) -> bool:
        """Whether anybody approved or declined it; what was posted unasked is not."""
        return self.response_code != ""


@value
class Act:
    """Something that was done once under a business id: to which charge, and what exactly.

    `asked` is a canonical text of what was asked for; a repetition asks for the same.
    """

    charge_id: str
    asked: str
    response_code: str = ""
    reason: str = ""


@value
class CreditAccount:
    """`account_id` is empty until the account is open. `posted_minor` is what is owed, negative
    when the account is in credit; `held_minor` is the sum of all holds; `status_reason` and
    `status_channel` say why and by whom it is not active."""

    account_id: str = ""
    customer_id: str = ""
    programme_id: str = ""
    programme_version: int = 0
    terms: Terms | None = None
    status: AccountStatus = AccountStatus.ACTIVE
    sub_statuses: tuple[AccountSubStatus, ...] = ()
    limit_minor: int = 0
    posted_minor: int = 0
    held_minor: int = 0
    cards: tuple[Card, ...] = ()
    charges: PersistentMap[Charge] = PersistentMap()
    acts: PersistentMap[Act] = PersistentMap()
    charging: Charging = Charging()
    disputes: Disputes = Disputes()
    controls: Controls = Controls()
    tokens: tuple[DeviceToken, ...] = ()
    billing: Billing = Billing()
    status_reason: str = ""
    status_channel: Channel | None = None

    @property
    def in_force(self) -> Terms:
        """The terms the account is on. Raises NotFound when the account is not open."""
        if self.terms is None:
            raise NotFound("ACCOUNT_NOT_FOUND", "there is no such account")
        return self.terms

    @property
    def currency(self) -> str:
        """ISO 4217 billing currency."""
        return self.in_force.currency

    @property
    def available_minor(self) -> int:
        """What may be spent, without the programme's tolerance; may be negative."""
        return self.limit_minor - self.posted_minor - self.held_minor

    def money(self, minor_units: int) -> Money:
        """An amount in the billing currency."""
        return Money(minor_units, self.currency)

    def find_card(self, card_id: str) -> Card | None:
        """The card of this id, or None."""
        for card in self.cards:
            if card.card_id == card_id:
                return card
        return None

    def find_token(self, token_id: str) -> DeviceToken | None:
        """The device token of this id, or None."""
        for token in self.tokens:
            if token.token_id == token_id:
                return token
        return None

    def with_card(self, card_id: str, **changes: Any) -> "CreditAccount":
        """The account with one of its cards changed."""
        cards = tuple(
            replace(card, **changes) if card.card_id == card_id else card for card in self.cards
        )
        return replace(self, cards=cards)


def act_key(kind: str, act_id: str) -> str:
    """Where an act stands in the account's map; ids of different kinds never meet."""
    return f"{kind}:{act_id}"
