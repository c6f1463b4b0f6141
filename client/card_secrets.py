"""`cards card pin-set` and its like: what is between holders, their terminals and the keys."""

from pathlib import Path
from typing import Any

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import card_secrets_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.card_secrets_service_pb2_grpc import CardSecretsServiceStub
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from psec import pinblock

from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    GATEWAY,
    CardId,
    Reason,
    SystemPath,
    ask,
    console,
    named,
    open_session,
    run,
    secret,
)

RSA_BITS = 2_048
RSA_EXPONENT = 65_537
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PIN_DIGITS = 4


async def _holder(system: Path, card: str) -> tuple[str, str]:
    """Whose card it is, and the programme it belongs to."""
    async with open_session(system, OPERATOR) as session:
        stub = session.stub(AccountsServiceStub, "accounts")
        found = (await stub.GetCard(accounts.GetCardRequest(card_id=card))).card
        of = accounts.GetAccountRequest(account_id=found.account_id)
        account = (await stub.GetAccount(of)).account
    return found.cardholder_id, account.programme_id


async def _number(system: Path, card: str, holder: str) -> Any:
    async with open_session(system, holder) as session:
        stub = session.stub(AccountsServiceStub, "accounts")
        return await stub.RevealCardNumber(accounts.RevealCardNumberRequest(card_id=card))


async def _pin_block(system: Path, programme: str, number: str, pin: str) -> str:
    """The PIN as a terminal sends it: a block of format 4, under the key that it is given."""
    private = rsa.generate_private_key(public_exponent=RSA_EXPONENT, key_size=RSA_BITS)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    request = pb.ExportPinKeysRequest(programme_id=programme, public_key=pem.decode())
    async with open_session(system, GATEWAY) as session:
        exported = await session.stub(CardSecretsServiceStub, "accounts").ExportPinKeys(request)
    key = private.decrypt(exported.aes_key, OAEP)
    return pinblock.encipher_pinblock_iso_4(key, pin, number).hex().upper()


def pin_block(system: Path, card: str) -> str:
    """The block of a PIN that is asked for now, as a terminal sends it with a charge."""
    pin = _asked_pin(twice=False)
    blocks: list[str] = []

    async def work() -> None:
        holder, programme = await _holder(system, card)
        number = (await _number(system, card, holder)).number
        blocks.append(await _pin_block(system, programme, number, pin))

    run(work)
    return blocks[0]


def _asked_pin(*, twice: bool) -> str:
    pin = secret("PIN", twice=twice)
    if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdigit()):
        raise typer.BadParameter(
            f"a PIN has {PIN_DIGITS} digits; it is asked for, or read from a pipe"
        )
    return pin


def pin_set(card: CardId, system: SystemPath = DESCRIPTION) -> None:
    """Give a card a PIN, as its holder does. The PIN is asked for, or read from a pipe."""
    pin = _asked_pin(twice=True)

    async def work() -> None:
        holder, programme = await _holder(system, card)
        number = (await _number(system, card, holder)).number
        block = await _pin_block(system, programme, number, pin)
        async with open_session(system, holder) as session:
            stub = session.stub(CardSecretsServiceStub, "accounts")
            request = pb.SetPinRequest(card_id=card, pin_block=block, **named())
            answer = await stub.SetPin(request)
            console.print(f"the PIN is set; it is number {answer.pin_number} of this card")

    run(work)


def pin_verify(card: CardId, system: SystemPath = DESCRIPTION) -> None:
    """Compare a PIN, as a terminal does. The PIN is asked for, or read from a pipe."""
    pin = _asked_pin(twice=False)

    async def work() -> None:
        holder, programme = await _holder(system, card)
        number = (await _number(system, card, holder)).number
        block = await _pin_block(system, programme, number, pin)
        async with open_session(system, GATEWAY) as session:
            stub = session.stub(CardSecretsServiceStub, "accounts")
            request = pb.VerifyPinRequest(card_id=card, pin_block=block, **named())
            answer = await stub.VerifyPin(request)
            word = "[green]right[/]" if answer.verified else "[red]wrong[/]"
            left = f"tries left: {answer.tries_left}"
            console.print(f"{word}: response code {answer.response_code}, {left}")

    run(work)


def pin_unblock(
    card: CardId, reason: Reason = "IDENTIFIED", system: SystemPath = DESCRIPTION
) -> None:
    """Let a PIN be tried again that was given wrong too often."""
    request = pb.UnblockPinRequest(card_id=card, reason=reason, **named())
    ask(
        system,
        CardSecretsServiceStub,
        "UnblockPin",
        request,
        lambda _: "the PIN may be tried again",
    )


def number(card: CardId, system: SystemPath = DESCRIPTION) -> None:
    """Show the whole number of a card, as its holder sees it; that is put on record."""

    async def work() -> None:
        holder, _ = await _holder(system, card)
        found = await _number(system, card, holder)
        console.print(f"{found.number}, good until {found.expires_on}")

    run(work)


def security_code(card: CardId, system: SystemPath = DESCRIPTION) -> None:
    """Show the printed code (CVV2) of a card, as its holder sees it; that is put on record."""

    async def work() -> None:
        holder, _ = await _holder(system, card)
        async with open_session(system, holder) as session:
            stub = session.stub(CardSecretsServiceStub, "accounts")
            request = pb.RevealSecurityCodeRequest(card_id=card)
            found = await stub.RevealSecurityCode(request)
            console.print(f"{found.verification_value}, good until {found.expires_on}")

    run(work)


def register(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.command("pin-set")(pin_set)
    app.command("pin-verify")(pin_verify)
    app.command("pin-unblock")(pin_unblock)
    app.command("number")(number)
    app.command("security-code")(security_code)
