"""`make bench`: every benchmark in turn, each a process of its own.

    python -m benchmarks [name ...]

A goal that is missed is a finding, not a failure; a benchmark that could not measure is one.
"""

import subprocess
import sys

from rich.console import Console

from benchmarks import MISSED

BENCHMARKS = {
    "decide": "deciding alone, by length of history",
    "history": "a durable command, by length of history",
    "opening": "opening a long account from its snapshot",
    "controls": "a durable command with every spend control active, beside one without",
    "billing_run": "closing a day on which every cycle ends",
    "statements": "working out again every statement of an account with ten thousand charges",
    "clearing": "a month of real clearing files, over and over, and the proof of every day",
    "door": "the door alone, layer by layer",
    "limit": "a group commit and nothing else over gRPC, beside an echo",
    "authorise": "a durable command over gRPC, beside an echo",
    "reaction": "from a commit in accounts to its effect in loyalty",
    "screening": "telling names apart; with --lists DIR, over the public lists",
    "rescreening": "with --lists DIR: looking for all customers again after a list has changed",
    "search": "searching transactions, by number and by kind of search",
}
ARGUMENTS = {
    "door": ["--seconds", "1.5", "--rounds", "2"],
    "search": ["--transactions", "200000", "--searches", "10", "--sqlite", "20000"],
}
LIMIT_SECONDS = 900
console = Console()


def main() -> int:
    """Run what was named, else all; 1 when one could not measure."""
    wanted = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        console.print(f"there is no benchmark {unknown[0]}; there are: {', '.join(BENCHMARKS)}")
        return 1
    missed, broken = [], []
    for name in wanted:
        console.rule(f"{name}: {BENCHMARKS[name]}")
        command = [sys.executable, "-m", f"benchmarks.{name}", *ARGUMENTS.get(name, [])]
        try:
            code = subprocess.run(command, timeout=LIMIT_SECONDS).returncode
        except subprocess.TimeoutExpired:
            code = -1
        if code == MISSED:
            missed.append(name)
        elif code:
            broken.append(name)
    console.rule()
    console.print(f"goals missed by: {', '.join(missed) or 'none'}")
    if broken:
        console.print(f"[red]could not measure: {', '.join(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
