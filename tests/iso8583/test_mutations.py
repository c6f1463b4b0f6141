"""The door for card networks withstands spoilt messages; `python -m tests.iso8583` tries many."""

from pathlib import Path
from random import Random

import pytest

from chassis.testing.harness import running
from services.accounts.app import SERVICE
from services.accounts.tests.network import Terminal, connected, open_door, served, settings
from tests.iso8583 import mutations
from tests.iso8583.mutations import Crashed, campaign, good_messages, open_account, spoilt

AUTHENTICATED = 2_400
BARE = 600
OVER_A_SOCKET = 300


async def test_spoilt_messages_crash_nothing_and_have_no_effect(tmp_path: Path) -> None:
    result = await campaign(tmp_path, AUTHENTICATED, 1, authenticated=True)
    assert result.tried == AUTHENTICATED
    assert result.effects == 0
    assert set(result.told) <= {"30", "closed", "silent"}
    assert result.told["30"] > AUTHENTICATED / 4
    assert result.log_lines >= AUTHENTICATED - result.told["silent"]


async def test_without_authentication_a_format_error_has_no_effect(tmp_path: Path) -> None:
    result = await campaign(tmp_path, BARE, 2, authenticated=False)
    assert result.told["30"] > BARE / 4
    # Some of them are messages still: otherwise this would prove nothing about the others.
    assert len(result.told) > 4
    assert result.effects > 0


async def test_spoilt_frames_over_a_socket_leave_a_server_that_answers(tmp_path: Path) -> None:
    async with running(SERVICE, tmp_path) as node:
        account = await open_account(node)
        chosen = settings(iso8583_mac_key=mutations.MAC_KEY, iso8583_frame_seconds=0.2)
        door = open_door(node, chosen)
        terminal = Terminal(account.pan, door.codec)
        frames = [door.codec.encode(each.mti, each.fields) for each in good_messages(terminal)]
        before, dice = mutations.head(node), Random(3)
        async with served(door, chosen) as server:
            bad = spoilt(frames, OVER_A_SOCKET, 3)
            for _ in range(OVER_A_SOCKET // 10):
                async with connected(server, door.codec) as line:
                    for frame in [next(bad) for _ in range(10)]:
                        line.send_raw(frame)
                    # A length that lies, at the end: what comes after it is not what it says.
                    line.writer.write(dice.randbytes(2) + b"0100")
            assert mutations.head(node) == before
            async with connected(server, door.codec) as line:
                assert (await line.ask(terminal.message("0100", 100)))[39] == "00"
        assert mutations.head(node)[0] == before[0] + 1


async def test_an_effect_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check checks: where authenticity is not looked at, it is found out."""
    monkeypatch.setattr(
        "services.accounts.iso8583.message.Codec._check_mac", lambda *arguments: None
    )
    with pytest.raises(Crashed, match="effect"):
        await campaign(tmp_path, 3_000, 1, authenticated=True)
