"""`python -m services.accounts serve` with a door for card networks: served, and drained."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.framed_server import Header
from chassis.testing.harness import BEGINNING
from chassis.testing.processes import free_port
from services.accounts.iso8583.message import Codec
from services.accounts.iso8583.spec import Encoding
from services.accounts.tests.network import GATEWAY, POLICIES, Line, Terminal, management

START_SECONDS = 90.0
STOP_SECONDS = 60.0
MAC_KEY = "0f" * 16
UNKNOWN_CARD = "5000120000000005"


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A serving process and the port of its door."""
    port = free_port()
    policies = folder / "policies.cedar"
    policies.write_text("\n".join(path.read_text() for path in sorted(POLICIES.glob("*.cedar"))))
    told = {
        "STORE_URL": f"sqlite:///{folder / 'store.db'}",
        "POLICY_PATH": str(policies),
        "LOOKUP_SECRET": "ab" * 32,
        # Nobody is there, and nobody is asked about a card that we do not know.
        "PEERS": f'{{"risk": "127.0.0.1:{free_port()}", "auth": "127.0.0.1:{free_port()}"}}',
        "ISO8583_PORT": str(port),
        "ISO8583_HEADER": "four_bytes",
        "ISO8583_ENCODING": "bcd",
        "ISO8583_MAC_KEY": MAC_KEY,
        "ISO8583_CLEAR_TEXT_GATEWAY": GATEWAY,
        "ISO8583_SIGN_ON_REQUIRED": "true",
    }
    environment = {**os.environ, **{f"CARDS_ACCOUNTS_{name}": each for name, each in told.items()}}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.accounts", "serve"),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            while b'"server":"iso8583"' not in (said := await process.stderr.readline()):
                assert said, "it did not start"
        yield process, port
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_it_answers_and_drains_at_sigterm(tmp_path: Path) -> None:
    codec = Codec(Encoding.BCD, bytes.fromhex(MAC_KEY))
    terminal = Terminal(UNKNOWN_CARD, codec, at=BEGINNING)
    async with serving(tmp_path) as (process, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        line = Line(reader, writer, codec, Header.FOUR_BYTES)
        asked = terminal.message("0100", 100)
        assert (await line.ask(asked))[39] == "91"
        assert (await line.ask(management("001")))[39] == "00"
        assert (await line.ask(asked))[39] == "14"
        process.send_signal(signal.SIGTERM)
        assert await line.is_closed()
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(STOP_SECONDS):
            _, errors = await process.communicate()
        assert process.returncode == 0
        assert b'"reason":"DRAINING"' in errors
        assert UNKNOWN_CARD.encode() not in errors
