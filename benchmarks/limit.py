"""What a durable command can reach at most on this machine: a bare group commit behind the bare
echo, as a part of the echo's own calls. What `benchmarks.authorise` reaches is to be read beside
it. `python -m benchmarks.limit`"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.authorise import Rounds, Target, echo_server
from benchmarks.load import ECHO
from chassis.testing.servers import PostgresServer

CALLERS = (16, 64, 256)
CARDS = [f"{number:032x}" for number in range(200)]
TOKEN = "t" * 600
"""As long as a real one: the echo reads the same metadata."""
console = Console()


@contextmanager
def bare_commit(store: str) -> Iterator[Target]:
    """A bare group commit into a new store."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cards-limit-")))
        folder.chmod(0o755)
        url = str(folder / "bare.db")
        if store == "postgres":
            postgres = stack.enter_context(PostgresServer(folder / "postgres"))
            url = postgres.url(driver="postgresql")
        address, pid = stack.enter_context(echo_server("benchmarks.bare_commit", url))
        yield Target(address, pid, ECHO)


def compare(store: str, rounds: int, seconds: float) -> Rounds:
    """The echo and the bare group commit in turn, at each number of callers."""
    found, work = Rounds(), {"token": TOKEN, "cards": CARDS}
    with (
        echo_server() as (address, pid),
        bare_commit(store) as durable,
        Progress(console=console) as progress,
    ):
        echo = Target(address, pid, ECHO)
        measuring = progress.add_task(store, total=rounds * len(CALLERS))
        for _ in range(rounds):
            for callers in CALLERS:
                found.add("echo", callers, echo.measure(callers, seconds, **work))
                found.add("durable", callers, durable.measure(callers, seconds, **work))
                progress.advance(measuring)
    return found


def show(store: str, found: Rounds) -> None:
    """Print the table."""
    table = Table(title=f"a bare group commit on {store}: calls/s (µs CPU)", title_justify="left")
    for heading in ("callers", "echo", "group commit", "of echo"):
        table.add_column(heading, justify="right")
    for callers in CALLERS:
        cells = [
            f"{found.median(variant, callers):,.0f} ({found.least(variant, callers, 'cpu_us'):.0f})"
            for variant in ("echo", "durable")
        ]
        part = found.median("durable", callers) / found.median("echo", callers)
        table.add_row(str(callers), *cells, f"{part:.2f}")
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limit")
    parser.add_argument("--store", choices=["sqlite", "postgres"], action="append")
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(arguments)
    for store in asked.store or ["sqlite", "postgres"]:
        show(store, compare(store, asked.rounds, asked.seconds))


if __name__ == "__main__":
    main()
