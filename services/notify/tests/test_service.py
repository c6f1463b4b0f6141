"""The notify service on a real store: what is heard is decided, shown, streamed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import events_pb2 as accounts
from cards.notify.v1 import notify_service_pb2 as pb
from cards.type.v1.money_pb2 import Money

from chassis.call import entered
from chassis.kernel.errors import NotFound
from chassis.testing.harness import TestNode, call, running
from services.notify.app import SERVICE
from services.notify.domain.events import ContactRegistered, NoticeDecided
from services.notify.grpc_api import NotifyApi
from services.notify.rendering import Templates

CUSTOMER = "customer-1"
TEMPLATES = Templates()
ADDRESS = "ada@example.org"
NO_CONTEXT: Any = None
STREAM_LIMIT_SECONDS = 60.0


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[TestNode]:
    async with running(SERVICE, tmp_path) as node:
        yield node


@pytest.fixture
def api(node: TestNode) -> NotifyApi:
    return NotifyApi(node.ports, TEMPLATES)


def approved(minor_units: int, charge: str = "h1") -> accounts.ChargeAuthorised:
    return accounts.ChargeAuthorised(
        account_id="a",
        customer_id=CUSTOMER,
        charge_id=charge,
        amount=Money(minor_units=minor_units, currency_code="GBP"),
        merchant=accounts.Merchant(name="Corner Shop"),
    )


async def register(api: NotifyApi, locale: "pb.Locale.ValueType" = pb.LOCALE_EN) -> None:
    with entered(call("notify.RegisterContact", "k1")):
        await api.RegisterContact(
            pb.RegisterContactRequest(
                idempotency_key="k1", customer_id=CUSTOMER, email_address=ADDRESS, locale=locale
            ),
            NO_CONTEXT,
        )


async def inbox(api: NotifyApi, **fields: Any) -> pb.ListInboxResponse:
    return await api.ListInbox(pb.ListInboxRequest(customer_id=CUSTOMER, **fields), NO_CONTEXT)


async def test_a_large_charge_is_told_in_the_language_of_the_holder(
    node: TestNode, api: NotifyApi
) -> None:
    await register(api, pb.LOCALE_ZH_CN)
    await node.take_in(approved(250_00))
    await node.caught_up()
    (message,) = (await inbox(api)).messages
    assert (message.template, message.locale) == ("charge_approved", pb.LOCALE_ZH_CN)
    assert message.subject == "您在Corner Shop消费£250.00"


async def test_the_address_is_sealed_in_the_fact(node: TestNode, api: NotifyApi) -> None:
    await register(api)
    (registered,) = [each for each in node.facts() if isinstance(each, ContactRegistered)]
    assert ADDRESS not in repr(registered)
    assert registered.sealed_email_address.startswith("v1.")
    seen = await api.GetPreferences(pb.GetPreferencesRequest(customer_id=CUSTOMER), NO_CONTEXT)
    assert seen.has_email_address


async def test_the_same_fact_delivered_twice_is_one_notice(node: TestNode, api: NotifyApi) -> None:
    await node.take_in(approved(250_00), position=7)
    await node.take_in(approved(250_00), position=7)
    assert len([each for each in node.facts() if isinstance(each, NoticeDecided)]) == 1


async def test_why_somebody_was_not_told_can_be_asked(node: TestNode, api: NotifyApi) -> None:
    await node.take_in(approved(5_00))
    await node.caught_up()
    (decided,) = [each for each in node.facts() if isinstance(each, NoticeDecided)]
    request = pb.WhyNotRequest(customer_id=CUSTOMER, event_id=decided.event_id)
    seen = (await api.WhyNot(request, NO_CONTEXT)).messages
    assert {(each.channel, each.state, each.rule) for each in seen} == {
        (pb.CHANNEL_IN_APP, pb.DELIVERY_STATE_WITHHELD, "BELOW_ALERT_AMOUNT"),
        (pb.CHANNEL_EMAIL, pb.DELIVERY_STATE_WITHHELD, "BELOW_ALERT_AMOUNT"),
    }
    assert (await inbox(api)).messages == []
    request.event_id = "nothing"
    with pytest.raises(NotFound, match="NOTICE_UNKNOWN"):
        await api.WhyNot(request, NO_CONTEXT)


async def test_every_fact_of_a_card_and_an_account_has_its_words(
    node: TestNode, api: NotifyApi
) -> None:
    card: Any = {"account_id": "a", "customer_id": CUSTOMER, "card_id": "k"}
    limit = Money(minor_units=1_000_00, currency_code="GBP")
    shop = accounts.Merchant(name="Corner Shop")
    for said in (
        accounts.AccountOpened(account_id="a", customer_id=CUSTOMER, limit=limit),
        accounts.ChargeDeclined(**card, amount=limit, merchant=shop, reason="CARD_BLOCKED"),
        accounts.ChargeRefunded(**card, amount=limit, merchant=shop),
        accounts.CardBlocked(**card, last_four="1234", reason="RISK_VERDICT"),
        accounts.CardReportedLost(**card, last_four="1234", reason="STOLEN"),
        accounts.CardReplaced(**card, replacement_last_four="9876", reason="STOLEN"),
    ):
        await node.take_in(said)
    await node.caught_up()
    assert [each.subject for each in (await inbox(api)).messages] == [
        "Your new card ending 9876",
        "Your card ending 1234 was reported stolen",
        "Your card ending 1234 is blocked",
        "A refund of £1,000.00 from Corner Shop",
        "A charge at Corner Shop was declined",
        "Your credit account is open",
    ]


async def test_preferences_are_kept_and_followed(node: TestNode, api: NotifyApi) -> None:
    wanted = pb.Preferences(charge_alert=pb.CHARGE_ALERT_EVERY)
    with entered(call("notify.SetPreferences", "k2")):
        await api.SetPreferences(
            pb.SetPreferencesRequest(
                idempotency_key="k2", customer_id=CUSTOMER, preferences=wanted
            ),
            NO_CONTEXT,
        )
    seen = await api.GetPreferences(pb.GetPreferencesRequest(customer_id=CUSTOMER), NO_CONTEXT)
    assert seen.preferences == wanted
    await node.take_in(approved(1))
    await node.caught_up()
    assert len((await inbox(api)).messages) == 1


async def test_an_alert_from_nothing_on_is_not_taken_for_none(
    node: TestNode, api: NotifyApi
) -> None:
    wanted = pb.Preferences(
        charge_alert=pb.CHARGE_ALERT_FROM_AMOUNT,
        alert_from=Money(minor_units=0, currency_code="GBP"),
    )
    request = pb.SetPreferencesRequest(customer_id=CUSTOMER, preferences=wanted)
    with entered(call("notify.SetPreferences", "k2")):
        await api.SetPreferences(request, NO_CONTEXT)
    seen = await api.GetPreferences(pb.GetPreferencesRequest(customer_id=CUSTOMER), NO_CONTEXT)
    assert seen.preferences == wanted


async def test_reading_is_remembered_and_lists_come_in_pages(
    node: TestNode, api: NotifyApi
) -> None:
    for number in range(3):
        await node.take_in(approved(200_00 + number, f"h{number}"))
    await node.caught_up()
    first = await inbox(api, page_size=2)
    assert (len(first.messages), first.unread) == (2, 3)
    second = await inbox(api, page_size=2, page_token=first.next_page_token)
    assert (len(second.messages), second.next_page_token) == (1, "")
    read = first.messages[0].message_id
    with entered(call("notify.MarkRead", "k3")):
        await api.MarkRead(
            pb.MarkReadRequest(idempotency_key="k3", customer_id=CUSTOMER, message_id=read),
            NO_CONTEXT,
        )
    await node.caught_up()
    assert (await inbox(api)).unread == 2
    assert len((await inbox(api, only_unread=True)).messages) == 2
    listed = await api.ListMessages(
        pb.ListMessagesRequest(customer_id=CUSTOMER, page_size=4), NO_CONTEXT
    )
    rest = await api.ListMessages(
        pb.ListMessagesRequest(
            customer_id=CUSTOMER, page_size=4, page_token=listed.next_page_token
        ),
        NO_CONTEXT,
    )
    together = [each.message_id for each in [*listed.messages, *rest.messages]]
    assert len(together) == len(set(together)) == 6


async def test_a_stream_gives_what_is_there_and_then_what_comes(
    node: TestNode, api: NotifyApi
) -> None:
    await node.take_in(approved(200_00, "h1"))
    await node.caught_up()
    request = pb.StreamInboxRequest(customer_id=CUSTOMER)
    stream = api.StreamInbox(request, NO_CONTEXT)
    async with asyncio.timeout(STREAM_LIMIT_SECONDS):
        first = await anext(stream)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        assert not waiting.done()
        await node.take_in(approved(300_00, "h2"))
        await node.caught_up()
        second = await waiting
    assert [each.message.subject for each in (first, second)] == [
        "£200.00 at Corner Shop",
        "£300.00 at Corner Shop",
    ]
    await stream.aclose()
    resumed = api.StreamInbox(
        pb.StreamInboxRequest(customer_id=CUSTOMER, after_cursor=first.message.cursor), NO_CONTEXT
    )
    assert (await anext(resumed)).message.message_id == second.message.message_id
    await resumed.aclose()


async def test_a_stream_hears_what_another_process_took_in(
    node: TestNode, api: NotifyApi, tmp_path: Path
) -> None:
    stream = api.StreamInbox(pb.StreamInboxRequest(customer_id=CUSTOMER), NO_CONTEXT)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    async with running(SERVICE, tmp_path) as other, asyncio.timeout(STREAM_LIMIT_SECONDS):
        await other.take_in(approved(200_00))
        await other.caught_up()
        assert (await waiting).message.subject == "£200.00 at Corner Shop"
    await stream.aclose()


async def test_read_models_can_be_rebuilt(node: TestNode, api: NotifyApi) -> None:
    await node.take_in(approved(200_00))
    await node.caught_up()
    before = await inbox(api)
    for projector in node.projectors:
        await projector.rebuild()
    assert await inbox(api) == before
