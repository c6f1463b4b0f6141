"""What passes on NATS, read as the observer may: every message of every stream, as stored."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import nats
from cards.feed.v1 import feed_service_pb2 as feed

from chassis.nats_config import OBSERVER
from demo.system import System
from tests.contract.contracts import SERVICES, rpc
from tests.contract.outside import Outsider

CONNECT_SECONDS = 5
FEED_LIMIT = 10_000
ITS_OWN = "Nats-"
"""How headers begin that are between a publisher and the server."""
MESSAGE_ID = "Nats-Msg-Id"


@dataclass(frozen=True)
class Told:
    """One message."""

    service: str
    subject: str
    headers: dict[str, str]
    payload: bytes
    raw_headers: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def place(self) -> tuple[str, int, int]:
        """Service, epoch, position."""
        return self.service, int(self.headers["Cards-Epoch"]), int(self.headers["Cards-Position"])


class Wire:
    """All that was ever said."""

    def __init__(self, messages: Sequence[Told]) -> None:
        self.messages = list(messages)
        self._by_place = {each.place: each for each in messages}

    def of(self, service: str) -> list[Told]:
        """What one service said, in order."""
        return [each for each in self.messages if each.service == service]

    def at(self, service: str, epoch: int, position: int) -> Told | None:
        """What was said of an event, if it is public."""
        return self._by_place.get((service, epoch, position))


def listen(system: System) -> Wire:
    """Read every stream from its beginning to its end."""
    return Wire(asyncio.run(_read(system)))


async def _read(system: System) -> list[Told]:
    client = await nats.connect(
        system.nats.url,
        user=OBSERVER,
        password=system.keys.nats_password(OBSERVER),
        inbox_prefix=f"_INBOX_{OBSERVER}".encode(),
        connect_timeout=CONNECT_SECONDS,
        allow_reconnect=False,
    )
    found = []
    try:
        stream = client.jetstream()
        for service in SERVICES:
            state = (await stream.stream_info(service.upper())).state
            for number in range(state.first_seq, state.last_seq + 1):
                message = await stream.get_msg(service.upper(), number)
                raw = dict(message.headers or {})
                kept = {k: v for k, v in raw.items() if k == MESSAGE_ID or k[:5] != ITS_OWN}
                payload = message.data or b""
                found.append(Told(service, message.subject or "", kept, payload, raw))
    finally:
        await client.close()
    return found


def feed_of(outsider: Outsider, service: str) -> list[Told]:
    """What the feed of a service says, from its beginning."""
    request = feed.FeedRequest(limit=FEED_LIMIT)
    answer = outsider.call(rpc(f"{service}.Feed"), request, by="operator")
    found = [feed.FeedResponse.FromString(raw) for raw in answer.answers]
    return [Told(service, each.subject, dict(each.headers), each.payload) for each in found]
