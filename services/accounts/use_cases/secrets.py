"""What is made from the sealed keys of cards: values to compare, PINs to keep, keys to give."""

import hmac
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from chassis.kernel.errors import Invalid
from chassis.kernel.values import keyword_record
from services.accounts.domain.account.state import Card, CreditAccount
from services.accounts.domain.card_place import CARD_PLACE
from services.accounts.domain.life.using import plastic_of, plastic_shown
from services.accounts.domain.pan import PAN
from services.accounts.domain.values import CardChecks
from services.accounts.use_cases import card_values, chip_data
from services.accounts.use_cases.accounts import PAN_PURPOSE, Accounts, place_of_pan, subject_of
from services.accounts.use_cases.bin_keys import BinKeys, ClearKeys
from services.accounts.use_cases.card_values import ServiceCode
from services.accounts.use_cases.chip_data import ChipAnswers, ChipVerdict

PIN_PURPOSE = "accounts.pin"
RSA_BITS_LEAST = 2_048


@keyword_record
class Shown:
    """What is shown of a card, to be compared and never kept; empty where it is not shown.

    `block` is a PIN block of the card `number`, under one of `zone_keys` (triple DES) where a
    network passes it, else under the transport keys of the BIN. `service_code` is the one that
    `value` was made with. `chip` is what the chip said, of the plastic `sequence` (0: the newest).
    """

    expiry: str = ""
    value: str = field(default="", repr=False)
    service_code: str = ServiceCode.PRINTED
    block: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    zone_keys: tuple[bytes, ...] = field(default=(), repr=False)
    chip: str = ""
    sequence: int = 0


class Compared(NamedTuple):
    """What came of it: for the decision, and for the chip."""

    checks: CardChecks | None = None
    answers: ChipAnswers | None = None


def _place_of_pvv(card_id: str) -> str:
    return f"PinChanged.sealed_pvv:{card_id}"


@dataclass(frozen=True)
class Secrets:
    """The steps around the deciders."""

    accounts: Accounts

    @cached_property
    def bins(self) -> BinKeys:
        """The keys of BINs."""
        return BinKeys(self.accounts)

    async def _number(self, card_id: str) -> str:
        """The full number of a card, for computing with it."""
        place = await self.accounts.place(card_id)
        vault = await self.accounts.application.state(PAN, place.pan_hash)
        number = await self.accounts.keys.open(
            subject_of(place.customer_id), PAN_PURPOSE, vault.sealed_pan, place_of_pan(card_id)
        )
        return number.decode()

    async def reveal(self, card_id: str) -> tuple[str, Card]:
        """The printed value (CVV2) of a card, which is put on record first."""
        account, card = await self.accounts.card(card_id)
        await self.accounts.application.witness(CARD_PLACE, card_id)
        number = await self._number(card_id)
        keys = await self.bins.on(account.in_force.bin, card.plastic.issued_on)
        value = card_values.verification_value(
            keys.cvk, number, card.expires_on, ServiceCode.PRINTED
        )
        return value, card

    # PINs

    async def sealed_pvv(self, card_id: str, block: str) -> tuple[str, int]:
        """The sealed verification value of the PIN in a block, and the version of the key it is
        made with; empty for what is no PIN block, which the decision refuses: so that a retry is
        known as one whatever it carries."""
        account, _ = await self.accounts.card(card_id)
        keys = (await self.bins.newest(account.in_force.bin))[0]
        try:
            pvv = await self._pvv(account, card_id, Shown(block=block), keys)
        except Invalid:
            return "", keys.version
        subject, place = subject_of(account.customer_id), _place_of_pvv(card_id)
        sealed = await self.accounts.keys.seal(subject, PIN_PURPOSE, pvv.encode(), place)
        return sealed, keys.version

    async def _pvv(
        self, account: CreditAccount, card_id: str, shown: Shown, keys: ClearKeys
    ) -> str:
        number = await self._number(card_id)
        transport = await self.bins.newest(account.in_force.bin)
        plain = card_values.pin_of(
            bytes.fromhex(shown.block),
            shown.number or number,
            shown.zone_keys or tuple(each.tdes_transport_key for each in transport),
            tuple(each.aes_transport_key for each in transport),
        )
        return card_values.pin_verification_value(keys.pvk, number, plain)

    async def compare_pin(self, account: CreditAccount, card: Card, shown: Shown) -> bool:
        """Whether the PIN in a block is the card's. A card without PIN has no right one. Raises
        Invalid for what is no PIN block of it."""
        keys = await self.bins.of(account.in_force.bin, card.pin_key_version)
        given = await self._pvv(account, card.card_id, shown, keys)
        if not card.sealed_pvv:
            return False
        kept = await self.accounts.keys.open(
            subject_of(account.customer_id),
            PIN_PURPOSE,
            card.sealed_pvv,
            _place_of_pvv(card.card_id),
        )
        return hmac.compare_digest(given.encode(), kept)

    # What is shown of a card

    async def check(self, card_id: str, shown: Shown, day: date) -> Compared:
        """What is shown of a card on a day, compared; nothing where nothing is. Raises Invalid
        for what is no PIN block of the card, and for chip data that are none."""
        if not (shown.expiry or shown.value or shown.block or shown.chip):
            return Compared()
        if not (shown.value or shown.block or shown.chip):
            return Compared(CardChecks(expiry=shown.expiry))
        account, card = await self.accounts.card(card_id)
        verdict = await self._verdict(account, card, shown)
        checks = CardChecks(
            value_matches=await self._value_matches(account, card, shown, day),
            printed=shown.service_code == ServiceCode.PRINTED,
            pin_matches=await self.compare_pin(account, card, shown) if shown.block else None,
            pin_number=card.pin_number,
            expiry=shown.expiry,
            chip_matches=verdict.matches,
            chip_sequence=shown.sequence or card.sequence,
            chip_counter=verdict.counter,
        )
        return Compared(checks, verdict.answers)

    async def _value_matches(
        self, account: CreditAccount, card: Card, shown: Shown, day: date
    ) -> bool | None:
        if not shown.value:
            return None
        plastic = plastic_shown(card, shown.expiry, day) or card.plastic
        keys = await self.bins.on(account.in_force.bin, plastic.issued_on)
        right = card_values.verification_value(
            keys.cvk, await self._number(card.card_id), plastic.expires_on, shown.service_code
        )
        return hmac.compare_digest(right, shown.value)

    async def _verdict(self, account: CreditAccount, card: Card, shown: Shown) -> ChipVerdict:
        """What the chip's cryptogram is worth; nothing can be said without the key of its time."""
        if not shown.chip:
            return ChipVerdict(None)
        tags = chip_data.tags_of(bytes.fromhex(shown.chip))
        sequence = shown.sequence or card.sequence
        plastic = plastic_of(card, sequence)
        if plastic is None:
            return ChipVerdict(False)
        keys = await self.bins.on(account.in_force.bin, plastic.issued_on)
        if not keys.chip_key:
            return ChipVerdict(None)
        number = await self._number(card.card_id)
        return chip_data.verify(tags, keys.chip_key, number, sequence)

    # Keys for others

    async def exported(self, bin_digits: str, public_key: str) -> tuple[bytes, bytes]:
        """The transport keys of a BIN for TDES and AES, each encrypted with RSA-OAEP (SHA-256) for
        whoever has the private key. Raises Invalid for no RSA key, or too short a one."""
        try:
            key = serialization.load_pem_public_key(public_key.encode())
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < RSA_BITS_LEAST:
            raise Invalid(
                "PUBLIC_KEY_UNFIT", f"an RSA key of {RSA_BITS_LEAST} bits", field="public_key"
            )
        keys = (await self.bins.newest(bin_digits))[0]
        digest = hashes.SHA256()
        oaep = padding.OAEP(padding.MGF1(digest), digest, None)
        return key.encrypt(keys.tdes_transport_key, oaep), key.encrypt(keys.aes_transport_key, oaep)
