"""Every rpc of accounts is called by a command of `cards`; what is said to be done next exists."""

import dis
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import cards.accounts.v1
import protovalidate
import pytest
import typer
from cards.accounts.v1 import accounts_service_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.json_format import ParseDict

from client.__main__ import app
from client.advice import NEXT
from tests.architecture.source_tree import ROOT

WITHOUT_A_COMMAND: dict[str, str] = {}
"""Rpcs that nobody calls from a terminal, `Service.Rpc`, each with the reason."""


BUSINESS_IDS = frozenset(
    {
        *("advice_id", "application_id", "card_id", "change_id", "charge_id", "clearing_id"),
        *("credit_id", "customer_id", "dispute_id", "increment_id", "account_id", "payment_id"),
        *("refund_id", "reversal_id", "rotation_id", "token_id", "verification_id"),
    }
)
"""Of what is made anew: derived from `--key`, so that nobody has to think one up."""
NOT_GIVEN = {
    "transaction_at": "the network's clock; a terminal has the date, `--on`",
    "settlement_amount": "what networks settle among banks comes with clearing files",
}
"""Fields of requests that no command gives, each with the reason."""


class Command(NamedTuple):
    """A command by its words, and every name and text that the functions it reaches mention."""

    words: str
    help: str
    mentions: frozenset[str]


def _globals_of(code: CodeType) -> set[str]:
    """What a function names of its module, and not as an attribute of something else."""
    read = dis.get_instructions(code)
    return {str(each.argval) for each in read if each.opname in ("LOAD_GLOBAL", "LOAD_NAME")}


def mentioned(of: FunctionType) -> frozenset[str]:
    """Names and texts in a function, and in the functions of the client that it leads to."""
    found: set[str] = set()
    seen: set[CodeType] = set()

    def follow(code: CodeType, known: dict[str, Any]) -> None:
        if code in seen:
            return
        seen.add(code)
        found.update(code.co_names)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                follow(constant, known)
            elif isinstance(constant, str):
                found.add(constant)
            elif isinstance(constant, tuple):
                # Names of arguments, and the keys of dictionaries.
                found.update(each for each in constant if isinstance(each, str))
        for name in _globals_of(code):
            value = known.get(name)
            if isinstance(value, FunctionType) and value.__module__.startswith("client."):
                follow(value.__code__, value.__globals__)
            elif isinstance(value, type) and value.__module__.startswith("client."):
                for each in vars(value).values():
                    if isinstance(each, FunctionType):
                        follow(each.__code__, each.__globals__)

    follow(of.__code__, of.__globals__)
    return frozenset(found)


def commands(of: typer.Typer = app, before: tuple[str, ...] = ()) -> Iterator[Command]:
    """Every command there is."""
    for each in of.registered_commands:
        callback = each.callback
        assert isinstance(callback, FunctionType)
        name = each.name or callback.__name__.replace("_", "-")
        text = each.help or callback.__doc__ or ""
        yield Command(" ".join([*before, name]), text, mentioned(callback))
    for group in of.registered_groups:
        assert group.typer_instance is not None
        assert group.name is not None
        yield from commands(group.typer_instance, (*before, group.name))


def services() -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    """Every rpc of every service of accounts, with the fields of its request."""
    for path in sorted(Path(cards.accounts.v1.__path__[0]).glob("*_service_pb2.py")):
        module: ModuleType = import_module(f"cards.accounts.v1.{path.stem}")
        for service in module.DESCRIPTOR.services_by_name.values():
            for rpc in service.methods:
                yield (service.name, rpc.name), frozenset(_fields(rpc.input_type))


def _fields(of: Descriptor) -> Iterator[str]:
    """Of a message and of those in it; a whole programme comes from a file."""
    for field in of.fields:
        yield field.name
        held = field.message_type
        if held is not None and held.file.package == of.file.package and held.name != "Programme":
            yield from _fields(held)


COMMANDS = tuple(commands())
RPCS = dict(services())


def test_there_are_commands_and_rpcs() -> None:
    assert len(COMMANDS) > 100
    assert len(RPCS) > 100


@pytest.mark.parametrize("service", sorted({service for service, _ in RPCS}))
def test_every_rpc_has_a_command(service: str) -> None:
    missing = {
        f"{service}.{rpc}"
        for each, rpc in RPCS
        if each == service
        and not any({f"{service}Stub", rpc} <= command.mentions for command in COMMANDS)
    }
    assert missing - set(WITHOUT_A_COMMAND) == set()


@pytest.mark.parametrize("service", sorted({service for service, _ in RPCS}))
def test_every_field_of_every_request_can_be_given(service: str) -> None:
    missing = {
        f"{service}.{rpc}: {field}"
        for (each, rpc), fields in RPCS.items()
        if each == service
        for field in fields - _given(service, rpc) - BUSINESS_IDS - set(NOT_GIVEN)
    }
    assert missing == set()


def _given(service: str, rpc: str) -> frozenset[str]:
    asking = (each.mentions for each in COMMANDS if {f"{service}Stub", rpc} <= each.mentions)
    return frozenset[str]().union(*asking)


def test_what_has_no_command_exists_and_has_none() -> None:
    for name in WITHOUT_A_COMMAND:
        service, rpc = name.split(".")
        assert (service, rpc) in RPCS
        assert not any({f"{service}Stub", rpc} <= each.mentions for each in COMMANDS)


def test_no_two_commands_have_the_same_words() -> None:
    words = [each.words for each in COMMANDS]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.words)
def test_every_command_says_in_a_sentence_what_it_does(command: Command) -> None:
    first = command.help.strip().splitlines()[0] if command.help.strip() else ""
    assert re.fullmatch(r"[A-Z].{8,}[.]", first), command.words


def _resolve(words: list[str]) -> Any:
    """The command or group that `words` begin with; None where there is none."""
    found: Any = typer.main.get_command(app)
    for word in words:
        if not hasattr(found, "commands"):
            return found
        found = found.commands.get(word)
        if found is None:
            return None
    return found


ADVISED = sorted({each for text in NEXT.values() for each in re.findall("`cards ([^`]+)`", text)})
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTED = sorted(
    {
        each.strip()
        for document in DOCUMENTS
        for each in re.findall(r"(?:bin/|`)cards ([a-z][^\n`#]*)", document.read_text())
    }
)


@pytest.mark.parametrize("line", [*ADVISED, *DOCUMENTED])
def test_commands_that_are_named_exist_with_their_options(line: str) -> None:
    words = re.findall(r"(?<!\S)[a-z][a-z-]*(?!\S)", line)
    command = _resolve(words)
    assert command is not None, line
    assert not hasattr(command, "commands"), f"`cards {line}` is a group of commands"
    known = {name for each in command.params for name in getattr(each, "opts", ())}
    assert set(re.findall(r"(?<!\S)--[a-z-]+", line)) <= {*known, "--help"}


def test_groups_that_the_readme_lists_exist() -> None:
    """What stands after `and` beside a command: `# and over-limit, transfer: what credit can do`"""
    text = (ROOT / "README.md").read_text()
    for line, listed in re.findall(r"bin/cards ([a-z-]+)[^#\n]*# and ([a-z;, -]+)", text):
        group = _resolve([line])
        for word in re.findall(r"[a-z][a-z-]+", listed.split(":")[0]):
            known = _resolve([word]) or getattr(group, "commands", {}).get(word)
            assert known is not None, word


def test_the_terms_in_the_documents_are_a_programme() -> None:
    terms = json.loads((ROOT / "docs" / "programme.json").read_text())
    protovalidate.validate(ParseDict(terms, accounts_service_pb2.Programme()))


def test_advice_is_about_errors_that_there_are() -> None:
    told = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", (ROOT / "docs" / "catalogue.md").read_text()))
    assert set(NEXT) <= told
