"""Fact → public message: a fact is public because events.proto has a message of its name, and its
fields are copied by name; whether they fit is checked when the service starts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.message_factory import GetMessageClass

from chassis.bus import MAX_PAYLOAD_BYTES, Message
from chassis.envelope import headers_of, snake_case
from chassis.kernel import ids
from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from chassis.recorded import Recorded

Override = Callable[[Any], ProtoMessage]
"""A pure function fact → public message, for a fact whose message is not its fields by name."""

_Convert = Callable[[Any], Any]

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE = (
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_UINT64,
)


class PublishingError(TypeError):
    """events.proto and the facts do not fit; the text lists every misfit."""


@dataclass(frozen=True, slots=True)
class _Encoder:
    """How one type of fact becomes its message, worked out once."""

    type_name: str
    subject: str
    encode: Callable[[Any], ProtoMessage]


class Publishing:
    """What of a service's log is public, and as which messages."""

    def __init__(
        self,
        service: str,
        events: ModuleType,
        facts: Iterable[type[Fact]],
        overrides: Mapping[type[Fact], Override] | None = None,
    ) -> None:
        """`events` is the service's events_pb2, `facts` everything its deciders may record.

        Raises PublishingError when a message has no fact, or a field no counterpart.
        """
        package = events.DESCRIPTOR.package
        self.service = service
        self._prefix = f"cards.{service}.{package.rsplit('.', 1)[-1]}"
        messages: Mapping[str, Descriptor] = events.DESCRIPTOR.message_types_by_name
        self._encoders, misfits = self._work_out(messages, facts, overrides or {})
        if misfits:
            raise PublishingError(f"{package}: " + "; ".join(misfits))

    @property
    def topics(self) -> frozenset[str]:
        """The topics, of every stored version, whose facts are public."""
        return frozenset(
            f"{fact.__name__}.v{version}"
            for fact in self._encoders
            for version in range(1, fact.version + 1)
        )

    def is_public(self, recorded: Recorded) -> bool:
        """Whether others are told of it."""
        return type(recorded.fact) in self._encoders

    def message(self, recorded: Recorded, previous: int) -> Message:
        """The message about a public fact; see `headers_of` for `previous`."""
        encoder = self._encoders[type(recorded.fact)]
        payload = encoder.encode(recorded.fact).SerializeToString()
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"the message at position {recorded.position} is too large")
        return Message(
            f"{encoder.subject}.{recorded.partition}",
            headers_of(recorded, encoder.type_name, previous),
            payload,
        )

    def _work_out(
        self,
        messages: Mapping[str, Descriptor],
        facts: Iterable[type[Fact]],
        overrides: Mapping[type[Fact], Override],
    ) -> tuple[dict[type[Fact], _Encoder], list[str]]:
        encoders: dict[type[Fact], _Encoder] = {}
        misfits: list[str] = []
        unclaimed = set(messages) - _parts(messages.values())
        for fact in facts:
            descriptor = messages.get(fact.__name__)
            encode: Callable[[Any], ProtoMessage]
            if fact in overrides:
                encode = overrides[fact]
                descriptor = _returned(encode)
            elif descriptor is not None:
                encode = _encoder(descriptor, fact, descriptor.name, misfits)
            else:
                continue
            unclaimed.discard(descriptor.name)
            subject = f"{self._prefix}.{snake_case(descriptor.name)}"
            encoders[fact] = _Encoder(descriptor.full_name, subject, encode)
        misfits += [f"{name} is no fact and part of no message" for name in sorted(unclaimed)]
        return encoders, misfits


class Chain:
    """Which public position came before, per partition: what lets a reader see that one is missing.

    Primed with the last public position of each partition up to where reading begins.
    """

    def __init__(self, last: Mapping[int, int]) -> None:
        self._last = dict(last)

    def link(self, recorded: Recorded) -> int:
        """The public position before this one in its partition (0: none); it is the next's."""
        partition = ids.partition(recorded.stream)
        previous = self._last.get(partition, 0)
        self._last[partition] = recorded.position
        return previous

    def copy(self) -> "Chain":
        """One that goes on by itself."""
        return Chain(self._last)


def _parts(messages: Iterable[Descriptor]) -> set[str]:
    """The messages that are parts of others, like an address."""
    return {
        field.message_type.name
        for message in messages
        for field in message.fields
        if field.message_type is not None and field.message_type.file is message.file
    }


def _returned(override: Override) -> Descriptor:
    made = get_type_hints(override).get("return")
    if not (isinstance(made, type) and issubclass(made, ProtoMessage)):
        raise PublishingError(f"{override.__name__} does not say which message it returns")
    return cast(Descriptor, made.DESCRIPTOR)


def _encoder(
    descriptor: Descriptor, source: type, path: str, misfits: list[str]
) -> Callable[[Any], ProtoMessage]:
    """A function that copies the fields of `descriptor` from an instance of `source`, by name."""
    made = GetMessageClass(descriptor)
    hints = get_type_hints(source)
    known = {each.name for each in fields(source)}
    plain: list[str] = []
    converted: list[tuple[str, _Convert]] = []
    for field in descriptor.fields:
        where = f"{path}.{field.name}"
        if field.name not in known:
            misfits.append(f"{where} has no counterpart")
            continue
        convert = _converter(field, hints[field.name], where, misfits)
        if convert is None:
            plain.append(field.name)
        else:
            converted.append((field.name, convert))

    def encode(value: Any) -> ProtoMessage:
        copied = {name: getattr(value, name) for name in plain}
        for name, convert in converted:
            found = getattr(value, name)
            if found is not None:
                copied[name] = convert(found)
        return made(**copied)

    return encode


def _converter(
    field: FieldDescriptor, hint: Any, where: str, misfits: list[str]
) -> _Convert | None:
    """What turns a value of type `hint` into one of `field`; None when it goes in as it is."""
    if get_origin(hint) in (Union, UnionType):
        kinds = [each for each in get_args(hint) if each is not NoneType]
        if len(kinds) != 1:
            misfits.append(f"{where} may be of several types")
            return None
        # Nothing and the empty text are the same to a reader; nothing and zero are not.
        if field.type != FieldDescriptor.TYPE_STRING and not (
            field.has_presence or field.is_repeated
        ):
            misfits.append(f"{where} may be absent, so it must be optional")
        hint = kinds[0]
    if get_origin(hint) is tuple:
        kind, *rest = get_args(hint)
        if not field.is_repeated or rest != [...]:
            misfits.append(f"{where} is a tuple[X, ...] on one side only")
            return None
        convert = _single(field, kind, where, misfits)
        return list if convert is None else lambda many: [convert(each) for each in many]
    if field.is_repeated:
        misfits.append(f"{where} is repeated, but not a tuple")
        return None
    return _single(field, hint, where, misfits)


def _single(field: FieldDescriptor, hint: Any, where: str, misfits: list[str]) -> _Convert | None:
    part = field.message_type
    if part is not None:
        if part.full_name == "cards.type.v1.Money" and hint is Money:
            return _money(GetMessageClass(part))
        if part.full_name == "google.protobuf.Timestamp" and hint is datetime:
            return _timestamp(GetMessageClass(part))
        if is_dataclass(hint) and isinstance(hint, type) and hint is not Money:
            return _encoder(part, hint, where, misfits)
    match field.type:
        case FieldDescriptor.TYPE_STRING if hint is date:
            return date.isoformat
        case FieldDescriptor.TYPE_STRING if _is_text(hint):
            return None if hint is str else str
        case FieldDescriptor.TYPE_BOOL if hint is bool:
            return None
        case whole if whole in _WHOLE and hint is int:
            return None
    misfits.append(f"{where} cannot hold {getattr(hint, '__name__', hint)}")
    return None


def _is_text(hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return all(isinstance(each, str) for each in get_args(hint))
    return hint is str or (isinstance(hint, type) and issubclass(hint, StrEnum))


def _money(made: type[ProtoMessage]) -> _Convert:
    def convert(amount: Money) -> ProtoMessage:
        return made(minor_units=amount.minor_units, currency_code=amount.currency)

    return convert


def _timestamp(made: type[ProtoMessage]) -> _Convert:
    def convert(instant: datetime) -> ProtoMessage:
        since = instant - _BEGINNING
        return made(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)

    return convert
