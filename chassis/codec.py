"""Facts, commands and states as JSON bytes, under stable topics that only we choose."""

import hashlib
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from chassis.kernel.events import Command, Fact, Upcasters
from chassis.kernel.persistent_map import PersistentMap
from chassis.recorded import Meta

F = TypeVar("F")

LAYOUT = "maps in compressed parts"
"""How a state is stored; part of the fingerprint."""
HEAD_BYTES = 8
QUICKLY = 1
"""zlib's level: a part shrinks to a sixth, and most of opening was reading bytes."""
WHOLE_MAP_LIMIT = 64
"""A map of so few entries is stored, and decoded, in one piece."""


class Envelope(msgspec.Struct, Generic[F], array_like=True, frozen=True):
    """What is stored of an event: what travels with it, and the fact."""

    meta: Meta
    fact: F


def _envelope_of(fact: Any) -> Any:
    return Envelope[fact]


class UnknownTopic(LookupError):
    """The log holds a topic that this version of the service does not know."""


def _encode_hook(value: Any) -> Any:
    if isinstance(value, PersistentMap):
        return dict(value.items())
    raise TypeError(f"{type(value).__name__} cannot be stored")


_PART_ENCODER = msgspec.json.Encoder(enc_hook=_encode_hook)


def _decode_hook(kind: Any, value: Any, hook: Any = None) -> Any:
    origin = getattr(kind, "__origin__", kind)
    if origin is PersistentMap:
        inner: Any = _inner(kind)
        return PersistentMap(
            msgspec.convert(value, dict[str, inner], dec_hook=hook or _decode_hook)
        )
    raise TypeError(f"{kind} cannot be read back")


class Codec:
    """Encodes and decodes one service's facts and commands.

    `facts` and `commands` are allow-lists: a topic outside them raises UnknownTopic whatever the
    table says. `upcasters` lead old topics, version by version, to the present one.
    """

    def __init__(
        self,
        facts: Iterable[type[Fact]],
        commands: Iterable[type[Command]] = (),
        upcasters: Upcasters | None = None,
    ) -> None:
        self._encoder = msgspec.json.Encoder(enc_hook=_encode_hook)
        self._topics = {each: each.topic() for each in facts}
        if len(set(self._topics.values())) != len(self._topics):
            raise ValueError("two facts have the same topic")
        self._decoders = {
            topic: msgspec.json.Decoder(_envelope_of(each), dec_hook=_decode_hook)
            for each, topic in self._topics.items()
        }
        self._facts = {topic: each for each, topic in self._topics.items()}
        self._upcasters = dict(upcasters or {})
        self._commands = {each.__name__: each for each in commands}
        self._command_decoders = {
            name: msgspec.json.Decoder(each, dec_hook=_decode_hook)
            for name, each in self._commands.items()
        }

    def encode(self, fact: Fact, meta: Meta) -> tuple[str, bytes]:
        """The topic and the stored bytes of a fact."""
        return self._topics[type(fact)], self._encoder.encode(Envelope(meta, fact))

    def decode(self, topic: str, state: bytes) -> tuple[Fact, Meta]:
        """The fact and its metadata; old versions are led to the present one.

        Raises UnknownTopic for a topic not in the list.
        """
        decoder = self._decoders.get(topic)
        if decoder is not None:
            envelope = decoder.decode(state)
            return envelope.fact, envelope.meta
        return self._decode_old(topic, state)

    def _decode_old(self, topic: str, state: bytes) -> tuple[Fact, Meta]:
        meta_fields, fields = msgspec.json.decode(state)
        while topic not in self._facts:
            upcaster = self._upcasters.get(topic)
            if upcaster is None:
                raise UnknownTopic(topic)
            fields = upcaster(fields)
            name, _, version = topic.rpartition(".v")
            topic = f"{name}.v{int(version) + 1}"
        fact = msgspec.convert(fields, self._facts[topic], strict=False, dec_hook=_decode_hook)
        return fact, msgspec.convert(meta_fields, Meta, strict=False)

    def encode_command(self, command: Command) -> tuple[str, bytes]:
        """The name and the stored bytes of a command, for a durable timer."""
        return type(command).__name__, self._encoder.encode(command)

    def decode_command(self, name: str, data: bytes) -> Command:
        """The command; raises UnknownTopic for a name not in the list."""
        decoder = self._command_decoders.get(name)
        if decoder is None:
            raise UnknownTopic(name)
        made: Command = decoder.decode(data)
        return made


class StateCodec:
    """Encodes and decodes the folded state of one kind of aggregate, for snapshots.

    A long map is stored in parts, behind everything else, and a part is decoded when an entry of
    it is asked for: opening an account with ten thousand charges costs little more than reading
    its bytes. Likewise a part that nobody asked for is stored again as it was.

    `fingerprint` changes whenever the shape of the state does, so that a snapshot of an older
    shape is not used.
    """

    def __init__(self, state: type[Any]) -> None:
        self._state = state
        shape = f"{LAYOUT} {_shape(state, set())}"
        self.fingerprint = hashlib.sha256(shape.encode()).hexdigest()[:16]

    def encode(self, state: Any) -> bytes:
        """The bytes: the length of the first part, that part, the parts of the maps."""
        parts: list[bytes] = []
        size = 0

        def hook(value: Any) -> Any:
            nonlocal size
            if not isinstance(value, PersistentMap) or len(value) <= WHOLE_MAP_LIMIT:
                return _encode_hook(value)
            made = [each if isinstance(each, bytes) else _part(each) for each in value.parts()]
            start, lengths = size, [len(each) for each in made]
            parts.extend(made)
            size += sum(lengths)
            return [len(value), start, lengths]

        first = msgspec.json.Encoder(enc_hook=hook).encode(state)
        return b"".join([len(first).to_bytes(HEAD_BYTES, "big"), first, *parts])

    def decode(self, data: bytes) -> Any:
        """The state; its long maps keep bytes until they are asked."""
        behind = HEAD_BYTES + int.from_bytes(data[:HEAD_BYTES], "big")

        def hook(kind: Any, value: Any) -> Any:
            if (
                not isinstance(value, list)
                or getattr(kind, "__origin__", kind) is not PersistentMap
            ):
                return _decode_hook(kind, value, hook)
            length, start, lengths = value
            at, parts = behind + start, []
            for each in lengths:
                parts.append(data[at : at + each])
                at += each
            return PersistentMap.stored(length, parts, _part_reader(_inner(kind)))

        return msgspec.json.decode(data[HEAD_BYTES:behind], type=self._state, dec_hook=hook)


def _part(entries: dict[str, Any]) -> bytes:
    return zlib.compress(_PART_ENCODER.encode(entries), QUICKLY) if entries else b""


def _inner(kind: Any) -> Any:
    return (get_args(kind) or (Any,))[0]


@cache
def _part_reader(inner: Any) -> Callable[[bytes], dict[str, Any]]:
    decoder = msgspec.json.Decoder(dict[str, inner], dec_hook=_decode_hook)
    return lambda part: decoder.decode(zlib.decompress(part))


def _shape(kind: Any, seen: set[Any]) -> str:
    """A text that differs when the fields of a state or of anything in it differ."""
    name = getattr(kind, "__qualname__", str(kind))
    arguments = "".join(_shape(each, seen) for each in get_args(kind))
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is None or kind in seen:
        return f"{name}[{arguments}]"
    seen.add(kind)
    hints = get_type_hints(kind)
    return f"{name}({','.join(f'{field}:{_shape(hints[field], seen)}' for field in fields)})"
