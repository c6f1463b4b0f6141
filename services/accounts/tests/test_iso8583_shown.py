"""What a message shows of a card is compared in its authorisation: PIN, expiry, values, token."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts

from services.accounts.domain.pan import is_luhn
from services.accounts.domain.pins import events as pins
from services.accounts.iso8583.message import Message
from services.accounts.tests import test_card_secrets
from services.accounts.tests.conftest import Door
from services.accounts.tests.network import World
from services.accounts.tests.shop import RIGHT, WRONG, ZONE_KEY, Shop, opened_shop


@pytest.fixture
async def shop(door: Door) -> AsyncIterator[Shop]:
    """A card with a PIN and a chip, and a line to the door for its network."""
    async with opened_shop(door) as made:
        yield made


# PINs


async def test_the_right_pin_is_approved_and_a_wrong_one_holds_nothing(shop: Shop) -> None:
    assert await shop.pay(f52=shop.block(RIGHT)) == "00"
    assert await shop.pay(f52=shop.block(WRONG)) == "55"
    assert await shop.held() == 100
    assert [type(each) for each in shop.facts()[-1:]] == [pins.PinRefused]


async def test_after_three_wrong_pins_none_is_right_until_it_is_unblocked(shop: Shop) -> None:
    asked = [await shop.pay(f52=shop.block(WRONG)) for _ in range(4)]
    assert asked == ["55", "55", "55", "75"]
    assert await shop.pay(f52=shop.block(RIGHT)) == "75"
    assert await shop.pay() == "00", "without PIN the card is good still"
    await shop.secrets("UnblockPin", card_id=shop.card_id, reason="IDENTIFIED")
    assert await shop.pay(f52=shop.block(RIGHT)) == "00"


async def test_a_message_that_is_repeated_is_one_try(shop: Shop) -> None:
    wrong = shop.terminal.message("0100", 100, f52=shop.block(WRONG))
    for mti in ("0100", "0101", "0101", "0101"):
        assert (await shop.line.ask(Message(mti, wrong.fields)))[39] == "55"
    assert await shop.pay(f52=shop.block(RIGHT)) == "00"


async def test_a_block_of_another_card_or_under_another_key_is_no_try(shop: Shop) -> None:
    for _ in range(4):
        assert await shop.pay(f52=shop.block(RIGHT, "5000120000000005")) == "81"
        assert await shop.pay(f52=shop.block(RIGHT, key=bytes(range(16)))) == "81"
    assert await shop.pay(f52=shop.block(RIGHT)) == "00"
    assert not any(isinstance(each, pins.PinRefused) for each in shop.facts())


async def test_a_balance_asked_for_with_a_pin_counts_as_a_try(shop: Shop) -> None:
    async def balance(pin: str) -> Message:
        block = shop.block(pin)
        return await shop.line.ask(shop.terminal.message("0100", f3="310000", f52=block))

    assert (await balance(RIGHT))[54][8:20] == f"{100_000:012d}"
    told = [await balance(WRONG) for _ in range(3)]
    assert [(each[39], each.get(54)) for each in told] == [("55", "")] * 3
    assert (await balance(RIGHT))[39] == "75"


async def test_without_a_zone_key_pins_are_verified_in_front_of_the_door(network: World) -> None:
    asked = network.terminal.message("0100", 100, f52="00" * 8)
    assert (await network.line.ask(asked))[39] == "00"


async def test_nothing_of_a_pin_is_stored(shop: Shop, tmp_path: Path) -> None:
    block = shop.block(RIGHT)
    await shop.pay(f52=block)
    for stored in test_card_secrets.stored_in(tmp_path):
        assert bytes.fromhex(block) not in stored
        assert block.encode() not in stored.upper()
        assert ZONE_KEY.hex().encode() not in stored.lower()


# Expiry


async def test_another_expiry_than_the_cards_is_declined(shop: Shop) -> None:
    right = f"{shop.expires_on:%y%m}"
    assert await shop.pay(f14=right) == "00"
    assert await shop.pay(f14=f"{shop.expires_on.year % 100 + 1:02d}{right[2:]}") == "54"
    answer = await shop.line.ask(shop.terminal.message("0100", 100, f14="2913"))
    assert (answer[39], answer[44]) == ("30", "014")
    track = f"{shop.terminal.pan}={right}201"
    answer = await shop.line.ask(shop.terminal.message("0100", 100, f14="2912", f35=track))
    assert (answer[39], answer[44]) == ("30", "035")


async def test_the_former_plastic_is_good_until_its_successor_has_arrived(shop: Shop) -> None:
    former = f"{shop.expires_on:%y%m}"
    shop.rpcs.node.clock.advance(timedelta(days=40))
    shop.terminal.later(days=40)
    renewed = await shop.rpcs("RenewCard", card_id=shop.card_id, reason="DAMAGED")
    newer = date.fromisoformat(renewed.card.expires_on)
    assert f"{newer:%y%m}" != former
    value = await shop.value("201")
    track = f"{shop.terminal.pan}={former}20100000{value}"
    assert await shop.pay(f14=former) == "00"
    assert await shop.pay(f14=f"{newer:%y%m}") == "00"
    assert await shop.pay(f22="021", f35=track) == "00"
    stripe = f"{shop.terminal.pan}={newer:%y%m}20100000{await shop.value('201', newer)}"
    assert await shop.pay(f22="021", f35=stripe) == "00"
    mixed = f"{shop.terminal.pan}={newer:%y%m}20100000{value}"
    assert await shop.pay(f22="021", f35=mixed) == "82"


# Values


async def test_the_value_on_the_stripe_is_compared_over_what_the_stripe_says(shop: Shop) -> None:
    expiry, value = f"{shop.expires_on:%y%m}", await shop.value("201")
    other = str((int(value) + 1) % 1000).zfill(3)

    def swiped(service: str, value: str) -> dict[str, Any]:
        return {"f22": "902", "f35": f"{shop.terminal.pan}D{expiry}{service}00000{value}000"}

    assert await shop.pay(**swiped("201", value)) == "00"
    assert await shop.pay(**swiped("201", other)) == "82"
    # Somebody who takes the chip away from a copy has to change the service code.
    assert await shop.pay(**swiped("101", value)) == "82"


async def test_the_value_of_the_chip_is_another(shop: Shop) -> None:
    expiry = f"{shop.expires_on:%y%m}"
    for code, told in (("999", "00"), ("201", "82")):
        track = f"{shop.terminal.pan}={expiry}20100000{await shop.value(code)}"
        assert await shop.pay(f22="051", f35=track) == told


async def test_the_printed_value_is_compared_where_it_is_said(shop: Shop) -> None:
    value = await shop.value("000")
    other = str((int(value) + 1) % 1000).zfill(3)
    assert await shop.pay(f22="812", f48=f"9203{value}") == "00"
    assert await shop.pay(f22="812", f48=f"9203{other}") == "N7"
    assert await shop.pay(f22="812", f48="610510000") == "00"


# Tokens


async def test_a_token_pays_through_the_door_while_it_is_active(shop: Shop) -> None:
    rpcs, card_id = shop.rpcs, shop.card_id
    token_id = (await rpcs("ProvisionDeviceToken", card_id=card_id)).token.token_id
    named = {"token_id": token_id, "reason": "ASKED_FOR"}
    revealed = await rpcs("RevealDeviceToken", card_id=card_id, token_id=token_id)
    number = revealed.number
    assert is_luhn(number)
    tapped = {"f2": number, "f22": "071", "f14": "9912"}

    async def told() -> tuple[str, str, str]:
        """Of an authorisation, a stand-in, a question for the balance."""
        stand_in = shop.terminal.message("0120", 100, f39="00", f38="123456", **tapped)
        inquiry = shop.terminal.message("0100", f3="310000", **tapped)
        return (
            await shop.pay(**tapped),
            (await shop.line.ask(stand_in))[39],
            (await shop.line.ask(inquiry))[39],
        )

    assert await told() == ("62", "62", "62")
    await rpcs("ActivateDeviceToken", card_id=card_id, **named)
    assert await told() == ("00", "00", "00")
    assert await shop.pay(f52=shop.block(RIGHT, number), **tapped) == "00"
    assert await shop.pay(f52=shop.block(WRONG, number), **tapped) == "55"
    lost = await rpcs("ReportCardLost", card_id=card_id)
    assert await told() == ("00", "00", "00"), "it moves to the card in the place of the lost one"
    assert await shop.pay() == "41"
    card_id = lost.replacement.card_id
    held = await shop.held()
    await rpcs("SuspendDeviceToken", card_id=card_id, **named)
    assert await told() == ("62", "62", "62")
    await rpcs("ResumeDeviceToken", card_id=card_id, **named)
    await rpcs("TerminateCard", card_id=card_id, reason="ASKED_FOR")
    assert await told() == ("62", "62", "62")
    assert await shop.held() == held


async def test_by_rpc_a_token_that_is_not_active_does_not_pay_either(door: Door) -> None:
    account = await door.open()
    card_id = account.cards[0].card_id
    token_id = (await door("ProvisionDeviceToken", card_id=card_id)).token.token_id
    number = (await door("RevealDeviceToken", card_id=card_id, token_id=token_id)).number
    inquired = await door("InquireBalance", card_number=number)
    assert (inquired.response_code, inquired.reason) == ("62", "DEVICE_TOKEN_NOT_ACTIVE")
    stood_in = await door(
        "RecordStandIn",
        card_number=number,
        amount={"minor_units": 100, "currency_code": "GBP"},
        merchant={"name": "Green Grocer"},
        response_code="00",
    )
    assert stood_in.charge.status == accounts.CHARGE_STATUS_DECLINED
    assert stood_in.charge.reason == "DEVICE_TOKEN_NOT_ACTIVE"
    assert stood_in.available.minor_units == 100_000


async def test_by_rpc_an_expiry_is_compared_too(door: Door) -> None:
    account = await door.open()
    until = date.fromisoformat(account.cards[0].expires_on)
    right = (await door.charge(account, 1, expiry=f"{until:%y%m}")).charge
    wrong = (await door.charge(account, 1, expiry=f"{until:%m}01")).charge
    assert right.response_code == "00"
    assert (wrong.response_code, wrong.reason) == ("54", "EXPIRY_WRONG")
