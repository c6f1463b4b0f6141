"""Chips at the door: their cryptograms are verified, and their keys replaced by two people."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts

from chassis.call import Principal
from chassis.kernel.errors import NotFound, Refused
from services.accounts.tests.conftest import Door
from services.accounts.tests.shop import RIGHT, Chip, Shop, opened_shop
from services.accounts.use_cases import card_values, chip_data


def manager(name: str) -> Principal:
    return Principal(f"operator:{name}", "operator", ("programme_manager",))


@pytest.fixture
async def shop(door: Door) -> AsyncIterator[Shop]:
    """A card with a PIN and a chip, and a line to the door for its network."""
    async with opened_shop(door) as made:
        yield made


@pytest.mark.parametrize("version", [chip_data.VERSION_10, chip_data.VERSION_18])
async def test_a_cryptogram_of_the_cards_chip_is_approved_once(shop: Shop, version: int) -> None:
    chip = Chip(shop, (await shop.keys()).chip_key)
    said = chip.says(100, version)
    answer = await chip.pay(100, said)
    assert answer[39] == "00"
    assert answer[55].startswith("91")
    again = await chip.pay(100, said)
    assert (again[39], again[55][:2]) == ("82", "91")
    assert again[55] != answer[55], "the chip is told that it is declined"
    assert (await chip.pay(200, chip.says(200, version)))[39] == "00"
    assert await shop.held() == 300


async def test_a_cryptogram_of_another_chip_or_about_another_amount_is_declined(
    shop: Shop,
) -> None:
    chip, copy = Chip(shop, (await shop.keys()).chip_key), Chip(shop, bytes(range(16)))
    assert (await copy.pay())[39] == "82"
    changed = chip.says(100).replace(f"{100:012d}", f"{9_900:012d}")
    assert (await chip.pay(9_900, changed))[39] == "82"
    assert (await chip.pay(f23="002"))[39] == "82", "there is no such plastic yet"
    assert (await chip.pay(f23="001"))[39] == "00"
    broken = await chip.pay(told="9F0206")
    assert broken[39] == "30"
    assert await shop.held() == 100


async def test_a_plastic_is_over_when_the_chip_of_its_successor_is_used(shop: Shop) -> None:
    key = (await shop.keys()).chip_key
    old, new = Chip(shop, key, 1), Chip(shop, key, 2)
    shop.rpcs.node.clock.advance(timedelta(days=40))
    shop.terminal.later(days=40)
    await shop.rpcs("RenewCard", card_id=shop.card_id, reason="DAMAGED")
    assert (await old.pay(f23="001"))[39] == "00"
    assert (await new.pay(f23="002"))[39] == "00"
    assert (await old.pay(f23="001"))[39] == "82"


async def test_unverified_chips_pay_unless_the_programme_wants_them_verified(door: Door) -> None:
    account = await door.open(chip_verified_only=True)
    for mode, told in (
        (accounts.ENTRY_MODE_CHIP, ("82", "CHIP_NOT_VERIFIED")),
        (accounts.ENTRY_MODE_CONTACTLESS, ("82", "CHIP_NOT_VERIFIED")),
        (accounts.ENTRY_MODE_ECOMMERCE, ("00", "")),
    ):
        charge = (await door.charge(account, 1, entry_mode=mode)).charge
        assert (charge.response_code, charge.reason) == told


# Keys


async def test_keys_are_replaced_by_two_people_and_cards_keep_theirs_until_renewed(
    shop: Shop,
) -> None:
    rpcs, first = shop.rpcs, await shop.keys()
    mary, mark = manager("mary"), manager("mark")
    asked = await rpcs("ProposeKeyRotation", programme_id="everyday", reason="YEARLY", as_=mary)
    named = {"programme_id": "everyday", "rotation_id": asked.rotation.rotation_id}
    with pytest.raises(Refused, match="SECOND_PERSON_NEEDED"):
        await rpcs("ApproveKeyRotation", **named, as_=mary)
    approved = await rpcs("ApproveKeyRotation", **named, as_=mark)
    assert (approved.version.version, approved.version.proposed_by) == (2, "operator:mary")
    assert await shop.keys() == first, "they are good for tomorrow's cards"
    value = await shop.value("201")
    swiped: dict[str, Any] = {
        "f22": "902",
        "f35": f"{shop.terminal.pan}={shop.expires_on:%y%m}20100000{value}",
    }
    chip = Chip(shop, first.chip_key)
    rpcs.node.clock.advance(timedelta(days=40))
    shop.terminal.later(days=40)
    second = await shop.keys()
    assert not set(first[1:]) & set(second[1:])
    assert await shop.pay(**swiped) == "00"
    assert (await chip.pay(f23="001"))[39] == "00"
    assert await shop.pay(f52=shop.block(RIGHT)) == "00", "a PIN has the key of its own day"
    renewed = (await rpcs("RenewCard", card_id=shop.card_id, reason="EXPIRING")).card
    newer = date.fromisoformat(renewed.expires_on)
    made = card_values.verification_value(second.cvk, shop.terminal.pan, newer, "201")
    again = {**swiped, "f35": f"{shop.terminal.pan}={newer:%y%m}20100000{made}"}
    assert await shop.pay(**again) == "00"
    assert await shop.pay(**swiped) == "00", "the former plastic has its former keys"
    assert (await Chip(shop, second.chip_key, 2).pay(f23="002"))[39] == "00"
    assert await shop.pay(f52=shop.block(RIGHT)) == "00"
    old_block = shop.secrets.block("2580")
    await shop.secrets("SetPin", card_id=shop.card_id, pin_block=old_block)
    assert await shop.pay(f52=shop.block("2580")) == "00", "and one that is set is by the newest"
    kept = await rpcs("GetCardKeys", programme_id="everyday", as_=mary)
    assert [each.version for each in kept.versions] == [2, 1]
    assert not kept.HasField("proposed")


async def test_new_keys_can_be_refused(door: Door) -> None:
    account = await door.open()
    mary = manager("mary")
    propose: dict[str, Any] = {"programme_id": "everyday", "reason": "YEARLY", "as_": mary}
    with pytest.raises(NotFound, match="CARD_KEYS_NOT_FOUND"):
        await door("ProposeKeyRotation", **propose)
    await door("RevealSecurityCode", card_id=account.cards[0].card_id)
    asked = (await door("ProposeKeyRotation", **propose)).rotation
    with pytest.raises(Refused, match="ROTATION_WAITS"):
        await door("ProposeKeyRotation", **propose)
    named = {"programme_id": "everyday", "rotation_id": asked.rotation_id}
    await door("RejectKeyRotation", **named, reason="NOT_NOW", as_=manager("mark"))
    for name in ("ApproveKeyRotation", "ProposeKeyRotation"):
        more = {} if name.startswith("Approve") else {"reason": "YEARLY"}
        with pytest.raises(Refused, match="ROTATION_DECIDED"):
            await door(name, **named, **more, as_=manager("mark"))
    other = {**named, "rotation_id": "f" * 32}
    with pytest.raises(NotFound, match="ROTATION_NOT_FOUND"):
        await door("ApproveKeyRotation", **other, as_=manager("mark"))
