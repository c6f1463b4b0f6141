"""A TCP server of frames with a length before each, for callers that speak no gRPC. What stands
in a frame is a conversation's business; this knows connections, limits, and an orderly end."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from chassis.logs import frames, log

MAX_UNSENT_BYTES = 64 * 1024
"""Answers that the peer has not taken yet, for each connection; beyond it we wait for the peer."""
BACKLOG = 64
"""Connections that the kernel keeps for us until we accept them."""
MAX_SEEN_NAMES = 8
"""Names of a peer's certificate that are looked at."""


class Header(StrEnum):
    """How the length of what follows is written; it does not count itself."""

    TWO_BYTES = "two_bytes"
    FOUR_BYTES = "four_bytes"
    FOUR_DIGITS = "four_digits"

    @property
    def width(self) -> int:
        return 2 if self is Header.TWO_BYTES else 4

    @property
    def most(self) -> int:
        """The longest frame it can announce."""
        return 9_999 if self is Header.FOUR_DIGITS else 256**self.width - 1

    def write(self, length: int) -> bytes:
        if self is Header.FOUR_DIGITS:
            return b"%04d" % length
        return length.to_bytes(self.width, "big")

    def read(self, raw: bytes) -> int:
        """Raises Hangup for what is no length."""
        if self is not Header.FOUR_DIGITS:
            return int.from_bytes(raw, "big")
        if not raw.isdigit():
            raise Hangup("HEADER_MALFORMED")
        return int(raw)


@dataclass(frozen=True, kw_only=True)
class FramedSettings:
    """Where to listen, and every limit of a connection."""

    listen: str
    tls: ssl.SSLContext | None
    header: Header
    max_frame_bytes: int
    max_connections: int
    max_in_flight: int
    """Frames of one connection that are being answered; no more is read until one is done."""
    idle_seconds: float
    """Without a frame for so long, a connection is closed: half of it may be gone."""
    frame_seconds: float
    """Within which a frame that has begun has to arrive, and a TLS handshake to end."""
    write_seconds: float
    """Within which a peer has to take an answer."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: its address, and the names its certificate proves."""

    address: str
    names: tuple[str, ...] = ()


class Hangup(Exception):
    """The connection has to end; `reason` is told in the log, `last` is sent before."""

    def __init__(self, reason: str, last: bytes | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.last = last


class Conversation(Protocol):
    """One connection's worth of frames."""

    async def answer(self, frame: bytes) -> bytes | None:
        """The answer to one frame, None for none; several run at a time. Raises Hangup."""
        ...


Begin = Callable[[Peer], Conversation]
"""Begins a conversation. Raises Hangup for a peer that is not let in."""


class FramedServer:
    """Serves conversations at an address: `start`, then `stop`."""

    def __init__(self, name: str, settings: FramedSettings, begin: Begin) -> None:
        self._name = name
        self._settings = settings
        self._begin = begin
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self.port = 0

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._connections)

    async def start(self) -> int:
        """Listen; the port is returned. Raises OSError when the address cannot be had."""
        settings = self._settings
        host, _, port = settings.listen.rpartition(":")
        # On [::] asyncio alone would take IPv6 and nothing else; other servers take both there.
        address = None if host == "[::]" else host.strip("[]")
        timed = {} if settings.tls is None else {"ssl_handshake_timeout": settings.frame_seconds}
        self._server = await asyncio.start_server(
            self._accept,
            address,
            int(port),
            ssl=settings.tls,
            backlog=BACKLOG,
            limit=settings.max_frame_bytes,
            **timed,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        log("listening", server=self._name, port=self.port, tls=settings.tls is not None)
        return self.port

    async def stop(self, grace_seconds: float) -> None:
        """Take no more frames, let those in hand be answered, close."""
        if self._server is None:
            return
        self._server.close()
        endings = [each.end(grace_seconds) for each in list(self._connections)]
        await asyncio.gather(*endings, return_exceptions=True)
        self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._settings.max_connections:
            log("connection_refused", level="warning", server=self._name, reason="TOO_MANY")
            writer.transport.abort()
            return
        connection = _Connection(self._name, self._settings, reader, writer)
        self._connections.add(connection)
        try:
            await connection.run(self._begin)
        finally:
            self._connections.discard(connection)


class _Connection:
    def __init__(
        self,
        server: str,
        settings: FramedSettings,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._server = server
        self._settings = settings
        self._reader = reader
        self._writer = writer
        self._writing = asyncio.Lock()
        self._places = asyncio.Semaphore(settings.max_in_flight)
        self._answering: set[asyncio.Task[None]] = set()
        self._reading: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self._why = ""

    async def run(self, begin: Begin) -> None:
        writer = self._writer
        writer.transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)
        plain = writer.get_extra_info("socket")
        if plain is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        peer = peer_of(writer)
        try:
            conversation = begin(peer)
            log("connection_opened", server=self._server, peer=peer.address)
            self._reading = asyncio.create_task(self._read_all(conversation))
            await asyncio.wait({self._reading})
            self._why = self._why or self._reason(self._reading)
            if self._answering:
                # Whoever only listens from now on still gets what they asked for.
                await asyncio.wait(self._answering, timeout=self._settings.idle_seconds)
        except Hangup as refusal:
            self._why = refusal.reason
        finally:
            await self._close()
            log("connection_closed", server=self._server, peer=peer.address, reason=self._why)

    async def end(self, grace_seconds: float) -> None:
        """Read no more; wait for answers in hand; closed when this returns."""
        self._why = "DRAINING"
        if self._reading is not None:
            self._reading.cancel()
        try:
            async with asyncio.timeout(grace_seconds):
                await self._closed.wait()
        except TimeoutError:
            self._writer.transport.abort()
            for each in self._answering:
                each.cancel()
            await self._closed.wait()

    def _reason(self, reading: asyncio.Task[None]) -> str:
        error = None if reading.cancelled() else reading.exception()
        if isinstance(error, Hangup):
            return error.reason
        if error is None or isinstance(error, ConnectionError | ssl.SSLError):
            return "PEER_LEFT"
        log("conversation_failed", level="error", error=type(error).__name__, frames=frames(error))
        return "DEFECT"

    async def _read_all(self, conversation: Conversation) -> None:
        while True:
            frame = await self._read_one()
            if frame is None:
                return
            if not frame:
                # Some networks send an empty frame to see whether the line is alive.
                continue
            await self._places.acquire()
            task = asyncio.create_task(self._answer(conversation, frame))
            self._answering.add(task)
            task.add_done_callback(self._answered)

    async def _read_one(self) -> bytes | None:
        """The next frame, None at the end. Raises Hangup."""
        settings, reader = self._settings, self._reader
        try:
            async with asyncio.timeout(settings.idle_seconds):
                first = await reader.readexactly(1)
        except TimeoutError:
            raise Hangup("IDLE") from None
        except asyncio.IncompleteReadError:
            return None
        try:
            async with asyncio.timeout(settings.frame_seconds):
                raw = first + await reader.readexactly(settings.header.width - 1)
                length = settings.header.read(raw)
                if length > settings.max_frame_bytes:
                    raise Hangup("FRAME_TOO_LARGE")
                return await reader.readexactly(length)
        except TimeoutError:
            raise Hangup("FRAME_TOO_SLOW") from None
        except asyncio.IncompleteReadError:
            raise Hangup("FRAME_CUT_SHORT") from None

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        self._places.release()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._why = self._reason(task)
            if self._reading is not None:
                self._reading.cancel()

    async def _answer(self, conversation: Conversation, frame: bytes) -> None:
        try:
            answer = await conversation.answer(frame)
        except Hangup as hangup:
            if hangup.last is not None:
                await self._send(hangup.last)
            raise
        if answer is not None:
            await self._send(answer)

    async def _send(self, frame: bytes) -> None:
        async with self._writing:
            self._writer.write(self._settings.header.write(len(frame)) + frame)
            try:
                async with asyncio.timeout(self._settings.write_seconds):
                    await self._writer.drain()
            except TimeoutError:
                self._writer.transport.abort()
                raise Hangup("ANSWERS_NOT_TAKEN") from None

    async def _close(self) -> None:
        for task in [self._reading, *self._answering]:
            if task is not None and not task.done():
                task.cancel()
        self._writer.close()
        try:
            async with asyncio.timeout(self._settings.write_seconds):
                await self._writer.wait_closed()
        except (TimeoutError, OSError):
            # It was closed from the other side, or nobody is there to say good-bye to.
            self._writer.transport.abort()
        finally:
            self._closed.set()


def peer_of(writer: asyncio.StreamWriter) -> Peer:
    """The peer of a connection."""
    address: Any = writer.get_extra_info("peername") or ("", 0)
    shown = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "local"
    return Peer(shown, certified_names(writer.get_extra_info("peercert") or {}))


def certified_names(certificate: Any) -> tuple[str, ...]:
    """The names in a verified certificate: DNS names and URIs, else the common name."""
    named = [
        value for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "URI")
    ]
    if not named:
        parts = [pair for part in certificate.get("subject", ()) for pair in part]
        named = [value for kind, value in parts if kind == "commonName"]
    return tuple(named[:MAX_SEEN_NAMES])


def mutual_tls(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """TLS at which a peer shows a certificate too. A renewed certificate is read without a
    restart, for the connections after the one at which that is noticed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority)
    context.load_cert_chain(certificate, key)
    seen = [(certificate.stat().st_mtime_ns, key.stat().st_mtime_ns)]

    def renew(connection: Any, name: str | None, this: ssl.SSLContext) -> None:
        try:
            now = (certificate.stat().st_mtime_ns, key.stat().st_mtime_ns)
            if now != seen[0]:
                this.load_cert_chain(certificate, key)
                seen[0] = now
        except (OSError, ssl.SSLError):
            # Caught amid a renewal: the old certificate is good for one connection more.
            return

    context.sni_callback = renew
    return context
