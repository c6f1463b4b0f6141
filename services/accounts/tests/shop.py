"""A card with a PIN and a chip, and a network that passes what is shown of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from psec import des, pinblock

from services.accounts.iso8583.message import Message
from services.accounts.tests import test_card_secrets
from services.accounts.tests.network import (
    Terminal,
    World,
    connected,
    open_door,
    served,
    settings,
)
from services.accounts.use_cases import card_values, chip_data
from services.accounts.use_cases.bin_keys import ClearKeys

ZONE_KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
RIGHT, WRONG = "4711", "4712"


@dataclass
class Shop(World):
    """A network that passes PIN blocks under a zone key, and a card with a PIN."""

    secrets: Any = None

    def block(self, pin: str, number: str = "", key: bytes = ZONE_KEY) -> str:
        """Field 52: a PIN block of format 0 under the zone key."""
        clear = pinblock.encode_pinblock_iso_0(pin, number or self.terminal.pan)
        with card_values.old_ciphers():
            return bytes(des.encrypt_tdes_ecb(key, clear)).hex().upper()

    async def pay(self, amount: int = 100, **fields: Any) -> str:
        """Field 39 of an authorisation."""
        return (await self.line.ask(self.terminal.message("0100", amount, **fields)))[39]

    async def value(self, code: str, expires_on: date | None = None) -> str:
        """The card's verification value for a service code."""
        found = await self.keys()
        until = expires_on or self.expires_on
        return card_values.verification_value(found.cvk, self.terminal.pan, until, code)

    async def keys(self) -> ClearKeys:
        """Those of the card's BIN, as of today."""
        return (await self.door.charges.secrets.bins.newest("500012"))[0]

    @property
    def expires_on(self) -> date:
        return date.fromisoformat(self.account.cards[0].expires_on)

    @property
    def card_id(self) -> str:
        return str(self.account.cards[0].card_id)


class Chip:
    """A card's chip, which counts its transactions and signs what a terminal tells it."""

    def __init__(self, shop: Shop, issuer_key: bytes, sequence: int = 1) -> None:
        self._shop = shop
        self._sequence = sequence
        with card_values.old_ciphers():
            self._key = chip_data.derived_card_key(issuer_key, shop.terminal.pan, sequence)
        self.counter = 0

    def says(self, minor: int, version: int = chip_data.VERSION_18) -> str:
        """Field 55."""
        self.counter += 1
        said = {
            "9F02": f"{minor:012d}",
            "9F03": "0" * 12,
            "9F1A": "0826",
            "95": "0000008000",
            "5F2A": "0826",
            "9A": "260314",
            "9C": "00",
            "9F37": f"{self.counter * 7919:08X}",
            "82": "1980",
            "9F36": f"{self.counter:04X}",
        }
        told = bytes.fromhex(f"0601{version:02X}03A0B800")
        signed = bytes.fromhex("".join(said.values()))
        with card_values.old_ciphers():
            if version == chip_data.VERSION_10:
                cryptogram = chip_data._mac(self._key, signed + told[3:], padding=1)
            else:
                key = chip_data.derived_session_key(self._key, bytes.fromhex(said["9F36"]))
                cryptogram = chip_data._mac(key, signed + told, padding=2)
        said |= {"9F10": told.hex(), "9F26": cryptogram.hex()}
        return "".join(f"{tag}{len(text) // 2:02X}{text}" for tag, text in said.items()).upper()

    async def pay(self, minor: int = 100, told: str = "", **fields: Any) -> Message:
        """The answer to an authorisation by chip."""
        said = told or self.says(minor)
        message = self._shop.terminal.message("0100", minor, f55=said, **fields)
        return await self._shop.line.ask(message)


@asynccontextmanager
async def opened_shop(door: Any, **changes: Any) -> AsyncIterator[Shop]:
    """A card with the PIN 4711 and a line to the door for its network."""
    account = await door.open()
    holder = test_card_secrets.Terminal(door, account)
    await holder.learn()
    await holder("SetPin", card_id=holder.card_id, pin_block=holder.block(RIGHT))
    chosen = settings(**{"iso8583_pin_key": ZONE_KEY.hex(), **changes})
    opened = open_door(door.node, chosen)
    async with served(opened, chosen) as server, connected(server, opened.codec) as line:
        yield Shop(door, opened, line, Terminal(holder.number), account, holder)
