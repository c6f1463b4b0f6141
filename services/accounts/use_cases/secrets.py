"""What is made from the sealed keys of cards: values to compare, PINs to keep, keys to give."""

import hmac
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from chassis.kernel.errors import Invalid
from services.accounts.domain.account.state import Card, CreditAccount
from services.accounts.domain.card_place import CARD_PLACE
from services.accounts.domain.life.using import expiry_shown
from services.accounts.domain.pan import PAN
from services.accounts.domain.pins.card_keys import CARD_KEYS, CardKeys, GenerateCardKeys
from services.accounts.domain.values import CardChecks
from services.accounts.use_cases import card_values
from services.accounts.use_cases.accounts import PAN_PURPOSE, Accounts, place_of_pan, subject_of
from services.accounts.use_cases.card_values import ServiceCode

KEYS_PURPOSE = "accounts.card_keys"
PIN_PURPOSE = "accounts.pin"
KEY_BYTES = {"cvk": 16, "pvk": 16, "tdes_transport_key": 16, "aes_transport_key": 32}
RSA_BITS_LEAST = 2_048


class ClearKeys(NamedTuple):
    """The keys of a BIN in clear; never kept, never printed."""

    cvk: bytes
    pvk: bytes
    tdes_transport_key: bytes
    aes_transport_key: bytes

    def __repr__(self) -> str:
        return "ClearKeys(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown of a card, to be compared and never kept; empty where it is not shown.

    `block` is a PIN block of the card `number`, under one of `zone_keys` (triple DES) where a
    network passes it, else under the transport keys of the BIN. `service_code` is the one that
    `value` was made with.
    """

    expiry: str = ""
    value: str = field(default="", repr=False)
    service_code: str = ServiceCode.PRINTED
    block: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    zone_keys: tuple[bytes, ...] = field(default=(), repr=False)


def _place_of_key(name: str, bin_digits: str) -> str:
    return f"CardKeysGenerated.{name}:{bin_digits}"


def _place_of_pvv(card_id: str) -> str:
    return f"PinChanged.sealed_pvv:{card_id}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The steps around the deciders."""

    accounts: Accounts

    async def keys_of(self, bin_digits: str) -> ClearKeys:
        """The keys of a BIN, made at their first use."""
        application, keys = self.accounts.application, self.accounts.keys
        state = await application.peek(CARD_KEYS, bin_digits)
        subject = f"bin:{bin_digits}"
        if state is None:
            sealed = {
                f"sealed_{name}": await keys.seal(
                    subject,
                    KEYS_PURPOSE,
                    self.accounts.ports.random.randbytes(size),
                    _place_of_key(name, bin_digits),
                )
                for name, size in KEY_BYTES.items()
            }
            command = GenerateCardKeys(bin=bin_digits, **sealed)
            await application.execute(command, actor="service:accounts")
            # Another process may have been first, and then its keys are the keys.
            state = await application.state(CARD_KEYS, bin_digits)
        return ClearKeys(*[await self._opened(state, name) for name in KEY_BYTES])

    async def _opened(self, state: CardKeys, name: str) -> bytes:
        return await self.accounts.keys.open(
            f"bin:{state.bin}",
            KEYS_PURPOSE,
            getattr(state, f"sealed_{name}"),
            _place_of_key(name, state.bin),
        )

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
        number, keys = await self._number(card_id), await self.keys_of(account.in_force.bin)
        value = card_values.verification_value(
            keys.cvk, number, card.expires_on, ServiceCode.PRINTED
        )
        return value, card

    async def sealed_pvv(self, card_id: str, block: str) -> str:
        """The sealed verification value of the PIN in a block; empty for what is no PIN block,
        which the decision refuses: so that a retry is known as one whatever it carries."""
        account, _ = await self.accounts.card(card_id)
        try:
            pvv = await self._pvv(account, card_id, Shown(block=block))
        except Invalid:
            return ""
        return await self.accounts.keys.seal(
            subject_of(account.customer_id), PIN_PURPOSE, pvv.encode(), _place_of_pvv(card_id)
        )

    async def _pvv(self, account: CreditAccount, card_id: str, shown: Shown) -> str:
        number, keys = await self._number(card_id), await self.keys_of(account.in_force.bin)
        plain = card_values.pin_of(
            bytes.fromhex(shown.block),
            shown.number or number,
            shown.zone_keys or (keys.tdes_transport_key,),
            keys.aes_transport_key,
        )
        return card_values.pin_verification_value(keys.pvk, number, plain)

    async def compare_pin(self, account: CreditAccount, card: Card, shown: Shown) -> bool:
        """Whether the PIN in a block is the card's. A card without PIN has no right one. Raises
        Invalid for what is no PIN block of it."""
        given = await self._pvv(account, card.card_id, shown)
        if not card.sealed_pvv:
            return False
        kept = await self.accounts.keys.open(
            subject_of(account.customer_id),
            PIN_PURPOSE,
            card.sealed_pvv,
            _place_of_pvv(card.card_id),
        )
        return hmac.compare_digest(given.encode(), kept)

    async def check(self, card_id: str, shown: Shown, day: date) -> CardChecks | None:
        """What is shown of a card on a day, compared; None where nothing is."""
        if not (shown.expiry or shown.value or shown.block):
            return None
        if not (shown.value or shown.block):
            return CardChecks(expiry=shown.expiry)
        account, card = await self.accounts.card(card_id)
        value_matches = None
        if shown.value:
            number, keys = await self._number(card_id), await self.keys_of(account.in_force.bin)
            expires_on = expiry_shown(card, shown.expiry, day) or card.expires_on
            right = card_values.verification_value(keys.cvk, number, expires_on, shown.service_code)
            value_matches = hmac.compare_digest(right, shown.value)
        return CardChecks(
            value_matches=value_matches,
            printed=shown.service_code == ServiceCode.PRINTED,
            pin_matches=await self.compare_pin(account, card, shown) if shown.block else None,
            pin_number=card.pin_number,
            expiry=shown.expiry,
        )

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
        keys = await self.keys_of(bin_digits)
        digest = hashes.SHA256()
        oaep = padding.OAEP(padding.MGF1(digest), digest, None)
        return key.encrypt(keys.tdes_transport_key, oaep), key.encrypt(keys.aes_transport_key, oaep)
