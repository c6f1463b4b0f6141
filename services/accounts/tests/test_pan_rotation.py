"""Data keys are rotated while cards are used: old numbers are opened, new ones sealed anew."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb

from chassis.crypto.data_keys import DATA_KEY_CACHE_SECONDS, NEWEST, DataKey, unknown
from chassis.crypto.keys import FieldKeys
from chassis.crypto.sealing import KEY_BYTES, version_of
from chassis.testing.harness import running
from services.accounts.app import SERVICE
from services.accounts.domain.card_place import CARD_PLACE
from services.accounts.domain.pan import PAN
from services.accounts.tests.conftest import Door, RiskStub


class RotatingSource:
    """Data keys of which there is a newer version whenever somebody says so."""

    def __init__(self) -> None:
        self.version = 1

    async def create(self, subject: str, purpose: str) -> DataKey:
        return await self.get(subject, purpose, NEWEST)

    async def get(self, subject: str, purpose: str, version: int) -> DataKey:
        version = version or self.version
        if version > self.version:
            raise unknown(subject)
        seed = f"{subject} {purpose} {version}".encode()
        return DataKey(subject, purpose, version, (seed * KEY_BYTES)[:KEY_BYTES])


@pytest.fixture
async def rotating(tmp_path: Path) -> AsyncIterator[tuple[Door, RotatingSource]]:
    """A running service whose data keys can be rotated."""
    source, stub = RotatingSource(), RiskStub()
    async with running(SERVICE, tmp_path, stubs={"risk": stub}) as node:
        node.ports.keys = FieldKeys(source, clock=node.clock, lookup_secret=b"s" * 32)
        apis = [api for _, api, _ in SERVICE.rpcs(node.ports)]
        methods = {
            name: (getattr(api, name), getattr(pb, f"{name}Request"))
            for api in apis
            for name in dir(api)
            if name[0].isupper() and hasattr(pb, f"{name}Request")
        }
        yield Door(node, methods, stub), source


async def test_numbers_are_used_without_a_pause_while_their_keys_are_rotated(
    rotating: tuple[Door, RotatingSource],
) -> None:
    door, source = rotating
    account = await door.open()

    async def number_of(card_id: str) -> str:
        return str((await door("RevealCardNumber", card_id=card_id)).number)

    async def version(card_id: str) -> int:
        place = await door.node.ports.application.state(CARD_PLACE, card_id)
        vault = await door.node.ports.application.state(PAN, place.pan_hash)
        return version_of(vault.sealed_pan)

    cards = {account.cards[0].card_id: await number_of(account.cards[0].card_id)}
    for rotation in range(2, 5):
        source.version = rotation
        for number in cards.values():
            charge = await door.charge(account, 1, card_id="", card_number=number)
            assert charge.approved
        # A process seals with the key that it remembers, for a minute at most.
        door.node.clock.advance(timedelta(seconds=DATA_KEY_CACHE_SECONDS))
        issued = (await door("IssueCard", account_id=account.account_id)).card.card_id
        cards[issued] = await number_of(issued)
        assert await version(issued) == rotation
        for card_id, number in cards.items():
            assert await number_of(card_id) == number
    assert await version(account.cards[0].card_id) == 1
