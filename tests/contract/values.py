"""Requests made from descriptors and rules alone: such as keep all, and such as break one."""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import protovalidate
from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

VALIDATOR = protovalidate.Validator()
MONEY = "cards.type.v1.Money"
DEPTH_LIMIT = 4
MOST_REPEATED = 400
DAY = "2026-05-01"
INSTANT_SECONDS = 1_777_600_000
WHOLE = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
}
NASTY_TEXTS = (
    *("", " ", "\x00", "\n", "-", "a b", "A", "0", "☃", "'; drop table events; --"),
    *("x" * 5_000, "Ω" * 300),
)
NASTY_NUMBERS = (-1, 0, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 10**16, -(10**16))


def rules_of(field: Any) -> Any:
    """The buf.validate rules of a field."""
    return field.GetOptions().Extensions[validate_pb2.field]


def has_rules(field: Any) -> bool:
    """Whether a value of the field can break a rule that stands on the field itself."""
    rules = rules_of(field)
    return bool(rules.required or rules.cel or rules.WhichOneof("type"))


def violations(message: Message) -> set[str]:
    """The paths of the fields at fault, as the validator of the protos' own rules sees them."""
    return {_path(each.proto.field) for each in VALIDATOR.collect_violations(message)}


def _path(field: Any) -> str:
    parts = []
    for element in field.elements if field is not None else ():
        index = "" if element.subscript is None else f"[{element.subscript.value}]"
        parts.append(f"{element.field_name}{index}")
    return ".".join(parts)


# Such as keep every rule --------------------------------------------------------------------------


def valid(descriptor: Any, random: Random, *, full: bool, depth: int = 0) -> Message:
    """A message that keeps the rules: with every field, or with those alone that must be given."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if oneof is not None and oneof.fields[0] is not field:
            # One of several is given, the first.
            continue
        if oneof is not None or _given(field, full, depth):
            _fill(message, field, random, full, depth)
    return message


def _given(field: Any, full: bool, depth: int) -> bool:
    rules = rules_of(field)
    if field.name == "page_token":
        return False
    if field.containing_type.full_name == MONEY:
        return True
    if rules.required or (field.is_repeated and rules.repeated.min_items):
        return True
    if field.is_repeated or field.message_type is not None:
        return full and depth < DEPTH_LIMIT
    return full or bool(violations_of_zero(field))


def violations_of_zero(field: Any) -> bool:
    """Whether the field left out breaks its own rules."""
    empty = GetMessageClass(field.containing_type)()
    return any(path.split(".")[0] == field.name for path in violations(empty))


def _fill(message: Any, field: Any, random: Random, full: bool, depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return
    if field.is_repeated:
        rules = rules_of(field).repeated
        if field.message_type is not None:
            made = valid(field.message_type, random, full=full, depth=depth + 1)
            getattr(message, field.name).append(made)
        else:
            getattr(message, field.name).append(_scalar(field, rules.items, random))
    elif field.message_type is not None:
        made = valid(field.message_type, random, full=full, depth=depth + 1)
        if made.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
            made.seconds = INSTANT_SECONDS  # type: ignore[attr-defined]
        getattr(message, field.name).CopyFrom(made)
    else:
        setattr(message, field.name, _scalar(field, rules_of(field), random))


def _scalar(field: Any, rules: Any, random: Random) -> Any:
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return text(rules.string, random)
        case FieldDescriptor.TYPE_ENUM:
            numbers = [each.number for each in field.enum_type.values]
            refused = [0, *rules.enum.not_in]
            return random.choice([each for each in numbers if each not in refused])
        case FieldDescriptor.TYPE_BOOL:
            return False
        case FieldDescriptor.TYPE_BYTES:
            return b"bytes"
        case whole if whole in WHOLE:
            kind = getattr(rules, rules.WhichOneof("type") or "int64")
            least = kind.gte if kind.HasField("gte") else kind.gt + 1 if kind.HasField("gt") else 1
            most = (
                kind.lte if kind.HasField("lte") else kind.lt - 1 if kind.HasField("lt") else 1_000
            )
            return random.randint(max(least, 1) if most >= 1 else least, max(most, least) % 1_001)
    raise AssertionError(f"no value is known for {field.full_name}")


def text(rules: Any, random: Random) -> str:
    """A text that keeps the rules of a string."""
    if getattr(rules, "in"):
        return str(random.choice(getattr(rules, "in")))
    if rules.email:
        return f"{random.getrandbits(32):08x}@contract.example"
    if rules.pattern:
        found = matching(rules.pattern, random)
        while len(found) < rules.min_len:
            found += matching(rules.pattern, random)
        return found
    return "".join(random.choices(string.ascii_lowercase, k=max(rules.min_len, 8)))


def matching(pattern: str, random: Random) -> str:
    """A text that matches a pattern of RE2's syntax, of the parts that the protos use.

    Where the pattern is that of a day, a currency or a decimal number, one that exists is given.
    """
    known = {"0-9-]{10}": DAY, "[0-9]{4}-[0-9]{2}": DAY, "^[A-Z]{3}$": "GBP", "{1,9}([.]": "1.5"}
    for part, example in known.items():
        if part in pattern:
            return example
    parsed = re._parser.parse(pattern.replace(r"\pC", r"\x00-\x1f"))  # type: ignore[attr-defined]
    return "".join(_matching(parsed, random))


def _matching(parsed: Any, random: Random) -> Iterator[str]:
    for kind, argument in parsed:
        match str(kind):
            case "LITERAL":
                yield chr(argument)
            case "IN":
                yield random.choice(_characters(argument))
            case "MAX_REPEAT":
                least, most, inner = argument
                most = min(int(most), max(least, 1) + 7)
                for _ in range(random.randint(max(least, min(1, most)), most)):
                    yield from _matching(inner, random)
            case "SUBPATTERN":
                yield from _matching(argument[-1], random)
            case "BRANCH":
                yield from _matching(random.choice(argument[1]), random)
            case "AT":
                continue
            case _:
                raise AssertionError(f"{kind} is new in a pattern")


def _characters(members: Any) -> list[str]:
    found: set[str] = set()
    negated = False
    for kind, argument in members:
        match str(kind):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found.add(chr(argument))
            case "RANGE":
                found.update(map(chr, range(argument[0], argument[1] + 1)))
            case "CATEGORY":
                found.update(string.whitespace)
            case _:
                raise AssertionError(f"{kind} is new in a class of characters")
    plain = string.ascii_letters + string.digits
    return [each for each in plain if each not in found] if negated else sorted(found)


# Such as break one --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """A request that breaks rules of one field. `paths` are those of all fields then at fault."""

    path: str
    how: str
    request: Message
    paths: frozenset[str]


def ruled_paths(message: Message, prefix: str = "") -> Iterator[tuple[str, Message, Any]]:
    """Every field of a filled message that has a rule: its path, who holds it, the field."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            continue
        path = f"{prefix}{field.name}"
        if has_rules(field):
            yield path, message, field
        if field.message_type is not None and _is_ours(field.message_type):
            if field.is_repeated:
                for index, each in enumerate(getattr(message, field.name)[:1]):
                    yield from ruled_paths(each, f"{path}[{index}].")
            elif message.HasField(field.name):
                yield from ruled_paths(getattr(message, field.name), f"{path}.")


def _is_ours(descriptor: Any) -> bool:
    return bool(descriptor.full_name.startswith("cards."))


def broken(request: Message, longest_bytes: int) -> Iterator[Broken]:
    """Requests that each break rules of one field, for every field with a rule of a filled one."""
    for path, _, field in list(ruled_paths(request)):
        for how, spoil in _ways(field):
            made = type(request)()
            made.CopyFrom(request)
            holder = _holder(made, path)
            if not spoil(holder):
                continue
            at_fault = violations(made)
            mine = any(each == path or each.startswith(f"{path}[") for each in at_fault)
            if mine and made.ByteSize() <= longest_bytes:
                yield Broken(path, how, made, frozenset(at_fault))


def _holder(message: Any, path: str) -> Any:
    for part in path.split(".")[:-1]:
        name, _, index = part.partition("[")
        message = getattr(message, name)
        if index:
            message = message[int(index.rstrip("]"))]
    return message


def _ways(field: Any) -> Iterator[tuple[str, Any]]:
    name = field.name
    if field.is_repeated:
        yield "none", lambda holder: holder.ClearField(name) is None
        yield "too many", lambda holder: _multiply(getattr(holder, name))
        if field.type == FieldDescriptor.TYPE_STRING:
            yield "twice", lambda holder: _repeat_first(getattr(holder, name))
            for each in NASTY_TEXTS:
                yield repr(each[:12]), _setting_item(name, each)
        elif field.type in WHOLE:
            for number in NASTY_NUMBERS:
                if _fits(field, number):
                    yield str(number), _setting_item(name, number)
    elif field.message_type is not None:
        yield "absent", lambda holder: holder.ClearField(name) is None
        if field.message_type.full_name == MONEY:
            for number in (-1, 0):
                yield f"{number} minor units", _setting_money(name, number)
    elif field.type == FieldDescriptor.TYPE_STRING:
        for each in NASTY_TEXTS:
            yield repr(each[:12]), _setting(name, each)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        yield "too long", _setting(name, bytes(rules_of(field).bytes.max_len + 1))
    elif field.type == FieldDescriptor.TYPE_ENUM:
        for number in (0, 99):
            yield str(number), _setting(name, number)
    elif field.type in WHOLE:
        for number in NASTY_NUMBERS:
            if _fits(field, number):
                yield str(number), _setting(name, number)


def _fits(field: Any, number: int) -> bool:
    least, most = WHOLE[field.type]
    return least <= number <= most


def _setting(name: str, value: Any) -> Any:
    def spoil(holder: Any) -> bool:
        setattr(holder, name, value)
        return True

    return spoil


def _setting_item(name: str, value: Any) -> Any:
    def spoil(holder: Any) -> bool:
        getattr(holder, name)[:] = [value]
        return True

    return spoil


def _setting_money(name: str, minor_units: int) -> Any:
    def spoil(holder: Any) -> bool:
        getattr(holder, name).minor_units = minor_units
        return True

    return spoil


def _multiply(items: Any) -> bool:
    if not items:
        return False
    items.extend([items[0]] * MOST_REPEATED)
    return True


def _repeat_first(items: Any) -> bool:
    if not items:
        return False
    items.append(items[0])
    return True
