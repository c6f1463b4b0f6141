"""Messages spoilt in every way that lines and people spoil them, against a door on a real store.

Where messages are authenticated no spoilt one may have any effect. Where they are not, one that is
still a message is taken for one; whatever is answered with a format error has had no effect.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.type.v1.money_pb2 import Money
from sqlalchemy import func, select

from chassis import logs
from chassis.call import entered
from chassis.event_store.tables import audit, events, idempotency
from chassis.framed_server import Hangup, Peer
from chassis.testing.harness import TestNode, call, running
from services.accounts.app import SERVICE
from services.accounts.iso8583.answers import FORMAT_ERROR, MALFUNCTION
from services.accounts.iso8583.door import Connection, Door
from services.accounts.iso8583.message import MAC_FIELDS, Message, answer_type
from services.accounts.iso8583.spec import Encoding
from services.accounts.tables.network_references import network_references
from services.accounts.tests.network import GATEWAY, Terminal, management, open_door, settings

MAC_KEY = "5a" * 16
LONGEST_SLICE = 24
MOST_FLIPS = 8
APPROVED, OVER_LIMIT = "00", "51"
CHECKED_EVERY = 500
"""How often the store is looked at where nothing may happen to it."""

Mutation = Callable[[Random, bytearray, bytes], None]


def _place(dice: Random, frame: bytearray) -> int:
    return dice.randrange(max(1, len(frame)))


def flip_bits(dice: Random, frame: bytearray, other: bytes) -> None:
    for _ in range(dice.randint(1, MOST_FLIPS)):
        frame[_place(dice, frame)] ^= 1 << dice.randrange(8)


def flip_bits_of_the_bitmap(dice: Random, frame: bytearray, other: bytes) -> None:
    frame[2 + dice.randrange(min(18, len(frame) - 2))] ^= 1 << dice.randrange(8)


def cut_off(dice: Random, frame: bytearray, other: bytes) -> None:
    del frame[_place(dice, frame) :]


def cut_out(dice: Random, frame: bytearray, other: bytes) -> None:
    start = _place(dice, frame)
    del frame[start : start + dice.randint(1, LONGEST_SLICE)]


def append(dice: Random, frame: bytearray, other: bytes) -> None:
    frame += dice.randbytes(dice.randint(1, LONGEST_SLICE))


def insert(dice: Random, frame: bytearray, other: bytes) -> None:
    start = _place(dice, frame)
    frame[start:start] = dice.randbytes(dice.randint(1, LONGEST_SLICE))


def lie_about_a_length(dice: Random, frame: bytearray, other: bytes) -> None:
    start, digits = _place(dice, frame), dice.randint(1, 3)
    frame[start : start + digits] = f"{dice.randrange(10**digits):0{digits}d}".encode()


def swap_fields(dice: Random, frame: bytearray, other: bytes) -> None:
    size = dice.randint(1, LONGEST_SLICE)
    first, second = sorted((_place(dice, frame), _place(dice, frame)))
    one, two = frame[first : first + size], frame[second : second + size]
    frame[second : second + size] = one
    frame[first : first + size] = two


def take_from_another(dice: Random, frame: bytearray, other: bytes) -> None:
    start = _place(dice, frame)
    frame[start:] = other[start:]


def change_the_type(dice: Random, frame: bytearray, other: bytes) -> None:
    frame[:4] = f"{dice.randrange(10_000):04d}".encode()


def overwrite(dice: Random, frame: bytearray, other: bytes) -> None:
    start = _place(dice, frame)
    size = dice.randint(1, LONGEST_SLICE)
    frame[start : start + size] = dice.choice((b"\0", b"\xff", b"9", b" ", b"A")) * size


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    flip_bits_of_the_bitmap,
    cut_off,
    cut_out,
    append,
    insert,
    lie_about_a_length,
    swap_fields,
    take_from_another,
    change_the_type,
    overwrite,
)


CHIP = (
    "9F02060000000040009F03060000000000009F1A02082695058000048000"
    "5F2A0208269A031911059C01009F370452BF4585820218009F3602001C"
    "9F100706011203A0B8009F26087A788EA6B8A3E733"
)
"""What a chip may say."""
PIN_KEY = "0123456789ABCDEFFEDCBA9876543210"


class Crashed(Exception):
    """Something happened that must not; the text says for which seed."""


@dataclass
class Listener(io.StringIO):
    """Where logs go: they are counted, and must not hold the card's number."""

    secret: str
    lines: int = 0

    def write(self, text: str) -> int:
        self.lines += 1
        if self.secret and (self.secret in text or self.secret[6:-4] in text):
            raise Crashed("a card number stands in a log")
        return len(text)


@dataclass
class Account:
    """An account to try it on."""

    node: TestNode
    pan: str
    account_id: str


@dataclass
class Result:
    """What came of it: how often each answer was given."""

    told: Counter[str] = field(default_factory=Counter)
    effects: int = 0
    log_lines: int = 0

    @property
    def tried(self) -> int:
        return self.told.total()


async def open_account(node: TestNode) -> Account:
    """A programme, a customer, an account with a card."""
    methods = {
        method.name: getattr(servicer, method.name)
        for _, servicer, described in SERVICE.rpcs(node.ports)
        for method in described.methods
    }

    async def ask(name: str, key: str, **fields: Any) -> Any:
        with entered(call(f"accounts.{name}", key)):
            return await methods[name](getattr(pb, f"{name}Request")(**fields), None)

    programme = pb.Programme(
        programme_id="everyday",
        name="Everyday",
        currency="GBP",
        bin="500012",
        default_limit=Money(minor_units=10**9, currency_code="GBP"),
    )
    await ask("DefineProgramme", "1", programme=programme)
    details = pb.PersonalDetails(given_name="Ada", family_name="Lovelace")
    customer = await ask("RegisterCustomer", "2", details=details)
    opened = await ask(
        "OpenAccount", "3", customer_id=customer.customer_id, programme_id="everyday"
    )
    (card,) = opened.account.cards
    revealed = await ask("RevealCardNumber", "4", card_id=card.card_id)
    return Account(node, revealed.number, opened.account.account_id)


def good_messages(terminal: Terminal) -> list[Message]:
    """One of each kind."""
    first = terminal.message("0100", 4_500)
    bought = terminal.message("0200", 1_200)
    return [
        first,
        terminal.about(first, "0100", 500),
        terminal.about(first, "0120", 5_500),
        terminal.about(first, "0220", 5_500),
        bought,
        terminal.about(bought, "0200", 200, f3="200000"),
        terminal.about(first, "0400", 4_500),
        terminal.about(bought, "0420", 1_200, f95=f"{600:012d}".ljust(42, "0")),
        terminal.about(bought, "0100", 300, f3="200000"),
        terminal.about(bought, "0400", 300, f3="200000"),
        terminal.message("0120", 900, f39="00", f38="123456"),
        terminal.message("0200", 700, f3="260000"),
        terminal.message("0100", 0, f3="310000"),
        terminal.message("0100", 2_000, f6=f"{1_600:012d}", f10="78000000", f49="840", f51="826"),
        terminal.message("0100", 0, f35=f"{terminal.pan}D29121010000012300000"),
        terminal.message("0100", 400, f14="2901", f52="0412AC89ABCDEF67", f23="001", f55=CHIP),
        management("001"),
        management("301"),
    ]


def spoilt(frames: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """`count` messages, each spoilt in one to three ways, none of them as good as before."""
    dice = Random(seed)
    good = set(frames)
    while count:
        frame = bytearray(dice.choice(frames))
        for _ in range(dice.randint(1, 3)):
            if len(frame) > 4:
                dice.choice(MUTATIONS)(dice, frame, dice.choice(frames))
        if frame and bytes(frame) not in good:
            count -= 1
            yield bytes(frame)


Head = tuple[int, ...]


def head(node: TestNode) -> Head:
    """How much there is in the store: the log's position, and rows that go with it."""
    with node.world.engine.connect() as connection:
        position = connection.scalar(select(func.max(events.c.position))) or 0
        kept = (audit, idempotency, network_references)
        counted = [connection.scalar(select(func.count()).select_from(each)) for each in kept]
    return (position, *(each or 0 for each in counted))


async def play(
    account: Account,
    encoding: Encoding,
    count: int,
    seed: int,
    *,
    authenticated: bool,
    tried: Callable[[], None] = lambda: None,
) -> Result:
    """Try `count` spoilt messages on a door. Raises Crashed."""
    node = account.node
    key = {"iso8583_pin_key": PIN_KEY}
    if authenticated:
        key["iso8583_mac_key"] = MAC_KEY
    door = open_door(node, settings(iso8583_encoding=encoding, **key))
    terminal = Terminal(account.pan, door.codec)
    frames = [door.codec.encode(each.mti, each.fields) for each in good_messages(terminal)]
    result = Result()
    connection = Connection(door, GATEWAY, Peer("nowhere"))
    position = before = head(node)
    for number, frame in enumerate(spoilt(frames, count, seed), 1):
        said = await _answered(connection, frame, f"seed {seed}, message {number}, {encoding}")
        if said == "closed":
            connection = Connection(door, GATEWAY, Peer("nowhere"))
        result.told[said] += 1
        if said == MALFUNCTION:
            raise Crashed(f"seed {seed}, message {number}, {encoding}: a defect")
        if not authenticated or number % CHECKED_EVERY == 0 or number == count:
            now = head(node)
            if now != position and (authenticated or said in (FORMAT_ERROR, "closed", "silent")):
                raise Crashed(f"seed {seed}, message {number}, {encoding}: it had an effect")
            position = now
        tried()
    result.effects = position[0] - before[0]
    await _still_well(door, terminal, {APPROVED} if authenticated else {APPROVED, OVER_LIMIT})
    return result


async def _answered(connection: Connection, frame: bytes, which: str) -> str:
    """Field 39 of the answer; `silent` for none, `closed` where the connection is to end."""
    codec = connection._door.codec
    try:
        answer = await connection.answer(frame)
        if answer is None:
            return "silent"
        message = codec.decode(answer)
    except Hangup:
        return "closed"
    except Exception as error:
        raise Crashed(f"{which}: {type(error).__name__} {logs.frames(error)}") from error
    if not set(message.fields) - set(MAC_FIELDS) or message.mti[2] not in "13579":
        raise Crashed(f"{which}: the answer {message.mti} is none")
    return message[39]


async def _still_well(door: Door, terminal: Terminal, decisions: set[str]) -> None:
    """A good message is decided. A spoilt one that was a message still may have used up the limit,
    as what is posted always posts."""
    asked = terminal.message("0100", 100)
    connection = Connection(door, GATEWAY, Peer("nowhere"))
    raw = await connection.answer(door.codec.encode(asked.mti, asked.fields))
    answer = door.codec.decode(raw or b"")
    if answer.mti != answer_type("0100") or answer[39] not in decisions:
        raise Crashed(f"a good message is answered {answer.mti} {answer[39]}")


async def campaign(
    folder: Path,
    count: int,
    seed: int,
    *,
    authenticated: bool,
    tried: Callable[[], None] = lambda: None,
) -> Result:
    """`count` spoilt messages, a third of them in each encoding. Raises Crashed."""
    whole = Result()
    async with running(SERVICE, folder) as node:
        account = await open_account(node)
        listener = Listener(account.pan)
        kept = logs._Output.stream
        logs.configure("accounts", stream=listener)
        try:
            for place, encoding in enumerate(Encoding):
                share = count // len(Encoding) + (place < count % len(Encoding))
                result = await play(
                    account, encoding, share, seed + place, authenticated=authenticated, tried=tried
                )
                whole.told += result.told
                whole.effects += result.effects
        finally:
            logs._Output.stream = kept
        whole.log_lines = listener.lines
    return whole
