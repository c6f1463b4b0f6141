"""Ada orders a card for Bea, which lives from its making to its end; and an account is closed."""

import warnings
from typing import TYPE_CHECKING, Any

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import card_keys_service_pb2 as card_keys
from cards.accounts.v1 import card_secrets_service_pb2 as secrets
from cards.accounts.v1 import cards_service_pb2 as cards
from cards.accounts.v1 import network_keys_service_pb2 as network_keys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from psec import pinblock, tr31

from tests.contract.endings import PROGRAMME

if TYPE_CHECKING:
    from tests.contract.story import Story


OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
RSA_BITS = 2_048
KEY_ENCRYPTION_KEY = "c0de" * 16


def tell(story: "Story") -> None:
    """A life of a card, the end of an account, and a PIN that is set, mistaken and unblocked."""
    _life(story)
    _pin(story)
    _keys(story)
    _network_keys(story)


def _pin(story: "Story") -> None:
    """Whoever makes PIN blocks is given the keys for them, encrypted."""
    ada = story.holders["Ada"]
    private = rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    export = secrets.ExportPinKeysRequest(programme_id=PROGRAMME, public_key=pem.decode())
    exported = story.ask("accounts.ExportPinKeys", export, "gateway")
    key = private.decrypt(exported.aes_key, OAEP)

    def block(pin: str) -> str:
        return pinblock.encipher_pinblock_iso_4(key, pin, ada.number).hex().upper()

    put = secrets.SetPinRequest(card_id=ada.card_id, pin_block=block("4711"))
    story.ask("accounts.SetPin", put, "Ada")
    for pin, right in (("4712", False), ("4711", True), ("4713", False)):
        verify = secrets.VerifyPinRequest(card_id=ada.card_id, pin_block=block(pin))
        assert story.ask("accounts.VerifyPin", verify, "gateway").verified is right
    unblock = secrets.UnblockPinRequest(card_id=ada.card_id, reason="IDENTIFIED")
    story.ask("accounts.UnblockPin", unblock)


def _keys(story: "Story") -> None:
    """New keys are asked for twice, refused once, and made once."""
    of_programme: dict[str, Any] = {"programme_id": PROGRAMME}
    for step, kind, more in (
        ("RejectKeyRotation", card_keys.RejectKeyRotationRequest, {"reason": "NOT_NOW"}),
        ("ApproveKeyRotation", card_keys.ApproveKeyRotationRequest, {}),
    ):
        propose = card_keys.ProposeKeyRotationRequest(reason="YEARLY", **of_programme)
        rotation = story.ask("accounts.ProposeKeyRotation", propose).rotation
        decide: Any = kind(rotation_id=rotation.rotation_id, **of_programme, **more)
        story.ask(f"accounts.{step}", decide, "second")
    known = card_keys.GetCardKeysRequest(**of_programme)
    assert [each.version for each in story.ask("accounts.GetCardKeys", known).versions] == [2, 1]


def _network_keys(story: "Story") -> None:
    """A gateway brings a new PIN key, under the key that it shares with the house."""
    with warnings.catch_warnings():
        # Networks prescribe triple DES, of which the library warns.
        warnings.simplefilter("ignore")
        block = tr31.wrap(bytes.fromhex(KEY_ENCRYPTION_KEY), "D0000P0TB00E0000", bytes(range(16)))
    change = network_keys.ChangeNetworkKeyRequest(key_block=block)
    changed = story.ask("accounts.ChangeNetworkKey", change, "gateway")
    gateway = story.outsider.people["gateway"].identity_id
    known = network_keys.ListNetworkKeysRequest(gateway_id=gateway)
    assert story.ask("accounts.ListNetworkKeys", known).keys == [changed.key]


def _life(story: "Story") -> None:
    """The whole life of a card of an authorised user, and a second account that is closed."""
    ada, bea = story.holders["Ada"], story.holders["Bea"]
    order = cards.OrderCardRequest(
        account_id=ada.account_id,
        kind=accounts.CARD_KIND_PHYSICAL,
        cardholder_id=bea.customer_id,
    )
    card = story.ask("accounts.OrderCard", order, "Ada").card
    assert card.status == accounts.CARD_STATUS_PENDING
    for delivery in (accounts.DELIVERY_SHIPPED, accounts.DELIVERY_DELIVERED):
        sent = cards.RecordDeliveryRequest(card_id=card.card_id, delivery=delivery)
        story.ask("accounts.RecordDelivery", sent)
    steps: tuple[tuple[str, Any], ...] = (
        ("ActivateCard", cards.ActivateCardRequest),
        ("PauseCard", cards.PauseCardRequest),
        ("ResumeCard", cards.ResumeCardRequest),
        ("RenewCard", cards.RenewCardRequest),
        ("TerminateCard", cards.TerminateCardRequest),
    )
    for name, request in steps:
        story.ask(f"accounts.{name}", request(card_id=card.card_id, reason="ASKED_FOR"), "Bea")
    opened = story.ask(
        "accounts.OpenAccount",
        accounts.OpenAccountRequest(customer_id=ada.customer_id, programme_id=PROGRAMME),
    )
    close = cards.CloseAccountRequest(account_id=opened.account.account_id, reason="NOT_WANTED")
    story.ask("accounts.CloseAccount", close, "Ada")
