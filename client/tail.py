"""Follows what happens: public facts as they pass on NATS, and the messages of an inbox."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from cards.accounts.v1 import events_pb2 as accounts
from cards.auth.v1 import events_pb2 as auth
from cards.loyalty.v1 import events_pb2 as loyalty
from cards.notify.v1 import events_pb2 as notify
from cards.notify.v1 import notify_service_pb2 as notify_service
from cards.risk.v1 import events_pb2 as risk
from cards.support.v1 import events_pb2 as support
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.json_format import MessageToDict
from rich.markup import escape

from chassis.bus import Delivery
from chassis.envelope import OCCURRED_AT, POSITION, TYPE, stream_of
from chassis.jetstream import JetStreamBus
from chassis.kernel.errors import Unauthenticated, Unavailable
from chassis.nats_config import OBSERVER, JetStreamSettings
from client.session import NotRunning, SystemAddress
from client.tables import when

CONNECT_SECONDS = 5.0
REJOIN_SECONDS = 1.0
SPEAKERS = (accounts, auth, loyalty, notify, risk, support)
"""Whose messages can be read: importing a module makes its types known."""


async def follow(
    address: SystemAddress, services: Sequence[str], from_start: bool, show: Callable[[str], Any]
) -> None:
    """Show every public fact of `services` (default: all), one line each, until interrupted."""
    settings = JetStreamSettings(
        servers=(address.nats,),
        name=OBSERVER,
        user=OBSERVER,
        password=address.nats_password(OBSERVER),
    )
    bus = JetStreamBus(settings)
    if not await bus.open(CONNECT_SECONDS):
        await bus.close()
        raise NotRunning(f"NATS does not answer at {address.nats}: make up")
    try:
        with suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as group:
                for service in services or address.services:
                    group.create_task(_follow(bus, service, from_start, show))
    finally:
        await bus.close()


async def watch_inbox(stub: Any, customer_id: str, show: Callable[[str], Any]) -> None:
    """Show a customer's messages, one line each, until interrupted."""
    cursor = 0
    while True:
        began = time.monotonic()
        request = notify_service.StreamInboxRequest(customer_id=customer_id, after_cursor=cursor)
        try:
            async for each in stub.StreamInbox(request):
                cursor = each.message.cursor
                show(f"{when(each.message.occurred_at)}  {escape(each.message.subject)}")
        except (Unauthenticated, Unavailable):
            # A stream ends with the token that opened it, and with the server; another goes on.
            if time.monotonic() - began < REJOIN_SECONDS:
                raise
            await asyncio.sleep(REJOIN_SECONDS)


async def _follow(
    bus: JetStreamBus, service: str, from_start: bool, show: Callable[[str], Any]
) -> None:
    async for delivery in bus.follow(stream_of(service), 0 if from_start else None):
        show(line(delivery))


def line(delivery: Delivery) -> str:
    """Place, time, type and fields of a fact."""
    headers = delivery.message.headers
    kind = headers[TYPE]
    found = descriptor_pool.Default().FindMessageTypeByName(kind)
    message = message_factory.GetMessageClass(found).FromString(delivery.message.payload)
    fields = escape(json.dumps(MessageToDict(message, preserving_proto_field_name=True)))
    _, service, _, name = kind.split(".")
    at = headers[OCCURRED_AT][:23]
    return f"[dim]{at}[/] {service:9}{headers[POSITION]:>8} [bold]{name}[/] [dim]{fields}[/]"
