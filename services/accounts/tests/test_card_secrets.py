"""PINs and verification values through the door: set, tried, blocked, passed by the network."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import card_secrets_service_pb2 as pb
from cards.accounts.v1 import cards_service_pb2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from psec import des, pinblock

from chassis.call import Principal, entered
from chassis.kernel.errors import Invalid, Refused
from chassis.testing.harness import call
from services.accounts.app import SERVICE
from services.accounts.tests.conftest import OPERATOR, Door
from services.accounts.use_cases import card_values

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
HOLDER = Principal("cardholder:ada", "cardholder", ("holder",), customer_id="a" * 32)


def stored_in(folder: Path) -> list[bytes]:
    """What the files of a store hold."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


@dataclass
class Terminal:
    """Whoever has the transport keys, and a card with its number."""

    door: Door
    account: Any
    number: str = ""
    tdes_key: bytes = b""
    aes_key: bytes = b""
    calls: int = 0

    @property
    def card_id(self) -> str:
        return str(self.account.cards[0].card_id)

    async def __call__(self, name: str, as_: Principal = OPERATOR, **fields: Any) -> Any:
        self.calls += 1
        api = next(
            api
            for _, api, descriptor in SERVICE.rpcs(self.door.node.ports)
            if descriptor.name == "CardSecretsService"
        )
        with entered(call(f"accounts.{name}", f"secrets-{self.calls}", principal=as_)):
            return await getattr(api, name)(getattr(pb, f"{name}Request")(**fields), None)

    async def learn(self) -> None:
        """Have the transport keys handed over, and the number of the card."""
        private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        pem = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        exported = await self("ExportPinKeys", programme_id="everyday", public_key=pem.decode())
        self.tdes_key = private.decrypt(exported.tdes_key, OAEP)
        self.aes_key = private.decrypt(exported.aes_key, OAEP)
        self.number = (await self.door("RevealCardNumber", card_id=self.card_id)).number

    def block(self, pin: str) -> str:
        """A PIN block of format 0, in hexadecimal digits."""
        clear = pinblock.encode_pinblock_iso_0(pin, self.number)
        with card_values.old_ciphers():
            return bytes(des.encrypt_tdes_ecb(self.tdes_key, clear)).hex().upper()

    async def charge(self, **fields: Any) -> tuple[str, str]:
        """Response code and reason of a charge of five pounds."""
        answer = await self.door.charge(self.account, 5, **fields)
        return answer.charge.response_code, answer.charge.reason


@pytest.fixture
async def terminal(door: Door) -> Terminal:
    made = Terminal(door, await door.open())
    await made.learn()
    return made


async def test_a_pin_is_set_and_verified_in_both_formats(terminal: Terminal) -> None:
    set_to = await terminal("SetPin", card_id=terminal.card_id, pin_block=terminal.block("4711"))
    assert set_to.pin_number == 1
    right = await terminal("VerifyPin", card_id=terminal.card_id, pin_block=terminal.block("4711"))
    assert (right.verified, right.response_code, right.tries_left) == (True, "00", 3)
    newer = pinblock.encipher_pinblock_iso_4(terminal.aes_key, "4711", terminal.number).hex()
    assert (await terminal("VerifyPin", card_id=terminal.card_id, pin_block=newer.upper())).verified


async def test_three_wrong_pins_block_it_until_an_operator_unblocks_it(
    terminal: Terminal,
) -> None:
    card_id, right, wrong = terminal.card_id, terminal.block("4711"), terminal.block("4712")
    await terminal("SetPin", card_id=card_id, pin_block=right)
    left = []
    for _ in range(3):
        answer = await terminal("VerifyPin", card_id=card_id, pin_block=wrong)
        assert (answer.verified, answer.response_code) == (False, "55")
        left.append(answer.tries_left)
    assert left == [2, 1, 0]
    for block in (wrong, right):
        answer = await terminal("VerifyPin", card_id=card_id, pin_block=block)
        assert (answer.verified, answer.response_code) == (False, "75")
    with pytest.raises(Refused, match="PIN_BLOCKED"):
        await terminal("SetPin", as_=HOLDER, card_id=card_id, pin_block=right)
    with pytest.raises(Refused, match="NOT_BY_THIS_CHANNEL"):
        await terminal("UnblockPin", as_=HOLDER, card_id=card_id, reason="PLEASE")
    await terminal("UnblockPin", card_id=card_id, reason="IDENTIFIED")
    assert (await terminal("VerifyPin", card_id=card_id, pin_block=right)).verified


async def test_a_try_that_is_repeated_counts_once(terminal: Terminal) -> None:
    card_id, wrong = terminal.card_id, terminal.block("4712")
    await terminal("SetPin", card_id=card_id, pin_block=terminal.block("4711"))
    for _ in range(5):
        answer = await terminal(
            "VerifyPin", card_id=card_id, pin_block=wrong, verification_id="b" * 32
        )
        assert answer.tries_left == 2


async def test_wrong_pins_of_charges_are_counted_with_all_others(terminal: Terminal) -> None:
    card_id, right, wrong = terminal.card_id, terminal.block("4711"), terminal.block("4712")
    await terminal("SetPin", card_id=card_id, pin_block=right)
    assert await terminal.charge(pin_block=right) == ("00", "")
    assert await terminal.charge(pin_block=wrong) == ("55", "PIN_WRONG")
    await terminal("VerifyPin", card_id=card_id, pin_block=wrong)
    assert await terminal.charge(pin_block=wrong) == ("55", "PIN_WRONG")
    assert await terminal.charge(pin_block=right) == ("75", "PIN_TRIES_EXCEEDED")
    await terminal("UnblockPin", card_id=card_id, reason="IDENTIFIED")
    assert await terminal.charge(pin_block=wrong) == ("55", "PIN_WRONG")
    assert await terminal.charge(pin_block=right) == ("00", "")
    answer = await terminal("VerifyPin", card_id=card_id, pin_block=wrong)
    assert answer.tries_left == 2, "a right PIN lets the count begin anew"


async def test_a_card_without_pin_has_no_right_one(terminal: Terminal) -> None:
    assert await terminal.charge(pin_block=terminal.block("0000")) == ("55", "PIN_WRONG")


async def test_the_printed_value_is_good_where_it_is_keyed_in_and_nowhere_else(
    terminal: Terminal,
) -> None:
    revealed = await terminal("RevealSecurityCode", card_id=terminal.card_id)
    value = revealed.verification_value
    other = str((int(value) + 1) % 1000).zfill(3)
    online: dict[str, Any] = {"entry_mode": accounts.ENTRY_MODE_ECOMMERCE}
    assert await terminal.charge(verification_value=value, **online) == ("00", "")
    assert await terminal.charge(verification_value=other, **online) == (
        "N7",
        "PRINTED_VALUE_WRONG",
    )
    by_chip: dict[str, Any] = {"entry_mode": accounts.ENTRY_MODE_CHIP}
    assert await terminal.charge(verification_value=value, **by_chip) == (
        "82",
        "CARD_VALUE_WRONG",
    )


async def test_a_renewed_card_has_another_value(terminal: Terminal) -> None:
    before = await terminal("RevealSecurityCode", card_id=terminal.card_id)
    renew = next(
        api
        for _, api, descriptor in SERVICE.rpcs(terminal.door.node.ports)
        if descriptor.name == "CardsService"
    )
    terminal.door.node.clock.advance(timedelta(days=40))
    with entered(call("accounts.RenewCard", "renew", principal=OPERATOR)):
        await renew.RenewCard(
            cards_service_pb2.RenewCardRequest(card_id=terminal.card_id, reason="DAMAGED"), None
        )
    after = await terminal("RevealSecurityCode", card_id=terminal.card_id)
    assert after.expires_on > before.expires_on
    assert after.verification_value != before.verification_value


async def test_neither_keys_nor_pins_nor_values_are_anywhere_in_the_store(
    terminal: Terminal, tmp_path: Path
) -> None:
    await terminal("SetPin", card_id=terminal.card_id, pin_block=terminal.block("4711"))
    value = (await terminal("RevealSecurityCode", card_id=terminal.card_id)).verification_value
    await terminal.charge(
        verification_value=value,
        pin_block=terminal.block("4711"),
        entry_mode=accounts.ENTRY_MODE_ECOMMERCE,
    )
    files = stored_in(tmp_path)
    assert files
    for stored in files:
        assert terminal.number.encode() not in stored
        block = bytes.fromhex(terminal.block("4711"))
        for secret in (terminal.tdes_key, terminal.aes_key, block):
            assert secret not in stored
            assert secret.hex().encode() not in stored.lower()


async def test_keys_are_handed_over_to_fit_keys_only(terminal: Terminal) -> None:
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1_024).public_key()
    pem = short.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for unfit in ("no key", pem.decode()):
        with pytest.raises(Invalid, match="PUBLIC_KEY_UNFIT"):
            await terminal("ExportPinKeys", programme_id="everyday", public_key=unfit)
