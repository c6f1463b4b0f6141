"""How messages are asked of a JetStream consumer: pull requests that stay open, and what the server
says about them."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from chassis.bus import Away, BusError, Delivery, Message, Missing

PULL_MESSAGES = 256
"""So many messages the server may send before it is asked again."""
PULL_SECONDS = 30.0
HEARTBEAT_SECONDS = 5.0
"""The server says so often that a pull request is still known to it."""

_STATUS = "Status"
_ENDED = ("404", "408")
_NOBODY_ANSWERS = "503"
_HEARTBEAT = "100"

Send = Callable[[str, bytes, str], Awaitable[None]]
"""Publishes a payload on a subject, to be answered on another; raises Away."""


class PullConsumer:
    """`chassis.bus.Consumer`. The server sends without each message being asked for, while what was
    sent is being worked on. Once it failed it goes on failing; whoever uses it opens another."""

    def __init__(
        self, stream: str, name: str, inbox: str, send: Send, leave: Callable[[], Awaitable[None]]
    ) -> None:
        """`receive` is to be called with everything that comes to `inbox`, until `leave`."""
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"
        self._inbox = inbox
        self._send = send
        self._leave = leave
        self._arrived: deque[Delivery] = deque()
        self._wake = asyncio.Event()
        self._asked_for = 0
        self._heard_at = 0.0
        self._failure: BusError | None = None

    @property
    def failed(self) -> bool:
        """Whether it is of no more use."""
        return self._failure is not None

    async def fetch(self, limit: int, timeout_seconds: float) -> list[Delivery]:
        until = _now() + timeout_seconds
        await self._ask()
        while not self._arrived:
            now = _now()
            if now >= until:
                return []
            if now >= self._heard_at + 2 * HEARTBEAT_SECONDS:
                self.fail(Away("NATS does not know of our request any more"))
            await self._ask()
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(until - now, HEARTBEAT_SECONDS)):
                    await self._wake.wait()
        count = min(limit, len(self._arrived))
        return [self._arrived.popleft() for _ in range(count)]

    async def acknowledge(self, delivery: Delivery) -> None:
        if self._failure is None:
            with suppress(Away):
                await self._send(delivery.handle, b"", "")

    async def close(self) -> None:
        self.fail(Away("the consumer was closed"))
        with suppress(BusError):
            await self._leave()

    def fail(self, failure: BusError) -> None:
        """Raise this from now on."""
        self._failure = self._failure or failure
        self._wake.set()

    def receive(self, message: Message, reply: str) -> None:
        """A message, or a word of the server about a request: a status, and no subject of ours."""
        self._heard_at = _now()
        status = message.headers.get(_STATUS)
        if status is None:
            self._asked_for = max(0, self._asked_for - 1)
            self._arrived.append(Delivery(message, _stream_sequence(reply), reply))
        elif status in _ENDED:
            owing = int(message.headers.get("Nats-Pending-Messages", PULL_MESSAGES))
            self._asked_for = max(0, self._asked_for - owing)
        elif status == _NOBODY_ANSWERS:
            self.fail(Missing("there is no such stream or consumer"))
        elif status != _HEARTBEAT:
            description = message.headers.get("Description", "")
            gone = "deleted" in description.lower()
            self.fail((Missing if gone else Away)(f"{status} {description}"))
        self._wake.set()

    async def _ask(self) -> None:
        """Ask for more when little is owing. Raises the failure."""
        if self._failure is not None:
            raise self._failure
        if self._asked_for > PULL_MESSAGES // 2:
            return
        more = PULL_MESSAGES - self._asked_for
        request = {
            "batch": more,
            "expires": int(PULL_SECONDS * 1e9),
            "idle_heartbeat": int(HEARTBEAT_SECONDS * 1e9),
        }
        self._asked_for += more
        self._heard_at = _now()
        await self._send(self._next, json.dumps(request).encode(), self._inbox)


def _stream_sequence(handle: str) -> int:
    """Where a delivery stands in its stream: `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>…`,
    in newer servers with domain and account in front of the stream."""
    words = handle.split(".")
    return int(words[5] if len(words) == 9 else words[7])


def _now() -> float:
    return asyncio.get_running_loop().time()
