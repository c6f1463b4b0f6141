"""Device tokens: their own life, what they pay for, and how they follow their card."""

from dataclasses import replace
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import device_tokens_service_pb2 as pb

from chassis.call import Principal, entered
from chassis.kernel.errors import NotFound, Refused
from chassis.testing.harness import call
from services.accounts.app import SERVICE
from services.accounts.domain.account import commands as account
from services.accounts.domain.life.commands import TerminateCard
from services.accounts.domain.pan import is_luhn
from services.accounts.domain.tokens import commands
from services.accounts.domain.tokens.state import TOKEN_TRANSITIONS, TokenDevice, TokenStatus
from services.accounts.domain.values import CardKind, Channel, LossKind
from services.accounts.tests.conftest import OPERATOR, Door
from services.accounts.tests.stories import AccountStory

HOLDER = Principal("cardholder:ada", "cardholder", ("holder",), customer_id="a" * 32)


def provisioned() -> AccountStory:
    """A card with one token."""
    story = AccountStory()
    story.when(
        commands.ProvisionDeviceToken(
            account_id="account",
            card_id="card",
            token_id="token",
            last_four="7777",
            device=TokenDevice.WALLET,
            channel=Channel.HOLDER,
        )
    )
    return story


def change(status: TokenStatus, channel: Channel = Channel.OPERATOR) -> commands.ChangeDeviceToken:
    return commands.ChangeDeviceToken(
        account_id="account", token_id="token", status=status, reason="BECAUSE", channel=channel
    )


WAYS = {
    TokenStatus.INACTIVE: (),
    TokenStatus.ACTIVE: (TokenStatus.ACTIVE,),
    TokenStatus.SUSPENDED: (TokenStatus.ACTIVE, TokenStatus.SUSPENDED),
    TokenStatus.DELETED: (TokenStatus.DELETED,),
}


@pytest.mark.parametrize("after", TokenStatus)
@pytest.mark.parametrize("before", TokenStatus)
def test_what_the_table_allows_is_done_and_nothing_else(
    before: TokenStatus, after: TokenStatus
) -> None:
    story = provisioned()
    for status in WAYS[before]:
        story.when(change(status))
    if after is before or after in TOKEN_TRANSITIONS[before]:
        story.when(change(after))
        assert story.state.tokens[0].status is after
    else:
        with pytest.raises(Refused, match="DEVICE_TOKEN_STATUS"):
            story.decide(change(after))


@pytest.mark.parametrize(
    ("meant", "is_so"),
    [
        (TokenStatus.SUSPENDED, TokenStatus.INACTIVE),
        (TokenStatus.INACTIVE, TokenStatus.SUSPENDED),
    ],
)
def test_what_was_never_activated_is_not_resumed_and_the_other_way(
    meant: TokenStatus, is_so: TokenStatus
) -> None:
    story = provisioned()
    for status in WAYS[is_so]:
        story.when(change(status))
    with pytest.raises(Refused, match="DEVICE_TOKEN_STATUS"):
        story.decide(replace(change(TokenStatus.ACTIVE), before=meant))
    story.when(replace(change(TokenStatus.ACTIVE), before=is_so))
    assert story.state.tokens[0].status is TokenStatus.ACTIVE


def test_a_holder_does_not_resume_what_the_house_suspended() -> None:
    story = provisioned()
    story.when(change(TokenStatus.ACTIVE, Channel.HOLDER))
    story.when(change(TokenStatus.SUSPENDED, Channel.RISK))
    with pytest.raises(Refused, match="SUSPENDED_BY_ISSUER"):
        story.decide(change(TokenStatus.ACTIVE, Channel.HOLDER))


def test_tokens_move_with_a_lost_card_and_end_with_a_terminated_one() -> None:
    story = provisioned()
    story.when(change(TokenStatus.ACTIVE))
    story.when(
        account.ReportCardLost(
            account_id="account",
            card_id="card",
            kind=LossKind.STOLEN,
            channel=Channel.HOLDER,
            replacement=account.NewCard(card_id="new", last_four="9", kind=CardKind.VIRTUAL),
        )
    )
    (token,) = story.state.tokens
    assert (token.card_id, token.status) == ("new", TokenStatus.ACTIVE)
    story.when(
        TerminateCard(account_id="account", card_id="new", reason="BECAUSE", channel=Channel.HOLDER)
    )
    (token,) = story.state.tokens
    assert (token.status, token.reason) == (TokenStatus.DELETED, "CARD_TERMINATED")


class TokensDoor:
    """Calls DeviceTokensService about the first card of an account."""

    def __init__(self, door: Door, account: Any) -> None:
        self._api = next(
            api
            for _, api, descriptor in SERVICE.rpcs(door.node.ports)
            if descriptor.name == "DeviceTokensService"
        )
        self._number = 0
        self.card_id = account.cards[0].card_id

    async def __call__(self, name: str, as_: Principal = OPERATOR, **fields: Any) -> Any:
        self._number += 1
        request = getattr(pb, f"{name}Request")(**{"card_id": self.card_id, **fields})
        with entered(call(f"accounts.{name}", f"tokens-{self._number}", principal=as_)):
            return await getattr(self._api, name)(request, None)


async def test_a_token_pays_as_its_card_before_and_after_the_card_is_lost(door: Door) -> None:
    opened = await door.open()
    tokens = TokensDoor(door, opened)
    token = (await tokens("ProvisionDeviceToken")).token
    named = {"token_id": token.token_id, "reason": "ASKED_FOR"}
    number = (await tokens("RevealDeviceToken", token_id=token.token_id)).number
    assert is_luhn(number)
    assert number.startswith("489537")

    async def pay(charge_id: str = "") -> Any:
        tapped = {
            "card_id": "",
            "card_number": number,
            "entry_mode": accounts.ENTRY_MODE_CONTACTLESS,
            "charge_id": charge_id,
        }
        return (await door.charge(opened, 5, **tapped)).charge

    waiting = await pay()
    assert (waiting.response_code, waiting.reason) == ("62", "DEVICE_TOKEN_NOT_ACTIVE")
    await tokens("ActivateDeviceToken", **named)
    before = await pay("e" * 32)
    assert (before.response_code, before.card_id) == ("00", tokens.card_id)
    assert before.entry_mode == accounts.ENTRY_MODE_CONTACTLESS
    lost = await door("ReportCardLost", card_id=tokens.card_id)
    after = await pay()
    assert (after.response_code, after.card_id) == ("00", lost.replacement.card_id)
    assert await pay("e" * 32) == before, "a retry is of the charge as it was"
    tokens.card_id = lost.replacement.card_id
    await tokens("SuspendDeviceToken", as_=HOLDER, **named)
    assert (await pay()).reason == "DEVICE_TOKEN_NOT_ACTIVE"
    await tokens("ResumeDeviceToken", as_=HOLDER, **named)
    assert (await pay()).response_code == "00"
    await tokens("DeleteDeviceToken", **named)
    assert (await pay()).reason == "DEVICE_TOKEN_NOT_ACTIVE"
    (listed,) = (await tokens("ListDeviceTokens")).tokens
    assert listed.status == pb.TOKEN_STATUS_DELETED
    with pytest.raises(Refused, match="DEVICE_TOKEN_STATUS"):
        await tokens("ResumeDeviceToken", **named)


async def test_tokens_are_listed_in_pages(door: Door) -> None:
    tokens = TokensDoor(door, await door.open())
    made = [(await tokens("ProvisionDeviceToken")).token.token_id for _ in range(3)]
    first = await tokens("ListDeviceTokens", page_size=2)
    rest = await tokens("ListDeviceTokens", page_size=2, page_token=first.next_page_token)
    assert [each.token_id for each in (*first.tokens, *rest.tokens)] == made
    assert not rest.next_page_token
    with pytest.raises(NotFound, match="DEVICE_TOKEN_NOT_FOUND"):
        await tokens("SuspendDeviceToken", token_id="f" * 32, reason="LOST")
