"""A card network for tests: it writes messages, sends them over a socket, and reads answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from chassis.framed_server import FramedServer, Header
from chassis.grpc_server import Guard
from chassis.interceptors.admission import Admission
from chassis.permission import Permissions, PolicySource
from chassis.telemetry import Telemetry
from chassis.testing.harness import BEGINNING, TestNode
from services.accounts.config import AccountsSettings
from services.accounts.iso8583.door import Door
from services.accounts.iso8583.message import Codec, Message
from services.accounts.iso8583.serving import make_door, make_server
from services.accounts.iso8583.spec import Encoding

POLICIES = Path(__file__).resolve().parents[2] / "auth" / "policies"
GATEWAY = "gateway-1"
ACQUIRER = "490001"
ANSWER_SECONDS = 60.0


def guard(node: TestNode, telemetry: Telemetry | None = None) -> Guard:
    """What a door asks: the real policies, nobody's tokens."""
    texts = [path.read_text() for path in sorted(POLICIES.glob("*.cedar"))]
    return Guard(
        verifier=None,  # type: ignore[arg-type]
        permissions=Permissions(PolicySource.of_text("\n".join(texts))),
        telemetry=telemetry or Telemetry("accounts"),
        clock=node.clock,
        ids=node.world.ids,
    )


def settings(**changes: Any) -> AccountsSettings:
    """The door's settings, in the clear."""
    fields: dict[str, Any] = {"iso8583_clear_text_gateway": GATEWAY}
    return AccountsSettings(**{**fields, **changes})


def open_door(node: TestNode, chosen: AccountsSettings, telemetry: Telemetry | None = None) -> Door:
    """The door of a running node."""
    node.ports.settings = chosen
    admission = Admission(node.clock.monotonic, max_in_flight=1024, max_streams=1)
    return make_door(node.ports, guard(node, telemetry), admission)


@asynccontextmanager
async def served(door: Door, chosen: AccountsSettings) -> AsyncIterator[FramedServer]:
    """The door on a socket."""
    server = make_server(door, chosen, "127.0.0.1:0")
    await server.start()
    try:
        yield server
    finally:
        await server.stop(1.0)


@dataclass
class Terminal:
    """Writes messages as an acquirer does, each with a trace number of its own."""

    pan: str
    codec: Codec = field(default_factory=lambda: Codec(Encoding.ASCII))
    currency: str = "826"
    stan: int = 0
    at: Any = BEGINNING

    def message(self, mti: str, amount: int = 0, **changes: Any) -> Message:
        """A message about an amount in minor units; `f38="..."` sets a field, None removes it."""
        self.stan += 1
        stan = f"{self.stan:06d}"
        fields: dict[int, str] = {
            2: self.pan,
            3: "000000",
            4: f"{amount:012d}",
            7: self.at.strftime("%m%d%H%M%S"),
            11: stan,
            12: self.at.strftime("%H%M%S"),
            13: self.at.strftime("%m%d"),
            18: "5411",
            22: "051",
            25: "00",
            32: ACQUIRER,
            37: f"REF{self.stan:09d}",
            41: "TERM0001",
            42: "MERCHANT-000001",
            43: f"{'Green Grocer':<22}{'Birmingham':<13}{'':<3}GB",
            49: self.currency,
        }
        for name, text in changes.items():
            if text is None:
                fields.pop(int(name[1:]), None)
            else:
                fields[int(name[1:])] = text
        return Message(mti, fields)

    def about(self, first: Message, mti: str, amount: int = 0, **changes: Any) -> Message:
        """A message that continues another one, named by field 90."""
        named = first.mti + first[11] + first[7] + first[32].zfill(11) + "0" * 11
        return self.message(mti, amount, **{"f90": named, "f37": first[37], **changes})

    def later(self, **by: float) -> None:
        """Time goes on at the terminal."""
        self.at += timedelta(**by)


def management(code: str, stan: int = 1) -> Message:
    """A message 0800."""
    when = BEGINNING.strftime("%m%d%H%M%S")
    return Message("0800", {7: when, 11: f"{stan:06d}", 70: code})


@dataclass
class Line:
    """One connection of a gateway."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    codec: Codec
    header: Header = Header.TWO_BYTES

    def send(self, message: Message) -> None:
        """Send a message."""
        self.send_raw(self.codec.encode(message.mti, message.fields))

    def send_raw(self, frame: bytes) -> None:
        """Send bytes as a frame."""
        self.writer.write(self.header.write(len(frame)) + frame)

    async def receive(self) -> Message:
        """The next answer. Raises IncompleteReadError at the end."""
        async with asyncio.timeout(ANSWER_SECONDS):
            length = self.header.read(await self.reader.readexactly(self.header.width))
            return self.codec.decode(await self.reader.readexactly(length))

    async def ask(self, message: Message) -> Message:
        """Send a message and read the answer."""
        self.send(message)
        return await self.receive()

    async def is_closed(self) -> bool:
        """Whether nothing more comes."""
        async with asyncio.timeout(ANSWER_SECONDS):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


@dataclass
class World:
    """An account with a card, a terminal that knows the number, a line to the door."""

    rpcs: Any
    door: Door
    line: Line
    terminal: Terminal
    account: Any

    async def held(self) -> int:
        return int((await self._account()).held.minor_units)

    async def owed(self) -> int:
        return int((await self._account()).balance.minor_units)

    async def _account(self) -> Any:
        found = await self.rpcs("GetAccount", account_id=self.account.account_id)
        return found.account

    def facts(self) -> list[Any]:
        found: list[Any] = self.rpcs.node.facts()
        return found

    def charged(self) -> list[Any]:
        """The facts about charges."""
        return [each for each in self.facts() if "harge" in type(each).__name__]


@asynccontextmanager
async def connected(
    server: FramedServer, codec: Codec, header: Header = Header.TWO_BYTES, **tls: Any
) -> AsyncIterator[Line]:
    """A line to a served door."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, **tls)
    line = Line(reader, writer, codec, header)
    try:
        yield line
    finally:
        line.close()


@asynccontextmanager
async def opened_to_networks(rpcs: Any) -> AsyncIterator[World]:
    """An account with a card, whose number a terminal knows; `rpcs` is a caller at the door."""
    account = await rpcs.open()
    number = (await rpcs("RevealCardNumber", card_id=account.cards[0].card_id)).number
    chosen = settings()
    opened = open_door(rpcs.node, chosen)
    async with served(opened, chosen) as server, connected(server, opened.codec) as line:
        yield World(rpcs, opened, line, Terminal(number), account)
