"""The life of cards through the door: ordering, authorised users, renewal, and closing accounts."""

from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import cards_service_pb2 as pb

from chassis.call import Principal, entered
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.testing.harness import call
from services.accounts.app import SERVICE, owner_of_card
from services.accounts.tests.conftest import OPERATOR, Door


class CardsDoor:
    """Calls CardsService as somebody, with a new key each time."""

    def __init__(self, door: Door) -> None:
        self._api = next(
            api
            for _, api, descriptor in SERVICE.rpcs(door.node.ports)
            if descriptor.name == "CardsService"
        )
        self._number = 0

    async def __call__(
        self, name: str, as_: Principal = OPERATOR, key: str = "", **fields: Any
    ) -> Any:
        self._number += 1
        request = getattr(pb, f"{name}Request")(**fields)
        key = key or f"cards-{self._number}"
        with entered(call(f"accounts.{name}", key, principal=as_)):
            return await getattr(self._api, name)(request, None)


async def test_a_physical_card_waits_until_it_is_activated(door: Door) -> None:
    account, cards = await door.open(), CardsDoor(door)
    ordered = await cards(
        "OrderCard", account_id=account.account_id, kind=accounts.CARD_KIND_PHYSICAL
    )
    card = ordered.card
    assert card.status == accounts.CARD_STATUS_PENDING
    assert card.delivery == accounts.DELIVERY_ORDERED
    assert not (await door.charge(account, 5, card_id=card.card_id)).approved
    for delivery in (accounts.DELIVERY_SHIPPED, accounts.DELIVERY_DELIVERED):
        await cards("RecordDelivery", card_id=card.card_id, delivery=delivery)
    await cards("ActivateCard", card_id=card.card_id, reason="RECEIVED")
    assert (await door.charge(account, 5, card_id=card.card_id)).approved


async def test_a_first_physical_card_waits_like_every_other(door: Door) -> None:
    first = (await door.open()).cards[0]
    assert first.status == accounts.CARD_STATUS_ACTIVE, "nobody waits for a virtual one"
    opened = await door(
        "OpenAccount",
        customer_id=first.customer_id,
        programme_id="everyday",
        card_kind=accounts.CARD_KIND_PHYSICAL,
        key="open",
    )
    account, cards = opened.account, CardsDoor(door)
    more = await door("IssueCard", account_id=account.account_id, kind=accounts.CARD_KIND_PHYSICAL)
    for card in (account.cards[0], more.card):
        assert card.status == accounts.CARD_STATUS_PENDING
        assert card.delivery == accounts.DELIVERY_ORDERED
        waiting = (await door.charge(account, 5, card_id=card.card_id)).charge
        assert (waiting.response_code, waiting.reason) == ("78", "CARD_NOT_ACTIVE")
        await cards("ActivateCard", card_id=card.card_id, reason="RECEIVED")
        assert (await door.charge(account, 5, card_id=card.card_id)).approved
    again = await door(
        "OpenAccount",
        account_id=account.account_id,
        customer_id=first.customer_id,
        programme_id="everyday",
        card_kind=accounts.CARD_KIND_PHYSICAL,
    )
    assert again.account.cards[0].status == accounts.CARD_STATUS_ACTIVE
    lost = await door("ReportCardLost", card_id=account.cards[0].card_id)
    assert lost.replacement.status == accounts.CARD_STATUS_PENDING


async def test_an_authorised_user_holds_a_card_on_somebody_elses_account(door: Door) -> None:
    account, cards = await door.open(), CardsDoor(door)
    niece = (
        await door(
            "RegisterCustomer",
            details=accounts.PersonalDetails(given_name="Nia", email="nia@example.com"),
        )
    ).customer_id
    ordered = await cards("OrderCard", account_id=account.account_id, cardholder_id=niece)
    assert ordered.card.cardholder_id == niece
    assert ordered.card.customer_id == account.customer_id
    known = await owner_of_card(door.node.ports, ordered.card.card_id)
    assert known == {"owner": niece, "account_owner": account.customer_id}
    assert (await door.charge(account, 5, card_id=ordered.card.card_id)).approved
    with pytest.raises(NotFound, match="CUSTOMER_NOT_FOUND"):
        await cards("OrderCard", account_id=account.account_id, cardholder_id="f" * 32)


async def test_an_order_that_is_repeated_gives_the_same_card(door: Door) -> None:
    account, cards = await door.open(), CardsDoor(door)
    fields = {"account_id": account.account_id, "card_id": "c" * 32}
    first = await cards("OrderCard", use=accounts.CARD_USE_SINGLE_USE, **fields)
    again = await cards("OrderCard", use=accounts.CARD_USE_SINGLE_USE, **fields)
    assert again.card == first.card
    with pytest.raises(Refused, match="CARD_ISSUED_DIFFERENTLY"):
        await cards("OrderCard", **fields)
    with pytest.raises(Invalid, match="MERCHANT_WITHOUT_LOCK"):
        await cards("OrderCard", account_id=account.account_id, merchant_id="M-1")


async def test_a_damaged_card_keeps_its_number(door: Door) -> None:
    account, cards = await door.open(), CardsDoor(door)
    card_id = account.cards[0].card_id
    before = await door("RevealCardNumber", card_id=card_id)
    renewed = await cards("RenewCard", card_id=card_id, reason="DAMAGED")
    assert renewed.card.sequence == 2
    again = await cards("RenewCard", card_id=card_id, reason="DAMAGED", sequence=1)
    assert again.card == renewed.card
    assert (await door("RevealCardNumber", card_id=card_id)).number == before.number


async def test_a_card_rests_and_ends(door: Door) -> None:
    account, cards = await door.open(), CardsDoor(door)
    fields = {"card_id": account.cards[0].card_id, "reason": "ASKED_FOR"}
    assert (await cards("PauseCard", **fields)).card.status == accounts.CARD_STATUS_PAUSED
    declined = await door.charge(account, 5)
    assert declined.charge.reason == "CARD_PAUSED"
    assert (await cards("ResumeCard", **fields)).card.status == accounts.CARD_STATUS_ACTIVE
    ended = await cards("TerminateCard", **fields)
    assert ended.card.status == accounts.CARD_STATUS_TERMINATED
    assert ended.card.status_reason == "ASKED_FOR"
    with pytest.raises(Refused, match="CARD_TERMINATED"):
        await cards("ResumeCard", **fields)


async def test_an_account_is_closed_when_it_is_settled(door: Door) -> None:
    account, cards = await door.open(), CardsDoor(door)
    charge = (await door.charge(account, 5)).charge
    fields = {"account_id": account.account_id, "reason": "NOT_WANTED"}
    with pytest.raises(Refused, match="ACCOUNT_HAS_HOLDS"):
        await cards("CloseAccount", **fields)
    await door("ReverseCharge", account_id=account.account_id, charge_id=charge.charge_id)
    closed = (await cards("CloseAccount", **fields)).account
    assert closed.status == accounts.ACCOUNT_STATUS_CLOSED
    assert [each.status for each in closed.cards] == [accounts.CARD_STATUS_TERMINATED]
