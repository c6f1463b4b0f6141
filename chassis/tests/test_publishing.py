"""Facts become public messages by name; what does not fit is found when a service starts."""

from dataclasses import replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from hypothesis import given
from hypothesis import strategies as st

from chassis import envelope
from chassis.bus import MAX_PAYLOAD_BYTES
from chassis.kernel import ids
from chassis.kernel.events import Fact, fact, value
from chassis.kernel.money import Money
from chassis.publishing import Chain, Publishing, PublishingError
from chassis.recorded import Meta, Recorded
from chassis.tests.messaging import DIARY, MemoryLog, NoteWritten, diary, proto_module

_Field = descriptor_pb2.FieldDescriptorProto
MONEY = {"type": _Field.TYPE_MESSAGE, "type_name": ".cards.type.v1.Money"}
TIMESTAMP = {"type": _Field.TYPE_MESSAGE, "type_name": ".google.protobuf.Timestamp"}
WHOLE = {"type": _Field.TYPE_INT64}
REPEATED = {"label": _Field.LABEL_REPEATED}

SHOP = proto_module(
    "cards.shop.v1",
    {
        "Line": {"article": {}, "price": MONEY},
        "SaleMade": {
            "sale_id": {},
            "total": MONEY,
            "made_at": TIMESTAMP,
            "business_date": {},
            "channel": {},
            "is_gift": {"type": _Field.TYPE_BOOL},
            "count": WHOLE,
            "lines": {"type": _Field.TYPE_MESSAGE, "type_name": ".cards.shop.v1.Line"} | REPEATED,
            "tags": REPEATED,
            "coupon": {},
            "points": WHOLE | {"proto3_optional": True},
            "tip": MONEY,
        },
    },
)


class Channel(StrEnum):
    COUNTER = "COUNTER"


@value
class Line:
    article: str
    price: Money
    cost: Money


@fact
class SaleMade(Fact):
    sale_id: str
    total: Money
    made_at: datetime
    business_date: date
    channel: Channel
    is_gift: bool
    count: int
    lines: tuple[Line, ...]
    tags: tuple[str, ...]
    coupon: str | None
    points: int | None
    tip: Money | None
    card_number: str


SALE = SaleMade(
    sale_id="s1",
    total=Money(1250, "EUR"),
    made_at=datetime(2026, 3, 1, 8, 0, 0, 5, tzinfo=UTC),
    business_date=date(2026, 3, 1),
    channel=Channel.COUNTER,
    is_gift=True,
    count=3,
    lines=(Line(article="tea", price=Money(1250, "EUR"), cost=Money(900, "EUR")),),
    tags=("a", "b"),
    coupon=None,
    points=None,
    tip=None,
    card_number="4111111111111111",
)


def recorded(fact: Fact, *, position: int = 7, stream: str = "sale-s1") -> Recorded:
    meta = Meta(datetime(2026, 3, 1, 9, 30, tzinfo=UTC), "operator:o", "c1", "c0", "00-1-2-01")
    return Recorded("shop", 2, position, stream, 4, fact.topic(), fact, meta)


def test_a_fact_is_copied_by_name() -> None:
    message = Publishing("shop", SHOP, (SaleMade,)).message(recorded(SALE), previous=3)

    assert message.subject == f"cards.shop.v1.sale_made.{ids.partition('sale-s1')}"
    told = SHOP.SaleMade.FromString(message.payload)
    assert (told.total.minor_units, told.total.currency_code) == (1250, "EUR")
    assert told.made_at.ToDatetime(UTC) == SALE.made_at
    assert told.business_date == "2026-03-01"
    assert (told.channel, told.is_gift, told.count) == ("COUNTER", True, 3)
    assert [(line.article, line.price.minor_units) for line in told.lines] == [("tea", 1250)]
    assert list(told.tags) == ["a", "b"]


def test_what_is_absent_stays_absent() -> None:
    publishing = Publishing("shop", SHOP, (SaleMade,))
    absent = SHOP.SaleMade.FromString(publishing.message(recorded(SALE), 0).payload)
    assert (absent.coupon, absent.HasField("points"), absent.HasField("tip")) == ("", False, False)

    there = replace(SALE, coupon="SPRING", points=0, tip=Money(0, "EUR"))
    told = SHOP.SaleMade.FromString(publishing.message(recorded(there), 0).payload)
    assert (told.coupon, told.HasField("points"), told.HasField("tip")) == ("SPRING", True, True)


def test_what_the_proto_does_not_name_is_not_told() -> None:
    message = Publishing("shop", SHOP, (SaleMade,)).message(recorded(SALE), 0)
    assert b"4111" not in message.payload
    assert b"900" not in message.payload
    assert "4111" not in "".join(message.headers.values())


def test_a_fact_without_a_message_is_not_public() -> None:
    log = MemoryLog()
    log.append(NoteWritten(note_id="n"))
    assert diary().is_public(log.events[0])
    assert not diary().is_public(recorded(SALE))


def test_the_headers_say_where_a_fact_stands() -> None:
    message = Publishing("shop", SHOP, (SaleMade,)).message(recorded(SALE), previous=3)
    assert message.headers == {
        "Nats-Msg-Id": "shop:2:7",
        "Cards-Epoch": "2",
        "Cards-Position": "7",
        "Cards-Previous-Position": "3",
        "Cards-Stream": "sale-s1",
        "Cards-Stream-Version": "4",
        "Cards-Type": "cards.shop.v1.SaleMade",
        "Cards-Occurred-At": "2026-03-01T09:30:00Z",
        "Cards-Event-Id": ids.event_id("shop", 2, 7),
        "Cards-Correlation-Id": "c1",
        "Cards-Causation-Id": "c0",
        "traceparent": "00-1-2-01",
    }


@given(
    position=st.integers(1, 2**62),
    stream=st.from_regex(r"[a-z_]{1,20}-[0-9a-f]{1,32}", fullmatch=True),
    occurred_at=st.builds(datetime.fromtimestamp, st.floats(0, 4e9), st.timezones()),
    previous=st.integers(0, 2**62),
)
def test_law_what_is_written_into_headers_is_read_from_them(
    position: int, stream: str, occurred_at: datetime, previous: int
) -> None:
    meta = Meta(occurred_at, "operator:o", "c1")
    one = Recorded(
        "diary", 3, position, stream, 9, "NoteWritten.v1", NoteWritten(note_id="n"), meta
    )
    incoming = envelope.read(diary().message(one, previous))
    about = incoming.about()

    assert incoming.place == envelope.Place(3, position)
    assert (incoming.previous, incoming.partition) == (previous, ids.partition(stream))
    assert incoming.type_name == "cards.diary.v1.NoteWritten"
    assert (about.source, about.epoch, about.position) == ("diary", 3, position)
    assert (about.stream, about.stream_version) == (stream, 9)
    assert about.occurred_at == occurred_at
    assert (about.event_id, about.correlation_id) == (one.event_id, "c1")


def test_a_message_of_somebody_else_is_not_read() -> None:
    log = MemoryLog()
    log.append(NoteWritten(note_id="n"))
    good = log.publishing.message(log.events[0], 0)
    for bad in (
        replace(good, subject="cards.diary.v1.note_written"),
        replace(good, subject=good.subject.replace("cards", "tokens", 1)),
        replace(good, headers={}),
        replace(good, headers={**good.headers, "Cards-Position": "seven"}),
    ):
        with pytest.raises(ValueError, match=r"header|subject|invalid literal"):
            envelope.read(bad)


def test_every_stored_version_of_a_public_fact_is_public() -> None:
    @fact
    class NoteStruck(Fact):
        version = 3
        note_id: str

    topics = Publishing("diary", DIARY, (NoteWritten, NoteStruck)).topics
    assert topics == {"NoteWritten.v1", "NoteStruck.v1", "NoteStruck.v2", "NoteStruck.v3"}


def test_a_fact_too_large_to_be_published_is_refused() -> None:
    log = MemoryLog()
    log.append(NoteWritten(note_id="n" * MAX_PAYLOAD_BYTES))
    with pytest.raises(ValueError, match="position 1 is too large"):
        log.publishing.message(log.events[0], 0)


@pytest.mark.parametrize(
    ("fields", "misfit"),
    [
        ({"colour": {}}, "colour has no counterpart"),
        ({"amount": WHOLE}, "amount cannot hold Money"),
        ({"size": {}}, "size cannot hold int"),
        ({"maybe": WHOLE}, "maybe may be absent, so it must be optional"),
        ({"names": {}}, "names is a tuple"),
        ({"size": WHOLE | REPEATED}, "size is repeated, but not a tuple"),
        ({"either": {}}, "either may be of several types"),
        ({"weight": {"type": _Field.TYPE_DOUBLE}}, "weight cannot hold float"),
    ],
)
def test_a_misfit_stops_the_service(
    fields: dict[str, Any], misfit: str, request: pytest.FixtureRequest
) -> None:
    @fact
    class BoxPacked(Fact):
        amount: Money
        size: int
        maybe: int | None
        names: tuple[str, ...]
        either: int | str
        weight: float

    package = f"cards.box{abs(hash(request.node.name))}.v1"
    events = proto_module(package, {"BoxPacked": fields})
    with pytest.raises(PublishingError, match=misfit):
        Publishing("box", events, (BoxPacked,))


def test_a_message_without_a_fact_stops_the_service() -> None:
    with pytest.raises(PublishingError, match="NoteStruck is no fact and part of no message"):
        Publishing("diary", DIARY, (NoteWritten,))


def test_a_fact_may_be_told_in_other_words() -> None:
    @fact
    class NoteTornUp(Fact):
        torn_id: str

    def told(fact: NoteTornUp) -> DIARY.NoteStruck:  # type: ignore[name-defined]
        return DIARY.NoteStruck(note_id=fact.torn_id)

    told.__annotations__["return"] = DIARY.NoteStruck
    publishing = Publishing("diary", DIARY, (NoteWritten, NoteTornUp), {NoteTornUp: told})
    message = publishing.message(recorded(NoteTornUp(torn_id="n7")), 0)
    assert message.subject.startswith("cards.diary.v1.note_struck.")
    assert DIARY.NoteStruck.FromString(message.payload).note_id == "n7"


def test_other_words_must_say_what_they_are() -> None:
    def told(fact: Any) -> Any:
        return DIARY.NoteStruck(note_id=fact.note_id)

    with pytest.raises(PublishingError, match="told does not say which message it returns"):
        Publishing("diary", DIARY, (NoteWritten,), {NoteWritten: told})


def test_the_chain_names_the_public_position_before() -> None:
    chain = Chain({ids.partition("note-1"): 4})
    log = MemoryLog()
    for stream in ("note-1", "note-2", "note-1", "note-2"):
        log.append(NoteWritten(note_id="n"), stream=stream)
    assert [chain.link(each) for each in log.events] == [4, 0, 1, 2]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ChargeAuthorised", "charge_authorised"),
        ("PANReplaced", "pan_replaced"),
        ("Log2Rotated", "log2_rotated"),
    ],
)
def test_names_become_words(name: str, words: str) -> None:
    assert envelope.snake_case(name) == words
