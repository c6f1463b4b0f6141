"""The bus on NATS JetStream, and what nats-py does not do by itself; `nats_errors` is beside it.

It never gives up reconnecting, buffers nothing while away, and tells when a connection is beyond
help (`lost`), upon which the process has to end.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from chassis.background import Backoff
from chassis.bus import (
    MAX_BATCH_MESSAGES,
    Away,
    BusError,
    Consumer,
    Delivery,
    Last,
    Message,
    Missing,
    StreamSpec,
)
from chassis.nats_config import JetStreamSettings as JetStreamSettings
from chassis.nats_errors import SOMEBODY_WAS_FASTER, stored, translated
from chassis.pulling import PullConsumer
from chassis.stream_settings import durable_place, stream_settings

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
"""For one attempt at the first connection; nats-py may hang for ever in a TLS handshake."""
RECONNECT_SECONDS = 0.25
PING_SECONDS = 2
UNANSWERED_PINGS = 2
REQUEST_SECONDS = 5.0
WINDOW = 64
"""Messages under way at once without atomic batches: behind a lost one all are refused."""
ATOMIC_SINCE = (2, 12)
FOLLOW_SECONDS = 0.1
"""How often a follower looks whether there is something new."""

WATCH_SECONDS = 1.0
WINDOWS_ONLY_SECONDS = 60.0
"""After an atomic batch is refused although nobody was faster, do without for so long."""


T = TypeVar("T")


class JetStreamBus:
    """`chassis.bus.Bus`. `open` first; while there is no connection everything raises Away."""

    def __init__(self, settings: JetStreamSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._closed = asyncio.Event()
        self._disturbed = asyncio.Event()
        self._closing = False
        self._atomic: dict[str, bool] = {}
        self._windows_only_until = 0.0
        self._consumers: list[PullConsumer] = []

    async def open(self, wait_seconds: float = 0.0) -> bool:
        """Begin to connect, for ever; gives whether there is a connection after `wait_seconds`."""
        self._keeping = asyncio.create_task(self._keep())
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._connected.wait()
        return self._connected.is_set()

    async def lost(self) -> str:
        """Wait until the connection is beyond help, and say why. The process must then end, and be
        started anew: it would hear nothing any more. Never returns after `close`."""
        if self._keeping is None:
            raise RuntimeError("open the bus first")
        await asyncio.wait([self._keeping])
        if self._closing:
            await asyncio.Event().wait()
        return "the connection to NATS was closed for good"

    async def close(self) -> None:
        self._closing = True
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        if self._client is not None:
            await _close(self._client)
        await self._disturb()

    # ------------------------------------------------------------------ the connection

    async def _keep(self) -> None:
        """Connect, then watch; returns when nats-py has given up."""
        backoff = Backoff()
        client = await self._connect_once()
        while client is None:
            await asyncio.sleep(backoff.delay())
            client = await self._connect_once()
        self._client = client
        self._connected.set()
        while not (self._closed.is_set() or _is_wedged(client)):
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await self._closed.wait()
        await self._disturb()

    async def _connect_once(self) -> Client | None:
        client = Client()
        connecting = asyncio.create_task(client.connect(**self._options()))
        try:
            await asyncio.wait([connecting], timeout=CONNECT_SECONDS)
            if connecting.done() and connecting.exception() is None:
                return client
        finally:
            # nats-py may swallow being cancelled, so ask until it is.
            while not connecting.done():
                connecting.cancel()
                await asyncio.wait([connecting], timeout=0.1)
        logger.warning("no connection to NATS yet")
        await _close(client)
        return None

    def _options(self) -> dict[str, Any]:
        settings = self._settings
        options: dict[str, Any] = {
            "servers": list(settings.servers),
            "name": settings.name,
            "inbox_prefix": settings.inbox_prefix,
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": RECONNECT_SECONDS,
            "connect_timeout": CONNECT_SECONDS,
            "ping_interval": PING_SECONDS,
            "max_outstanding_pings": UNANSWERED_PINGS,
            # Nothing is kept to be sent later: whoever publishes asks first where the stream ends.
            "pending_size": 0,
            "error_cb": self._on_error,
            "disconnected_cb": self._disturb,
            "reconnected_cb": self._disturb,
            "closed_cb": self._on_closed,
        }
        if settings.user is not None:
            options |= {"user": settings.user, "password": settings.password}
        if settings.tls is not None:
            options["tls"] = settings.tls
        return options

    async def _on_error(self, error: Exception) -> None:
        logger.info("NATS: %s", type(error).__name__)

    async def _on_closed(self) -> None:
        self._closed.set()

    async def _disturb(self) -> None:
        """What was asked on the connection so far may never be answered."""
        disturbed, self._disturbed = self._disturbed, asyncio.Event()
        disturbed.set()
        for consumer in self._consumers:
            consumer.fail(Away("the connection to NATS was disturbed"))
        self._consumers.clear()

    @property
    def client(self) -> Client:
        """The connection. Raises Away when there is none at present."""
        if self._client is not None and self._client.is_connected:
            return self._client
        raise Away("there is no connection to NATS")

    async def _answer(self, request: Awaitable[T]) -> T:
        """The answer to a request. Raises Away at once when the connection is disturbed."""
        asked = asyncio.ensure_future(request)
        disturbed = asyncio.ensure_future(self._disturbed.wait())
        try:
            await asyncio.wait([asked, disturbed], return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise Away("the connection to NATS was disturbed")
            return asked.result()
        finally:
            asked.cancel()
            disturbed.cancel()

    def _js(self) -> JetStreamContext:
        return self.client.jetstream(timeout=REQUEST_SECONDS)

    # ------------------------------------------------------------------ streams

    async def ensure_stream(self, spec: StreamSpec) -> None:
        js, version = self._js(), self.client.connected_server_version
        wanted = stream_settings(spec, atomic=(version.major, version.minor) >= ATOMIC_SINCE)
        with translated():
            try:
                found = (await self._answer(js.stream_info(spec.name))).config
            except NotFoundError:
                await self._answer(js.add_stream(api.StreamConfig(**wanted)))
                return
            if any(getattr(found, name) != value for name, value in wanted.items()):
                logger.warning("the stream %s is not as it should be: changed", spec.name)
                await self._answer(js.update_stream(found.evolve(**wanted)))

    async def last_message(self, stream: str, before: int | None = None) -> Last:
        js = self._js()
        with translated():
            info = await self._answer(js.stream_info(stream))
            self._atomic[stream] = bool(info.config.allow_atomic)
            sequence = info.state.last_seq if before is None else before - 1
            if info.state.messages == 0 or sequence < info.state.first_seq:
                return Last(sequence, None)
            found = await self._answer(js.get_msg(stream, sequence))
        return Last(sequence, _message(found))

    # ------------------------------------------------------------------ publishing

    async def publish_batch(
        self, stream: str, messages: Sequence[Message], expected_last_sequence: int
    ) -> int:
        if not 1 <= len(messages) <= MAX_BATCH_MESSAGES:
            raise ValueError("a batch has 1 to MAX_BATCH_MESSAGES messages")
        atomic = self._atomic.get(stream, False) and _now() >= self._windows_only_until
        if atomic and len(messages) > 1:
            return await self._publish_atomically(messages, expected_last_sequence)
        # The first alone: if somebody was faster, nothing of the rest may happen to fit.
        sequence = await self._publish_window(messages[:1], expected_last_sequence)
        for start in range(1, len(messages), WINDOW):
            sequence = await self._publish_window(messages[start : start + WINDOW], sequence)
        return sequence

    async def _publish_atomically(self, messages: Sequence[Message], expected: int) -> int:
        """All or none, and one sync of the disk. Only the last message is answered."""
        client = self.client
        batch_id = client.new_inbox().rsplit(".", 1)[-1]
        *before, last = messages
        more = {api.Header.EXPECTED_LAST_SEQUENCE.value: str(expected)}
        with translated():
            for number, message in enumerate(before, 1):
                headers = {
                    **message.headers,
                    **more,
                    api.Header.BATCH_ID.value: batch_id,
                    api.Header.BATCH_SEQUENCE.value: str(number),
                }
                await client.publish(message.subject, message.payload, headers=headers)
                more = {}
            headers = {
                **last.headers,
                api.Header.BATCH_ID.value: batch_id,
                api.Header.BATCH_SEQUENCE.value: str(len(messages)),
                api.Header.BATCH_COMMIT.value: "1",
            }
            commit = client.request(
                last.subject, last.payload, timeout=REQUEST_SECONDS, headers=headers
            )
            answer = await self._answer(commit)
            try:
                return stored(answer, expected + len(messages))
            except APIError as error:
                if error.err_code not in SOMEBODY_WAS_FASTER:
                    logger.warning("an atomic batch was refused (%s)", error.err_code)
                    self._windows_only_until = _now() + WINDOWS_ONLY_SECONDS
                raise

    async def _publish_window(self, messages: Sequence[Message], expected: int) -> int:
        """A chain: each message names the sequence of the one before it."""
        client = self.client
        requests = []
        for sequence, message in enumerate(messages, expected):
            headers = {**message.headers, api.Header.EXPECTED_LAST_SEQUENCE.value: str(sequence)}
            requests.append(
                client.request(
                    message.subject, message.payload, timeout=REQUEST_SECONDS, headers=headers
                )
            )
        with translated():
            answers = await self._answer(asyncio.gather(*requests, return_exceptions=True))
            for sequence, answer in enumerate(answers, expected + 1):
                if isinstance(answer, BaseException):
                    raise answer
                stored(answer, sequence)
        return expected + len(messages)

    # ------------------------------------------------------------------ receiving

    async def consume(self, stream: str, durable: str, subjects: Sequence[str]) -> Consumer:
        return await self._open(stream, durable_place(durable, subjects))

    async def follow(
        self, stream: str, after_sequence: int | None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Delivery]:
        # Message by message, with no consumer: whoever only looks on needs no right to make one.
        at = after_sequence
        backoff = Backoff()
        while True:
            try:
                if at is None:
                    at = (await self.last_message(stream)).sequence
                found = await self._next(stream, at, subjects or (">",))
                backoff.reset()
            except BusError as error:
                logger.info("following %s was disturbed: %s", stream, error)
                await asyncio.sleep(backoff.delay())
                continue
            if found is not None:
                at = found.sequence
                yield found
                continue
            await asyncio.sleep(FOLLOW_SECONDS)
            with suppress(BusError):
                if (await self.last_message(stream)).sequence < at:
                    # It was made anew, and all in it is new.
                    at = 0

    async def _next(self, stream: str, at: int, subjects: Sequence[str]) -> Delivery | None:
        """The first message behind `at` that matches one of `subjects`, if there is one yet."""
        js = self._js()
        found: list[Delivery] = []
        for subject in subjects:
            with suppress(Missing), translated():
                raw = await self._answer(js.get_msg(stream, at + 1, subject, next=True))
                found.append(Delivery(_message(raw), raw.seq or 0))
        return min(found, key=lambda each: each.sequence, default=None)

    async def _open(self, stream: str, place: dict[str, Any]) -> PullConsumer:
        client, js = self.client, self._js()

        async def send(subject: str, payload: bytes, reply: str) -> None:
            with translated():
                await client.publish(subject, payload, reply)

        async def receive(message: Msg) -> None:
            received = Message(message.subject, message.headers or {}, message.data)
            consumer.receive(received, message.reply)

        async def leave() -> None:
            if not client.is_closed:
                with translated():
                    await subscription.unsubscribe()

        inbox = client.new_inbox()
        consumer = PullConsumer(stream, place["name"], inbox, send, leave)
        with translated():
            await self._answer(js.add_consumer(stream, api.ConsumerConfig(**place)))
            subscription = await client.subscribe(inbox, cb=receive)
        self._consumers = [each for each in self._consumers if not each.failed]
        self._consumers.append(consumer)
        return consumer


def _message(raw: api.RawStreamMsg) -> Message:
    return Message(raw.subject or "", raw.headers or {}, raw.data or b"")


def _is_wedged(client: Client) -> bool:
    """nats-py says that it is reconnecting, but nobody is at it: an error ended the attempt."""
    attempt = client._reconnection_task
    return client.is_reconnecting and (attempt is None or attempt.done())


async def _close(client: Client) -> None:
    with suppress(nats.errors.Error, TimeoutError, OSError):
        await client.close()


def _now() -> float:
    return asyncio.get_running_loop().time()
