"""The vault of card numbers: one stream per number, found by keyed hash, kept as ciphertext."""

from dataclasses import replace
from datetime import date, datetime
from typing import Protocol

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, command, value
from chassis.kernel.money import Money
from chassis.kernel.persistent_map import PersistentMap
from services.accounts.domain.values import (
    RESPONSE_CODES,
    DeclineReason,
    EntryMode,
    Merchant,
)
from services.accounts.domain.vault_events import PanClaimed, UnknownCardRefused

PAN_LENGTH = 16
VISIBLE_TAIL = 4
VISIBLE_HEAD = 6

# Card numbers


class Digits(Protocol):
    """Where the digits of a new number come from; must be unpredictable in production."""

    def randrange(self, stop: int, /) -> int:
        """A number from 0 to `stop` - 1, all equally likely."""
        ...


def luhn_digit(payload: str) -> str:
    """The check digit that completes `payload`, by ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(payload)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def is_luhn(number: str) -> bool:
    """Whether the last digit of a number is its check digit."""
    return number[-1:] == luhn_digit(number[:-1]) if number else False


def generate(bin_digits: str, digits: Digits) -> str:
    """A card number of 16 digits in a BIN, its last the Luhn digit."""
    length = PAN_LENGTH - len(bin_digits) - 1
    payload = bin_digits + str(digits.randrange(10**length)).zfill(length)
    return payload + luhn_digit(payload)


def masked(bin_digits: str, last_four: str) -> str:
    """What may be shown of a number: at most its first six digits, and its last four."""
    head = bin_digits[:VISIBLE_HEAD]
    return head + "*" * (PAN_LENGTH - len(head) - VISIBLE_TAIL) + last_four


# commands


@command
class ClaimPan(Command):
    """Take a number for a card, in the same unit of work as the issue of the card."""

    pan_hash: str
    sealed_pan: str
    card_id: str
    account_id: str
    customer_id: str
    last_four: str
    token_id: str = ""


@command
class RefuseUnknownCard(Command):
    """Answer a charge on a number that no card has."""

    pan_hash: str
    charge_id: str
    amount: Money
    merchant: Merchant
    entry_mode: EntryMode
    transaction_date: date
    transaction_at: datetime


# state


@value
class Refusal:
    """One charge that was refused on this number."""

    amount: Money
    merchant: Merchant
    entry_mode: EntryMode
    transaction_date: date


@value
class Pan:
    """`card_id` is empty until the number is claimed."""

    pan_hash: str = ""
    sealed_pan: str = ""
    card_id: str = ""
    account_id: str = ""
    customer_id: str = ""
    last_four: str = ""
    token_id: str = ""
    refusals: PersistentMap[Refusal] = PersistentMap()


# evolve


def evolve(state: Pan, fact: PanClaimed | UnknownCardRefused) -> Pan:
    """The number after a fact."""
    if isinstance(fact, UnknownCardRefused):
        refusal = Refusal(
            amount=fact.amount,
            merchant=fact.merchant,
            entry_mode=fact.entry_mode,
            transaction_date=fact.transaction_date,
        )
        return replace(state, refusals=state.refusals.set(fact.charge_id, refusal))
    return replace(
        state,
        pan_hash=fact.pan_hash,
        sealed_pan=fact.sealed_pan,
        card_id=fact.card_id,
        account_id=fact.account_id,
        customer_id=fact.customer_id,
        last_four=fact.last_four,
        token_id=fact.token_id,
    )


# decide


def decide(
    state: Pan, command: ClaimPan | RefuseUnknownCard, context: Context
) -> tuple[PanClaimed | UnknownCardRefused, ...]:
    """Claim once, refuse what nobody claimed. Raises Refused for a number another card has."""
    if isinstance(command, ClaimPan):
        return _claim(state, command)
    return _refuse(state, command)


def _claim(state: Pan, command: ClaimPan) -> tuple[PanClaimed, ...]:
    if state.card_id:
        if (state.card_id, state.token_id) == (command.card_id, command.token_id):
            return ()
        raise Refused("PAN_TAKEN", "another card has this number")
    return (
        PanClaimed(
            pan_hash=command.pan_hash,
            sealed_pan=command.sealed_pan,
            card_id=command.card_id,
            account_id=command.account_id,
            customer_id=command.customer_id,
            last_four=command.last_four,
            token_id=command.token_id,
        ),
    )


def _refuse(state: Pan, command: RefuseUnknownCard) -> tuple[UnknownCardRefused, ...]:
    known = state.refusals.get(command.charge_id)
    if known is not None:
        if (known.amount, known.merchant) == (command.amount, command.merchant):
            return ()
        raise Refused("CHARGE_AUTHORISED_DIFFERENTLY", "a charge of this id has other content")
    if state.card_id:
        raise Refused("PAN_TAKEN", "a card has this number by now; ask again")
    return (
        UnknownCardRefused(
            charge_id=command.charge_id,
            amount=command.amount,
            merchant=command.merchant,
            entry_mode=command.entry_mode,
            response_code=RESPONSE_CODES[DeclineReason.CARD_UNKNOWN],
            reason=DeclineReason.CARD_UNKNOWN,
            transaction_date=command.transaction_date,
            transaction_at=command.transaction_at,
        ),
    )


PAN: Decider[Pan] = Decider(
    category="pan",
    state=Pan,
    initial=Pan(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.pan_hash),
    commands=(ClaimPan, RefuseUnknownCard),
    facts=(PanClaimed, UnknownCardRefused),
)
