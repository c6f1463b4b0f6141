"""`python -m tests.iso8583`: spoilt messages by the thousand against the door for networks."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.iso8583.mutations import Crashed, Result, campaign

AUTHENTICATED = 100_000
BARE = 5_000


async def run(authenticated: int, bare: int, seed: int, console: Console) -> list[Result]:
    """Both campaigns, each on a store of its own."""
    results = []
    with Progress(console=console) as progress:
        for name, count, signed in (("authenticated", authenticated, True), ("bare", bare, False)):
            task = progress.add_task(f"{name} messages, spoilt", total=count)
            with tempfile.TemporaryDirectory() as folder:
                results.append(
                    await campaign(
                        Path(folder),
                        count,
                        seed,
                        authenticated=signed,
                        tried=lambda task=task: progress.advance(task),  # type: ignore[misc]
                    )
                )
    return results


def main() -> int:
    """Try, and tell what came of it; 1 when something crashed or had an effect."""
    parser = argparse.ArgumentParser(prog="python -m tests.iso8583", description=__doc__)
    parser.add_argument("--messages", type=int, default=AUTHENTICATED)
    parser.add_argument("--bare", type=int, default=BARE, help="of messages without authentication")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    console = Console()
    try:
        results = asyncio.run(run(asked.messages, asked.bare, asked.seed, console))
    except Crashed as crash:
        console.print(f"[red]{crash}[/red]")
        return 1
    table = Table(
        "messages", "spoilt", "format error (30)", "closed", "not answered", "others", "effects"
    )
    for name, result in zip(("authenticated (AES-CMAC)", "bare"), results, strict=True):
        known = [result.told[each] for each in ("30", "closed", "silent")]
        cells = [result.tried, *known, result.tried - sum(known), result.effects]
        table.add_row(name, *(f"{each:,}" for each in cells))
    console.print(table)
    console.print("no crash; no effect of what was not a message; a good message is answered")
    return 0


if __name__ == "__main__":
    sys.exit(main())
