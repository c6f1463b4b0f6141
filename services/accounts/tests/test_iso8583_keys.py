"""A network changes its keys through the door while its messages come."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import network_keys_service_pb2 as pb
from psec import tr31

from chassis.call import Principal
from chassis.framed_server import Peer
from chassis.kernel.errors import Invalid, NotFound, Refused
from services.accounts.domain.pins.network_keys import NetworkKeyChanged, NetworkKeyKind
from services.accounts.iso8583.door import Connection
from services.accounts.iso8583.message import Codec, Malformed, Message
from services.accounts.iso8583.spec import Encoding
from services.accounts.tests.conftest import Door, methods_of
from services.accounts.tests.network import GATEWAY, management, open_door, settings
from services.accounts.tests.shop import RIGHT, ZONE_KEY, Shop, opened_shop
from services.accounts.tests.test_card_secrets import stored_in
from services.accounts.use_cases import network_keys
from services.accounts.use_cases.card_values import old_ciphers

KEK = bytes(range(32))
MAC_KEY, NEW_MAC_KEY = bytes(range(16, 32)), bytes(range(32, 64))
NEW_PIN_KEY = bytes.fromhex("FEDCBA98765432100123456789ABCDEF")
PARTNER = Principal(f"partner:{GATEWAY}", "partner", ("gateway",))
OVERLAP = timedelta(minutes=15)


def block(key: bytes, header: str = "D0000P0TB00E0000", kek: bytes = KEK) -> str:
    """A TR-31 key block."""
    with old_ciphers():
        return tr31.wrap(kek, header, key)


def delivery(key_block: str, stan: int, code: str = "161") -> Message:
    """An 0800 that brings a key."""
    asked = management(code, stan)
    return Message(asked.mti, {**asked.fields, 110: key_block})


OF_MAC = "D0000M6AC00E0000"


@pytest.fixture
async def shop(door: Door) -> AsyncIterator[Shop]:
    """A network that shares a key-encryption key with the house."""
    async with opened_shop(door, iso8583_key_encryption_key=KEK.hex()) as made:
        yield made


async def test_a_new_pin_key_is_used_and_the_former_taken_for_a_while(shop: Shop) -> None:
    answer = await shop.line.ask(delivery(block(NEW_PIN_KEY), 1))
    assert (answer.mti, answer[39], answer[44][:4]) == ("0810", "00", "7B83")
    by_new, by_former = shop.block(RIGHT, key=NEW_PIN_KEY), shop.block(RIGHT)
    assert [await shop.pay(f52=each) for each in (by_new, by_former)] == ["00", "00"]
    (fact,) = [each for each in shop.facts() if isinstance(each, NetworkKeyChanged)]
    assert fact.former_until - fact.effective_at == OVERLAP
    shop.rpcs.node.clock.advance(OVERLAP)
    assert [await shop.pay(f52=each) for each in (by_new, by_former)] == ["00", "81"]
    again = await shop.line.ask(Message("0801", delivery(block(NEW_PIN_KEY), 1).fields))
    assert again[39] == "94", "a key block is made with chance, so that this is another message"
    assert (await shop.line.ask(delivery(block(NEW_PIN_KEY), 2)))[39] == "94"
    assert (await shop.line.ask(delivery(block(ZONE_KEY), 3, "101")))[39] == "00"
    assert [await shop.pay(f52=each) for each in (by_new, by_former)] == ["00", "00"]


async def test_a_delivery_that_is_repeated_changes_nothing_more(shop: Shop) -> None:
    asked = delivery(block(NEW_PIN_KEY), 1)
    first = await shop.line.ask(asked)
    again = await shop.line.ask(Message("0801", asked.fields))
    assert again.fields == first.fields
    assert len([each for each in shop.facts() if isinstance(each, NetworkKeyChanged)]) == 1


@pytest.mark.parametrize(
    "key_block",
    [
        block(NEW_PIN_KEY, kek=bytes(32)),
        block(NEW_PIN_KEY, "D0000K0TB00E0000"),
        block(NEW_PIN_KEY, "D0000P0AB00E0000"),
        block(NEW_PIN_KEY, "D0000P0TN00E0000"),
        block(NEW_MAC_KEY, "D0000P0TB00E0000"),
        block(NEW_PIN_KEY)[:-1] + "0",
        "NOTAKEYBLOCKATALL" * 2,
    ],
    ids=["key", "usage", "algorithm", "mode", "length", "changed", "none"],
)
async def test_an_unfit_key_block_is_refused(shop: Shop, key_block: str) -> None:
    answer = await shop.line.ask(delivery(key_block, 1))
    assert answer[39] == "30"
    assert not any(isinstance(each, NetworkKeyChanged) for each in shop.facts())
    assert await shop.pay(f52=shop.block(RIGHT)) == "00"


async def test_a_key_without_key_block_or_key_encryption_key_is_refused(door: Door) -> None:
    async with opened_shop(door) as shop:
        assert (await shop.line.ask(delivery(block(NEW_PIN_KEY), 1)))[39] == "40"
        answer = await shop.line.ask(management("161", 2))
        assert (answer[39], answer[44]) == ("30", "110")
        assert (await shop.line.ask(management("162", 3)))[39] == "40"


async def test_a_mac_key_without_authentication_is_refused(shop: Shop) -> None:
    answer = await shop.line.ask(delivery(block(NEW_MAC_KEY, OF_MAC), 1))
    assert answer[39] == "40"


@pytest.fixture
async def authenticated(door: Door) -> AsyncIterator[Shop]:
    """A network whose messages are authenticated."""
    more = {"iso8583_key_encryption_key": KEK.hex(), "iso8583_mac_key": MAC_KEY.hex()}
    async with opened_shop(door, **more) as made:
        yield made


async def test_messages_are_authenticated_by_either_key_and_answered_by_the_same(
    authenticated: Shop,
) -> None:
    shop = authenticated
    by_former, by_new = Codec(Encoding.ASCII, MAC_KEY), Codec(Encoding.ASCII, NEW_MAC_KEY)

    async def told(codec: Codec) -> str:
        shop.line.codec = codec
        return (await shop.line.ask(shop.terminal.message("0100", 100)))[39]

    shop.line.codec = by_former
    assert (await shop.line.ask(delivery(block(NEW_MAC_KEY, OF_MAC), 1)))[39] == "00"
    assert [await told(each) for each in (by_new, by_former)] == ["00", "00"]
    shop.rpcs.node.clock.advance(OVERLAP)
    assert await told(by_new) == "00"
    shop.line.codec = by_former
    shop.line.send(shop.terminal.message("0100", 100))
    with pytest.raises(Malformed, match="not authentic"):
        await shop.line.receive()
    shop.line.codec = by_new
    assert await told(by_new) == "00"
    assert await shop.held() == 400


async def test_another_process_learns_of_a_new_key_by_itself(authenticated: Shop) -> None:
    shop = authenticated
    more: dict[str, Any] = {
        "iso8583_pin_key": ZONE_KEY.hex(),
        "iso8583_key_encryption_key": KEK.hex(),
        "iso8583_mac_key": MAC_KEY.hex(),
    }
    other = Connection(open_door(shop.rpcs.node, settings(**more)), GATEWAY, Peer("elsewhere"))

    async def ask(message: Message, key: bytes) -> Message:
        codec = Codec(Encoding.ASCII, key)
        answer = await other.answer(codec.encode(message.mti, message.fields))
        assert answer is not None
        return codec.decode(answer)

    assert (await ask(shop.terminal.message("0100", 100), MAC_KEY))[39] == "00"
    await shop.line.ask(delivery(block(NEW_MAC_KEY, OF_MAC), 1))
    await shop.line.ask(delivery(block(NEW_PIN_KEY), 2))
    shop.rpcs.node.clock.advance(timedelta(seconds=2))
    assert (await ask(shop.terminal.message("0100", 100), NEW_MAC_KEY))[39] == "00"
    by_new = shop.block(RIGHT, key=NEW_PIN_KEY)
    assert (await ask(shop.terminal.message("0100", 100, f52=by_new), NEW_MAC_KEY))[39] == "00"


async def test_a_key_that_another_process_replaced_ends_here_too(shop: Shop) -> None:
    rpcs = Door(shop.rpcs.node, methods_of(shop.rpcs.node), shop.rpcs.risk)
    assert await shop.pay(f52=shop.block(RIGHT)) == "00"
    await rpcs("ChangeNetworkKey", key_block=block(NEW_PIN_KEY), as_=PARTNER)
    assert await shop.pay(f52=shop.block(RIGHT)) == "00"
    shop.rpcs.node.clock.advance(OVERLAP)
    assert await shop.pay(f52=shop.block(RIGHT)) == "81"
    assert await shop.pay(f52=shop.block(RIGHT, key=NEW_PIN_KEY)) == "00"


async def test_by_rpc_a_gateway_changes_its_own_keys(door: Door) -> None:
    door.node.ports.settings = settings(iso8583_key_encryption_key=KEK.hex())
    rpcs = Door(door.node, methods_of(door.node), door.risk)
    with pytest.raises(NotFound, match="NETWORK_KEYS_NOT_FOUND"):
        await rpcs("ListNetworkKeys", gateway_id=GATEWAY)
    changed = await rpcs("ChangeNetworkKey", key_block=block(NEW_PIN_KEY), as_=PARTNER)
    assert (changed.key.kind, changed.key.check_value[:4]) == (pb.NETWORK_KEY_KIND_PIN, "7B83")
    with pytest.raises(Refused, match="KEY_NOT_NEW"):
        await rpcs("ChangeNetworkKey", key_block=block(NEW_PIN_KEY), as_=PARTNER)
    with pytest.raises(Refused, match="KEY_CHANGE_NOT_SUPPORTED"):
        await rpcs("ChangeNetworkKey", key_block=block(NEW_MAC_KEY, OF_MAC), as_=PARTNER)
    with pytest.raises(Invalid, match="KEY_BLOCK_UNFIT"):
        await rpcs("ChangeNetworkKey", key_block="0" * 32, as_=PARTNER)
    await rpcs("ChangeNetworkKey", key_block=block(ZONE_KEY), as_=PARTNER)
    listed = (await rpcs("ListNetworkKeys", gateway_id=GATEWAY)).keys
    assert [(each.number, each.HasField("until")) for each in listed] == [(2, False), (1, True)]


async def test_no_key_is_anywhere_in_the_store(shop: Shop, tmp_path: Path) -> None:
    await shop.line.ask(delivery(block(NEW_PIN_KEY), 1))
    for stored in stored_in(tmp_path):
        for secret in (NEW_PIN_KEY, KEK, ZONE_KEY):
            assert secret not in stored
            assert secret.hex().encode() not in stored.lower()


def test_published_key_block_and_check_values() -> None:
    """The block in the documentation of psec, of TR-31's version B; and the check values 08D7 and
    7B83 of the keys in pyemv's tests, which come from a hardware security module."""
    published = (
        "B0096P0TE00N0000A800A7D1A4C0C1BE762177E1CC59D84844EB67C9F6432B2C"
        "A34187AE2E0385EBEE2231697BC5DAE8"
    )
    taken = network_keys.unwrap(b"FFFFFFFFEEEEEEEE", published)
    assert (taken.kind, taken.key) == (NetworkKeyKind.PIN, b"CCCCCCCCDDDDDDDD")
    for key, value in ((ZONE_KEY, "08D7"), (NEW_PIN_KEY, "7B83")):
        assert network_keys.check_value(NetworkKeyKind.PIN, key).startswith(value)
