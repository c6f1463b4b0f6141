"""Which status of a card may follow which, and who may bring it about: the whole table, as data."""

from services.accounts.domain.values import CardStatus, Channel, Delivery

Channels = frozenset[Channel]

ANYBODY: Channels = frozenset(Channel)
PEOPLE: Channels = frozenset({Channel.HOLDER, Channel.OPERATOR})
TIME: Channels = frozenset({Channel.SYSTEM})

_ENDS: dict[CardStatus, Channels] = {
    CardStatus.LOST: ANYBODY,
    CardStatus.STOLEN: ANYBODY,
    CardStatus.EXPIRED: TIME,
    CardStatus.TERMINATED: ANYBODY,
}

CARD_TRANSITIONS: dict[CardStatus, dict[CardStatus, Channels]] = {
    CardStatus.PENDING: {CardStatus.ACTIVE: ANYBODY, CardStatus.BLOCKED: ANYBODY, **_ENDS},
    CardStatus.ACTIVE: {CardStatus.PAUSED: PEOPLE, CardStatus.BLOCKED: ANYBODY, **_ENDS},
    CardStatus.PAUSED: {CardStatus.ACTIVE: PEOPLE, CardStatus.BLOCKED: ANYBODY, **_ENDS},
    CardStatus.BLOCKED: {CardStatus.ACTIVE: ANYBODY, CardStatus.BLOCKED: ANYBODY, **_ENDS},
    CardStatus.LOST: {},
    CardStatus.STOLEN: {},
    CardStatus.EXPIRED: {CardStatus.TERMINATED: ANYBODY},
    CardStatus.TERMINATED: {},
}
"""From BLOCKED to BLOCKED: a block by the house takes the place of one by the holder. Whoever
lifts a pause or a block must be allowed to: a holder lifts only what a holder imposed. A card that
was blocked before its activation waits for that again when it is unblocked."""

DELIVERIES: dict[Delivery, frozenset[Delivery]] = {
    Delivery.NONE: frozenset(),
    Delivery.ORDERED: frozenset({Delivery.SHIPPED}),
    Delivery.SHIPPED: frozenset({Delivery.DELIVERED, Delivery.RETURNED}),
    Delivery.DELIVERED: frozenset({Delivery.RETURNED}),
    Delivery.RETURNED: frozenset({Delivery.SHIPPED}),
}
"""What came back may be sent again."""

RENEWABLE = (CardStatus.ACTIVE, CardStatus.PAUSED, CardStatus.BLOCKED)
"""A renewal leaves the status as it is."""

FINAL = tuple(status for status, after in CARD_TRANSITIONS.items() if not after)
"""What a card never leaves."""
