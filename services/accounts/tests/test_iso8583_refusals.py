"""What the door for card networks refuses, signs on, leaves unanswered, and never tells."""

import asyncio
import io
import sqlite3
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import select

from chassis.event_store.tables import audit
from chassis.permission import Permissions, PolicySource
from chassis.telemetry import Telemetry
from chassis.tests.door.test_server import Authority
from services.accounts.tests.network import (
    ANSWER_SECONDS,
    GATEWAY,
    World,
    connected,
    management,
    open_door,
    served,
    settings,
)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


# Network management


@pytest.mark.parametrize(
    ("code", "expected"), [("001", "00"), ("002", "00"), ("301", "00"), ("162", "40")]
)
async def test_network_management_is_answered(network: World, code: str, expected: str) -> None:
    answer = await network.line.ask(management(code))
    assert (answer.mti, answer[39], answer[70], answer[11]) == ("0810", expected, code, "000001")


async def test_where_signing_on_is_required_nothing_happens_before(network: World) -> None:
    network.door.sign_on_required = True
    asked = network.terminal.message("0100", 100)
    assert (await network.line.ask(asked))[39] == "91"
    await network.line.ask(management("001"))
    assert (await network.line.ask(asked))[39] == "00"
    await network.line.ask(management("002"))
    assert (await network.line.ask(network.terminal.message("0100", 100)))[39] == "91"


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
    network: World, mti: str, changes: dict[str, Any], field: str
) -> None:
    before = network.facts()
    answer = await network.line.ask(network.terminal.message(mti, 100, **changes))
    assert (answer.mti, answer[39], answer.get(44)) == (f"{mti[:2]}10", "30", field)
    assert network.facts() == before


async def test_a_message_that_is_cut_short_gets_a_format_error(network: World) -> None:
    frame = network.door.codec.encode("0100", network.terminal.message("0100", 100).fields)
    network.line.send_raw(frame[:-5])
    answer = await network.line.receive()
    assert (answer.mti, answer[39], answer[11]) == ("0110", "30", "000001")


async def test_what_is_no_message_ends_the_connection(network: World) -> None:
    network.line.send_raw(b"GET / HTTP/1.1")
    assert await network.line.is_closed()


async def test_an_answer_is_not_answered(network: World) -> None:
    network.line.send(network.terminal.message("0110", 100))
    assert (await network.line.ask(management("301")))[39] == "00"


async def test_a_charge_that_is_not_there_is_not_located(network: World) -> None:
    answer = await network.line.ask(network.terminal.message("0400", 100))
    assert answer[39] == "25"


async def test_a_store_that_is_away_is_said_to_be(
    network: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = network.terminal.message("0100", 100)
    monkeypatch.setattr("chassis.database.BUSY_TIMEOUT_MS", 50)
    network.rpcs.node.world.engine.dispose()
    before = network.facts()
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert (await network.line.ask(asked))[39] == "91"
    finally:
        other.close()
    assert network.facts() == before
    assert (await network.line.ask(asked))[39] == "00"


async def test_a_defect_is_a_malfunction_and_nothing_is_told_of_it(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(network.door.ports.application._committer, "submit", broken)
    answer = await network.line.ask(network.terminal.message("0100", 100))
    assert (answer[39], answer.get(44)) == ("96", "")
    monkeypatch.undo()
    assert (await network.line.ask(network.terminal.message("0100", 100)))[39] == "00"


async def test_what_the_store_has_begun_and_takes_too_long_is_not_answered(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = asyncio.Event()

    async def slow(work: Any) -> Any:
        assert work.wanted()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    network.door.deadline_seconds = 0.5
    monkeypatch.setattr(network.door.ports.application._committer, "submit", slow)
    network.line.send(network.terminal.message("0100", 100))
    await asyncio.wait_for(given_up.wait(), ANSWER_SECONDS)
    monkeypatch.undo()
    assert (await network.line.ask(management("301"))).mti == "0810"
    assert len(network.door.turns) == 0


async def test_when_there_is_too_much_to_do_it_is_said_at_once(network: World) -> None:
    network.door.admission.in_flight += 10_000
    assert (await network.line.ask(network.terminal.message("0100", 100)))[39] == "91"
    assert network.charged() == []
    network.door.admission.in_flight -= 10_000
    assert (await network.line.ask(network.terminal.message("0100", 100)))[39] == "00"


async def test_whose_turn_does_not_come_in_time_is_told_that_nothing_was_done(
    network: World,
) -> None:
    network.door.deadline_seconds = 0.05
    asked = network.terminal.message("0100", 100)
    async with network.door.turns.of(network.terminal.pan):
        assert (await network.line.ask(asked))[39] == "91"
    assert network.charged() == []
    network.door.deadline_seconds = 2.0
    assert (await network.line.ask(asked))[39] == "00"


async def test_one_card_that_waits_holds_up_no_other_message(network: World) -> None:
    async with network.door.turns.of(network.terminal.pan):
        network.line.send(network.terminal.message("0100", 100))
        network.line.send(network.terminal.message("0100", 200))
        other = network.terminal.message("0100", 100, f2="5000120000000005")
        assert (await network.line.ask(other))[39] == "14"
        assert (await network.line.ask(management("301")))[39] == "00"
    answers = [await network.line.receive(), await network.line.receive()]
    assert [int(each[4]) for each in answers] == [100, 200]
    assert len(network.door.turns) == 0


async def test_a_gateway_is_known_by_its_certificate(network: World, tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    authority = Authority(folder)
    certificate, key = authority.issue("cards")
    chosen = settings(
        iso8583_clear_text_gateway=None,
        iso8583_gateways={"switch.example.com": "network-7"},
        tls_certificate_path=certificate,
        tls_key_path=key,
        iso8583_client_ca_path=authority.path,
    )
    door = open_door(network.rpcs.node, chosen)

    def shown(name: str) -> dict[str, Any]:
        context = ssl.create_default_context(cafile=str(authority.path))
        context.load_cert_chain(*authority.issue(name))
        return {"ssl": context, "server_hostname": "localhost"}

    async with served(door, chosen) as server:
        async with connected(server, door.codec, **shown("switch.example.com")) as line:
            assert (await line.ask(network.terminal.message("0100", 100)))[39] == "00"
        async with connected(server, door.codec, **shown("stranger.example.com")) as line:
            assert await line.is_closed()
    with network.rpcs.node.world.engine.connect() as connection:
        leaves = [row.leaf for row in connection.execute(select(audit))]
    assert b"partner:network-7" in leaves[-1]
    assert b"switch.example.com" in leaves[-1]


async def test_the_gateway_stands_in_the_audit_log(network: World) -> None:
    await network.line.ask(network.terminal.message("0100", 100))
    with network.rpcs.node.world.engine.connect() as connection:
        leaves = [row.leaf for row in connection.execute(select(audit))]
    assert f"partner:{GATEWAY}".encode() in leaves[-1]
    assert b"accounts.AuthoriseCharge" in leaves[-1]


async def test_who_may_not_charge_is_refused(network: World) -> None:
    nobody = PolicySource.of_text("permit (principal, action, resource) when { false };")
    network.door.guard = replace(network.door.guard, permissions=Permissions(nobody))
    assert (await network.line.ask(network.terminal.message("0100", 100)))[39] == "57"
    assert network.charged() == []


async def test_the_card_number_stands_nowhere(
    network: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in logs nor errors, traces or the store: not for good messages, not for bad ones."""
    lines, spans = io.StringIO(), InMemorySpanExporter()
    monkeypatch.setattr("chassis.logs._Output.stream", lines)
    telemetry = Telemetry("accounts", sample_ratio=1.0, processors=[SimpleSpanProcessor(spans)])
    chosen = settings()
    door = open_door(network.rpcs.node, chosen, telemetry)
    terminal, line_of = network.terminal, door.codec
    async with served(door, chosen) as server, connected(server, line_of) as line:
        good = terminal.message("0100", 100, f35=f"{terminal.pan}=2901201")
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
