"""The door for card networks, as a gateway sees it: every message over a socket, a real store."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import select

from chassis.event_store.tables import audit
from chassis.kernel.errors import Unavailable
from chassis.permission import Permissions, PolicySource
from chassis.telemetry import Telemetry
from services.accounts.domain import events
from services.accounts.iso8583.door import Door
from services.accounts.iso8583.message import Message
from services.accounts.tests.conftest import Door as Rpcs
from services.accounts.tests.network import (
    GATEWAY,
    Line,
    Terminal,
    connected,
    management,
    open_door,
    served,
    settings,
)


@dataclass
class World:
    """An account with a card, a terminal that knows the number, a line to the door."""

    rpcs: Rpcs
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
        return self.rpcs.node.facts()

    def charged(self) -> list[Any]:
        """The facts about charges."""
        return [each for each in self.facts() if "harge" in type(each).__name__]


@pytest.fixture
async def world(door: Rpcs) -> AsyncIterator[World]:
    account = await door.open()
    card_id = account.cards[0].card_id
    number = (await door("RevealCardNumber", card_id=card_id)).number
    chosen = settings()
    opened = open_door(door.node, chosen)
    async with served(opened, chosen) as server, connected(server, opened.codec) as line:
        yield World(door, opened, line, Terminal(number), account)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


# Authorisations


async def test_an_authorisation_is_approved_and_holds_the_amount(world: World) -> None:
    asked = world.terminal.message("0100", 4_500)
    answer = await world.line.ask(asked)
    assert (answer.mti, answer[39]) == ("0110", "00")
    assert len(answer[38]) == 6
    for number in (2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49):
        assert answer[number] == asked[number]
    assert await world.held() == 4_500
    (fact,) = world.charged()
    assert isinstance(fact, events.ChargeAuthorised)
    assert (fact.merchant.name, fact.merchant.country) == ("Green Grocer", "GB")
    assert (fact.merchant.mcc, fact.entry_mode) == ("5411", "CHIP")


async def test_the_same_message_twice_gets_the_same_answer_and_holds_once(world: World) -> None:
    asked = world.terminal.message("0100", 4_500)
    first = await world.line.ask(asked)
    again = await world.line.ask(Message("0101", asked.fields))
    assert (again.mti, again.fields) == (first.mti, first.fields)
    assert await world.held() == 4_500


async def test_another_amount_under_the_same_trace_is_a_duplicate(world: World) -> None:
    asked = world.terminal.message("0100", 4_500)
    await world.line.ask(asked)
    other = Message("0100", {**asked.fields, 4: f"{4_600:012d}"})
    assert (await world.line.ask(other))[39] == "94"
    assert await world.held() == 4_500


async def test_what_is_beyond_the_limit_is_declined_without_approval_code(world: World) -> None:
    answer = await world.line.ask(world.terminal.message("0100", 100_001))
    assert (answer[39], answer.get(38)) == ("51", "")


async def test_an_unknown_card_is_declined(world: World) -> None:
    answer = await world.line.ask(world.terminal.message("0100", 100, f2="5000120000000005"))
    assert answer[39] == "14"
    answer = await world.line.ask(world.terminal.message("0100", 100, f2="5000120000000006"))
    assert answer[39] == "14"


async def test_a_zero_amount_verifies_the_card(world: World) -> None:
    answer = await world.line.ask(world.terminal.message("0100", 0))
    assert answer[39] == "85"
    assert await world.held() == 0


@pytest.mark.parametrize("mti", ["0100", "0200"])
async def test_a_part_is_approved_where_the_merchant_takes_it(world: World, mti: str) -> None:
    """Field 48, element 61 of five characters, of which the first is 1."""
    asked = world.terminal.message(mti, 150_000, f48="610510000")
    answer = await world.line.ask(asked)
    assert (answer[39], int(answer[4]), len(answer[38])) == ("10", 100_000, 6)
    assert await world.held() + await world.owed() == 100_000
    again = await world.line.ask(Message(f"{mti[:3]}1", asked.fields))
    assert again.fields == answer.fields


async def test_another_currency_is_billed_by_its_rate(world: World) -> None:
    asked = world.terminal.message(
        "0100", 5_000, f49="840", f6=f"{4_000:012d}", f51="826", f10="78000000"
    )
    assert (await world.line.ask(asked))[39] == "00"
    (fact,) = world.charged()
    assert (fact.amount.minor_units, fact.amount.currency) == (4_000, "GBP")
    assert (fact.original_amount.minor_units, fact.original_amount.currency) == (5_000, "USD")
    assert fact.rate == "0.8"


async def test_a_charge_is_raised(world: World) -> None:
    first = world.terminal.message("0100", 2_500)
    await world.line.ask(first)
    answer = await world.line.ask(world.terminal.about(first, "0100", 1_500))
    assert answer[39] == "00"
    assert await world.held() == 4_000
    answer = await world.line.ask(world.terminal.about(first, "0100", 200_000))
    assert answer[39] == "51"
    assert await world.held() == 4_000


async def test_a_balance_that_is_not_served_is_said_not_to_be(world: World) -> None:
    answer = await world.line.ask(world.terminal.message("0100", 0, f3="650000"))
    assert (answer.mti, answer[39]) == ("0110", "40")


# Advices


async def test_an_advice_names_the_new_total(world: World) -> None:
    first = world.terminal.message("0100", 100, f25="06", f18="5542")
    await world.line.ask(first)
    answer = await world.line.ask(world.terminal.about(first, "0120", 3_000))
    assert (answer.mti, answer[39]) == ("0130", "00")
    assert await world.held() == 3_000


async def test_a_charge_is_found_by_its_retrieval_reference(world: World) -> None:
    first = world.terminal.message("0100", 100)
    await world.line.ask(first)
    answer = await world.line.ask(world.terminal.message("0120", 250, f37=first[37]))
    assert answer[39] == "00"
    assert await world.held() == 250


async def test_a_financial_advice_posts_with_and_without_authorisation(world: World) -> None:
    first = world.terminal.message("0100", 1_000)
    await world.line.ask(first)
    answer = await world.line.ask(world.terminal.about(first, "0220", 1_200))
    assert (answer.mti, answer[39]) == ("0230", "00")
    assert (await world.held(), await world.owed()) == (0, 1_200)
    forced = await world.line.ask(world.terminal.message("0220", 300))
    assert forced[39] == "00"
    assert await world.owed() == 1_500


# Financial messages


async def test_a_financial_message_authorises_and_posts_at_once(world: World) -> None:
    asked = world.terminal.message("0200", 2_000)
    answer = await world.line.ask(asked)
    assert (answer.mti, answer[39]) == ("0210", "00")
    assert (await world.held(), await world.owed()) == (0, 2_000)
    again = await world.line.ask(Message("0201", asked.fields))
    assert again.fields == answer.fields
    assert await world.owed() == 2_000
    assert [type(each).__name__ for each in world.charged()] == [
        "ChargeAuthorised",
        "ChargeCleared",
    ]


async def test_a_declined_financial_message_posts_nothing(world: World) -> None:
    answer = await world.line.ask(world.terminal.message("0200", 200_000))
    assert answer[39] == "51"
    assert (await world.held(), await world.owed()) == (0, 0)


async def test_a_return_comes_back(world: World) -> None:
    first = world.terminal.message("0200", 2_000)
    await world.line.ask(first)
    back = await world.line.ask(world.terminal.about(first, "0200", 500, f3="200000"))
    assert back[39] == "00"
    assert await world.owed() == 1_500
    over = await world.line.ask(world.terminal.about(first, "0200", 5_000, f3="200000"))
    assert over[39] == "13"
    loose = await world.line.ask(world.terminal.message("0200", 100, f3="200000"))
    assert loose[39] == "00"
    assert await world.owed() == 1_400


# Reversals


@pytest.mark.parametrize("mti", ["0400", "0420", "0401", "0421"])
async def test_a_hold_is_reversed(world: World, mti: str) -> None:
    first = world.terminal.message("0100", 2_000)
    await world.line.ask(first)
    reversal = world.terminal.about(first, mti, 2_000)
    answer = await world.line.ask(reversal)
    assert (answer.mti, answer[39]) == (f"{mti[:2]}{'1' if mti[2] == '0' else '3'}0", "00")
    assert await world.held() == 0
    again = await world.line.ask(Message(f"{mti[:3]}1", reversal.fields))
    assert again.fields == answer.fields
    other = await world.line.ask(world.terminal.about(first, mti, 2_000))
    assert other[39] == "21"


async def test_a_part_is_reversed_by_replacement_amounts(world: World) -> None:
    first = world.terminal.message("0100", 3_000)
    await world.line.ask(first)
    part = world.terminal.about(first, "0400", 3_000, f95=f"{1_000:012d}".ljust(42, "0"))
    assert (await world.line.ask(part))[39] == "00"
    assert await world.held() == 1_000


async def test_what_was_posted_comes_back_when_it_is_reversed(world: World) -> None:
    first = world.terminal.message("0200", 3_000)
    await world.line.ask(first)
    part = world.terminal.about(first, "0420", 3_000, f95=f"{1_000:012d}".ljust(42, "0"))
    assert (await world.line.ask(part))[39] == "00"
    assert await world.owed() == 1_000
    whole = world.terminal.about(first, "0420", 3_000)
    answer = await world.line.ask(whole)
    assert answer[39] == "00"
    assert await world.owed() == 0
    again = await world.line.ask(Message("0421", whole.fields))
    assert again.fields == answer.fields
    assert (await world.line.ask(world.terminal.about(first, "0420", 3_000)))[39] == "21"


async def test_a_reversal_on_the_heels_of_its_authorisation_finds_it(world: World) -> None:
    first = world.terminal.message("0100", 2_000)
    world.line.send(first)
    world.line.send(world.terminal.about(first, "0400", 2_000))
    answers = [await world.line.receive(), await world.line.receive()]
    assert {each.mti: each[39] for each in answers} == {"0110": "00", "0410": "00"}
    assert await world.held() == 0


@pytest.mark.parametrize("mti", ["0100", "0200"])
async def test_a_reversal_before_what_it_reverses_is_kept_for_it(world: World, mti: str) -> None:
    first = world.terminal.message(mti, 2_000)
    answer = await world.line.ask(world.terminal.about(first, "0420", 2_000))
    assert (answer.mti, answer[39]) == ("0430", "00")
    await world.line.ask(first)
    assert (await world.held(), await world.owed()) == (0, 0)


async def test_only_the_increment_is_reversed_where_it_is_named(world: World) -> None:
    first = world.terminal.message("0100", 2_500)
    await world.line.ask(first)
    more = world.terminal.about(first, "0100", 1_500)
    await world.line.ask(more)
    answer = await world.line.ask(world.terminal.about(more, "0400", 1_500))
    assert answer[39] == "00"
    assert await world.held() == 2_500


async def test_a_late_reversal_of_an_authorisation_gives_no_posted_money_back(
    world: World,
) -> None:
    first = world.terminal.message("0100", 2_500)
    await world.line.ask(first)
    posted = world.terminal.about(first, "0220", 2_500)
    await world.line.ask(posted)
    assert (await world.line.ask(world.terminal.about(first, "0420", 2_500)))[39] == "21"
    assert await world.owed() == 2_500
    assert (await world.line.ask(world.terminal.about(posted, "0420", 2_500)))[39] == "00"
    assert await world.owed() == 0


# Network management


@pytest.mark.parametrize(
    ("code", "expected"), [("001", "00"), ("002", "00"), ("301", "00"), ("161", "40")]
)
async def test_network_management_is_answered(world: World, code: str, expected: str) -> None:
    answer = await world.line.ask(management(code))
    assert (answer.mti, answer[39], answer[70], answer[11]) == ("0810", expected, code, "000001")


async def test_where_signing_on_is_required_nothing_happens_before(world: World) -> None:
    world.door.sign_on_required = True
    asked = world.terminal.message("0100", 100)
    assert (await world.line.ask(asked))[39] == "91"
    await world.line.ask(management("001"))
    assert (await world.line.ask(asked))[39] == "00"
    await world.line.ask(management("002"))
    assert (await world.line.ask(world.terminal.message("0100", 100)))[39] == "91"


# What goes wrong


@pytest.mark.parametrize(
    ("mti", "changes", "field"),
    [
        ("0100", {"f4": None}, "004"),
        ("0100", {"f2": None}, "002"),
        ("0100", {"f42": None}, "042"),
        ("0100", {"f49": "000"}, "049"),
        ("0100", {"f7": "1332000000"}, "007"),
        ("0400", {"f37": None}, "090"),
        ("0300", {}, ""),
        ("0700", {}, ""),
    ],
)
async def test_a_malformed_message_gets_a_format_error_and_nothing_is_stored(
    world: World, mti: str, changes: dict[str, Any], field: str
) -> None:
    before = world.facts()
    answer = await world.line.ask(world.terminal.message(mti, 100, **changes))
    assert (answer.mti, answer[39], answer.get(44)) == (f"{mti[:2]}10", "30", field)
    assert world.facts() == before


async def test_a_message_that_is_cut_short_gets_a_format_error(world: World) -> None:
    frame = world.door.codec.encode("0100", world.terminal.message("0100", 100).fields)
    world.line.send_raw(frame[:-5])
    answer = await world.line.receive()
    assert (answer.mti, answer[39], answer[11]) == ("0110", "30", "000001")


async def test_what_is_no_message_ends_the_connection(world: World) -> None:
    world.line.send_raw(b"GET / HTTP/1.1")
    assert await world.line.is_closed()


async def test_an_answer_is_not_answered(world: World) -> None:
    world.line.send(world.terminal.message("0110", 100))
    assert (await world.line.ask(management("301")))[39] == "00"


async def test_a_charge_that_is_not_there_is_not_located(world: World) -> None:
    answer = await world.line.ask(world.terminal.message("0400", 100))
    assert answer[39] == "25"


async def test_a_store_that_is_away_is_said_to_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("STORE_UNAVAILABLE", "the store cannot be reached")

    monkeypatch.setattr(world.door.ports.application._committer, "submit", away)
    assert (await world.line.ask(world.terminal.message("0100", 100)))[39] == "91"
    monkeypatch.undo()

    async def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(world.door.ports.application._committer, "submit", broken)
    assert (await world.line.ask(world.terminal.message("0100", 100)))[39] == "96"
    monkeypatch.undo()
    assert (await world.line.ask(world.terminal.message("0100", 100)))[39] == "00"


async def test_what_takes_too_long_is_not_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    world.door.deadline_seconds = 0.05
    monkeypatch.setattr(world.door.ports.application._committer, "submit", slow)
    world.line.send(world.terminal.message("0100", 100))
    await asyncio.sleep(0.1)
    monkeypatch.undo()
    assert (await world.line.ask(management("301"))).mti == "0810"
    assert len(world.door.turns) == 0


async def test_the_gateway_stands_in_the_audit_log(world: World) -> None:
    await world.line.ask(world.terminal.message("0100", 100))
    with world.rpcs.node.world.engine.connect() as connection:
        leaves = [row.leaf for row in connection.execute(select(audit))]
    assert f"partner:{GATEWAY}".encode() in leaves[-1]
    assert b"accounts.AuthoriseCharge" in leaves[-1]


async def test_who_may_not_charge_is_refused(world: World) -> None:
    nobody = PolicySource.of_text("permit (principal, action, resource) when { false };")
    world.door.guard = replace(world.door.guard, permissions=Permissions(nobody))
    assert (await world.line.ask(world.terminal.message("0100", 100)))[39] == "57"
    assert world.charged() == []


async def test_the_card_number_stands_nowhere(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in logs nor errors, traces or the store: not for good messages, not for bad ones."""
    lines, spans = io.StringIO(), InMemorySpanExporter()
    monkeypatch.setattr("chassis.logs._Output.stream", lines)
    telemetry = Telemetry("accounts", sample_ratio=1.0, processors=[SimpleSpanProcessor(spans)])
    chosen = settings()
    door = open_door(world.rpcs.node, chosen, telemetry)
    terminal, line_of = world.terminal, door.codec
    async with served(door, chosen) as server, connected(server, line_of) as line:
        good = terminal.message("0100", 100, f35=f"{terminal.pan}=29121010000012300000")
        assert (await line.ask(good))[39] == "00"
        assert (await line.ask(terminal.message("0200", 10**9)))[39] == "51"
        assert (await line.ask(terminal.message("0100", 100, f42=None)))[39] == "30"
        assert (await line.ask(terminal.message("0400", 100)))[39] == "25"
        other = terminal.message("0100", 100, f35="5000120000000005=29121010000012300000")
        assert (await line.ask(other))[39] == "30"

        async def broken(*_: Any, **__: Any) -> Any:
            raise ValueError(f"about {terminal.pan}")

        monkeypatch.setattr(door.ports.application._committer, "submit", broken)
        assert (await line.ask(terminal.message("0100", 100)))[39] == "96"
        monkeypatch.undo()
        line.send_raw(line_of.encode("0100", good.fields)[:40])
        assert (await line.receive())[39] == "30"
        line.send_raw(b"XXXX" + terminal.pan.encode())
        assert await line.is_closed()
    told = " ".join(span.to_json() for span in spans.get_finished_spans())
    kept = everything_in(tmp_path)
    assert "accounts.AuthoriseCharge" in told
    assert b"Green Grocer" in kept
    for place in (lines.getvalue(), told, kept.decode("latin-1")):
        assert terminal.pan not in place
        assert terminal.pan[6:-4] not in place
