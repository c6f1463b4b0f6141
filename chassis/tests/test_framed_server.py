"""Frames over sockets: out of order, slow, cut short, too many, too large; and an orderly end."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from chassis.framed_server import (
    FramedServer,
    FramedSettings,
    Hangup,
    Header,
    Peer,
    certified_names,
    mutual_tls,
)
from chassis.tests.door.test_server import Authority

SECONDS = 60.0


class Echo:
    """Answers with what it was asked; `wait` waits until it is let go, `bye` hangs up, `none` is
    not answered, `big` is answered at length, `bug` is a defect."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0
        self.peers: list[Peer] = []

    def begin(self, peer: Peer) -> "Echo":
        self.peers.append(peer)
        return self

    async def answer(self, frame: bytes) -> bytes | None:
        self.asked += 1
        if frame == b"wait":
            await self.go.wait()
        if frame == b"bye":
            raise Hangup("ASKED_TO", b"good-bye")
        if frame == b"bug":
            raise ZeroDivisionError
        if frame == b"big":
            return b"x" * 60_000
        return None if frame == b"none" else frame


SETTINGS = FramedSettings(
    listen="127.0.0.1:0",
    tls=None,
    header=Header.TWO_BYTES,
    max_frame_bytes=1_000,
    max_connections=3,
    max_in_flight=2,
    idle_seconds=60.0,
    frame_seconds=60.0,
    write_seconds=60.0,
)


class Line:
    """A client's end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, header: Header
    ) -> None:
        self.reader, self.writer, self.header = reader, writer, header

    def send(self, frame: bytes) -> None:
        self.writer.write(self.header.write(len(frame)) + frame)

    async def receive(self) -> bytes:
        async with asyncio.timeout(SECONDS):
            length = self.header.read(await self.reader.readexactly(self.header.width))
            return await self.reader.readexactly(length)

    async def ended(self) -> bool:
        async with asyncio.timeout(SECONDS):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True


@asynccontextmanager
async def serving(echo: Echo, **changes: object) -> AsyncIterator[FramedServer]:
    changed = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    server = FramedServer("echo", changed, echo.begin)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(0.1)


@asynccontextmanager
async def line_to(server: FramedServer, header: Header = Header.TWO_BYTES) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Line(reader, writer, header)
    finally:
        # What a deaf peer left unsent would keep the socket open beyond the test.
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.mark.parametrize("header", Header)
async def test_frames_are_answered_under_every_header(header: Header) -> None:
    async with serving(Echo(), header=header) as server, line_to(server, header) as line:
        for frame in (b"a", b"b" * 1_000):
            line.send(frame)
            assert await line.receive() == frame


async def test_answers_come_when_they_are_ready_not_in_turn() -> None:
    echo = Echo()
    async with serving(echo) as server, line_to(server) as line:
        line.send(b"wait")
        line.send(b"quick")
        assert await line.receive() == b"quick"
        echo.go.set()
        assert await line.receive() == b"wait"


async def test_an_empty_frame_is_a_sign_of_life_and_nothing_more() -> None:
    echo = Echo()
    async with serving(echo) as server, line_to(server) as line:
        line.send(b"")
        line.send(b"none")
        line.send(b"a")
        assert await line.receive() == b"a"
        assert echo.asked == 2


async def test_beyond_the_limit_in_flight_frames_wait_in_the_network() -> None:
    echo = Echo()
    async with serving(echo) as server, line_to(server) as line:
        for _ in range(5):
            line.send(b"wait")
        async with asyncio.timeout(SECONDS):
            while echo.asked < SETTINGS.max_in_flight:  # noqa: ASYNC110 - it knows of no event.
                await asyncio.sleep(0.005)
        # Nor do more come in while nobody waits for them.
        await asyncio.sleep(0.05)
        assert echo.asked == SETTINGS.max_in_flight
        echo.go.set()
        assert [await line.receive() for _ in range(5)] == [b"wait"] * 5


async def test_one_connection_too_many_is_closed_at_once_and_its_place_is_free_again() -> None:
    async with serving(Echo(), max_connections=1) as server:
        async with line_to(server) as first:
            first.send(b"a")
            assert await first.receive() == b"a"
            async with line_to(server) as second:
                assert await second.ended()
            first.send(b"b")
            assert await first.receive() == b"b"
        await until(server, 0)
        async with line_to(server) as third:
            third.send(b"c")
            assert await third.receive() == b"c"


async def until(server: FramedServer, connections: int) -> None:
    async with asyncio.timeout(SECONDS):
        while server.connections != connections:  # noqa: ASYNC110 - it knows of no event.
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("sent", "changes"),
    [
        (b"\x03\xe9", {}),
        (b"\x00", {"frame_seconds": 0.05}),
        (b"\x00\x05abc", {"frame_seconds": 0.05}),
        (b"", {"idle_seconds": 0.05}),
        (b"zz12", {"header": Header.FOUR_DIGITS}),
        (b"\x00\x03bug", {}),
    ],
    ids=["too large", "half a header", "half a frame", "silent", "no digits", "a defect"],
)
async def test_a_peer_that_keeps_to_no_rules_is_closed(
    sent: bytes, changes: dict[str, object]
) -> None:
    async with serving(Echo(), **changes) as server, line_to(server) as line:
        line.writer.write(sent)
        assert await line.ended()
        await until(server, 0)


async def test_a_conversation_ends_with_its_last_word() -> None:
    async with serving(Echo()) as server, line_to(server) as line:
        line.send(b"bye")
        assert await line.receive() == b"good-bye"
        assert await line.ended()


async def test_who_only_listens_still_hears_what_was_asked_for() -> None:
    echo = Echo()
    async with serving(echo) as server, line_to(server) as line:
        line.send(b"wait")
        line.writer.write_eof()
        await asyncio.sleep(0.02)
        echo.go.set()
        assert await line.receive() == b"wait"
        assert await line.ended()


async def test_a_peer_that_takes_no_answers_is_closed_and_holds_up_nobody() -> None:
    limits = {"write_seconds": 0.2, "max_in_flight": 100}
    serve = serving(Echo(), **limits)
    async with serve as server, line_to(server) as deaf, line_to(server) as other:
        deaf.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(100):
            deaf.send(b"big")
        other.send(b"a")
        assert await other.receive() == b"a"
        await until(server, 1)


async def test_at_the_end_what_is_in_hand_is_answered_and_no_more() -> None:
    echo = Echo()
    server = FramedServer("echo", SETTINGS, echo.begin)
    await server.start()
    async with line_to(server) as line, line_to(server) as idle:
        line.send(b"wait")
        idle.send(b"a")
        assert await idle.receive() == b"a"
        stopping = asyncio.create_task(server.stop(SECONDS))
        await asyncio.sleep(0.05)
        assert await idle.ended()
        line.send(b"too late")
        echo.go.set()
        assert await line.receive() == b"wait"
        assert await line.ended()
        await stopping
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", server.port)
    assert echo.asked == 2


async def test_the_end_waits_for_nobody_for_ever() -> None:
    echo = Echo()
    server = FramedServer("echo", SETTINGS, echo.begin)
    await server.start()
    async with line_to(server) as line:
        line.send(b"wait")
        await asyncio.sleep(0.02)
        async with asyncio.timeout(SECONDS):
            await server.stop(0.05)
        assert await line.ended()


def test_a_certificate_proves_its_names() -> None:
    subject = ((("countryName", "GB"),), (("commonName", "switch"),))
    assert certified_names({"subject": subject}) == ("switch",)
    named = (("DNS", "a.example"), ("IP Address", "10.0.0.1"), ("URI", "spiffe://x/a"))
    certificate = {"subject": subject, "subjectAltName": named}
    assert certified_names(certificate) == ("a.example", "spiffe://x/a")
    assert certified_names({}) == ()


async def test_a_gateway_shows_a_certificate_and_is_known_by_its_name(tmp_path: Path) -> None:
    folders = [tmp_path / "ours", tmp_path / "others"]
    for folder in folders:
        folder.mkdir()
    ours, others = (Authority(folder) for folder in folders)
    echo = Echo()

    def client(by: Authority | None) -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=str(ours.path))
        if by is not None:
            made.load_cert_chain(*by.issue("switch"))
        return made

    tls = mutual_tls(*ours.issue("cards"), ours.path)
    async with serving(echo, tls=tls, frame_seconds=5.0) as server:
        assert await greeted(server, client(ours))
        assert not await greeted(server, client(others))
        assert not await greeted(server, client(None))
        assert not await greeted(server, None)
    assert [peer.names for peer in echo.peers] == [("switch", "localhost")]


async def greeted(server: FramedServer, tls: ssl.SSLContext | None) -> bool:
    """Whether somebody with these certificates is answered."""
    name = None if tls is None else "localhost"
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, ssl=tls, server_hostname=name
        )
    except OSError:
        return False
    try:
        line = Line(reader, writer, Header.TWO_BYTES)
        line.send(b"a")
        return await line.receive() == b"a"
    except (OSError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
