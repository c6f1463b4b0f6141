"""Plays worlds, one a seed, and tells what came of them; the command line around that."""

import argparse
import gc
import shlex
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chassis.simulation.loop import StuckError
from chassis.simulation.sometimes import Reached
from chassis.simulation.world import World

Scenario = Callable[[World], Coroutine[Any, Any, None]]
"""What happens in a world; raises ViolationError when an invariant is broken at its end."""

TAIL_SHOWN = 60
REACHED_SEEDS = 200
"""From so many seeds on every expected state must have been reached."""
SEEDS_AT_ONCE = 4
"""Seeds that one worker process takes at a time."""


class ViolationError(AssertionError):
    """An invariant does not hold."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one world. `violation` is None if everything held."""

    seed: int
    violation: str | None
    digest: str
    steps: int
    virtual_seconds: float
    reached: dict[str, int]
    tail: tuple[str, ...]


CPU_LIMIT_SECONDS = 60.0
"""Of real time on the processor for one world; more means that a callback never gives way."""


class HungError(KeyboardInterrupt):
    """A callback spins without ever giving way. No `except Exception` may swallow that."""


@contextmanager
def _cpu_limit() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hung(_signal: int, frame: FrameType | None) -> None:
        names = [each.name for each in traceback.extract_stack(frame, limit=8)]
        raise HungError(f"gives no way: {' > '.join(names)}")

    before = signal.signal(signal.SIGVTALRM, hung)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_LIMIT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def play(scenario: Scenario, seed: int, *, whole_trace: bool = False) -> Report:
    """Play one world to its end."""
    # The collector runs when so many objects were made, which is not the same in every process.
    collecting = gc.isenabled()
    gc.disable()
    if not gc.get_freeze_count():
        # What is there before the first world stays; later collections need not look at it.
        gc.collect()
        gc.freeze()
    try:
        with World(seed, whole_trace=whole_trace) as world:
            violation = _violation(world, scenario)
            report = Report(
                seed,
                violation,
                world.trace.digest(),
                world.loop.steps,
                world.loop.time(),
                world.sometimes.counts,
                tuple(world.trace.lines),
            )
    finally:
        if collecting:
            gc.enable()
            gc.collect()
    return report


def _violation(world: World, scenario: Scenario) -> str | None:
    try:
        with _cpu_limit():
            world.run(scenario(world))
    except (ViolationError, StuckError, HungError) as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:
        world.trace.add("error", repr(error))
        return f"the scenario itself failed: {error!r}"
    if world.loop.unhandled:
        return "nobody handled: " + "; ".join(world.loop.unhandled)
    return None


def play_all(scenario: Scenario, seeds: Iterable[int], jobs: int = 1) -> Iterator[Report]:
    """Play worlds, in several processes if asked for; reports come in the order of the seeds."""
    if jobs <= 1:
        for seed in seeds:
            yield play(scenario, seed)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        yield from pool.map(_Player(scenario), seeds, chunksize=SEEDS_AT_ONCE)


@dataclass(frozen=True)
class _Player:
    scenario: Scenario

    def __call__(self, seed: int) -> Report:
        return play(self.scenario, seed)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of world: what happens in it, and which dangerous states 200 of them must reach."""

    scenario: Scenario
    expected: tuple[str, ...] = ()


def main(kinds: Mapping[str, Kind], command: str, arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns 0 if every invariant held in every world and every expected state
    was reached (asked of 200 seeds or more). The first kind is played unless another is named."""
    asked = _parser(kinds, command).parse_args(arguments)
    command = f"{command} --world {asked.world}"
    console = Console()
    kind = kinds[asked.world]
    if asked.seed is None:
        return _play_range(console, kind, _range(asked), asked.jobs, command)
    report = play(kind.scenario, asked.seed, whole_trace=asked.trace)
    if asked.trace:
        for line in report.tail:
            sys.stdout.write(line + "\n")
    _show(console, report)
    if report.violation is not None:
        _explain(console, report, command, shown=0 if asked.trace else TAIL_SHOWN)
    return int(report.violation is not None)


def _parser(kinds: Mapping[str, Kind], command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=command, description="Plays simulated worlds.")
    parser.add_argument("--world", choices=list(kinds), default=next(iter(kinds)))
    parser.add_argument("--seeds", default="200", help="how many, or a range such as 4711-4720")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one only")
    parser.add_argument("--trace", action="store_true", help="with --seed: print all that happens")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser


def _range(asked: argparse.Namespace) -> range:
    first, dash, last = asked.seeds.partition("-")
    if dash:
        return range(int(first), int(last) + 1)
    return range(asked.first, asked.first + int(first))


def _play_range(console: Console, kind: Kind, seeds: range, jobs: int, command: str) -> int:
    reached = Reached(kind.expected)
    failed: list[Report] = []
    started = time.perf_counter()
    with _progress(console) as progress:
        task = progress.add_task("seeds", total=len(seeds), failed=0)
        for report in play_all(kind.scenario, seeds, jobs):
            reached.add(report.reached)
            if report.violation is not None:
                failed.append(report)
                _explain(console, report, command, shown=TAIL_SHOWN if len(failed) == 1 else 0)
            progress.update(task, advance=1, failed=len(failed))
    seconds = time.perf_counter() - started
    for name, worlds in reached.worlds.items():
        console.print(f"{worlds:6} worlds: {name}", highlight=False)
    missing = reached.missing() if len(seeds) >= REACHED_SEEDS else []
    for name in missing:
        console.print(f"never reached: {name}", highlight=False)
    console.print(
        f"{len(seeds) - len(failed)} passed, {len(failed)} failed; seeds {seeds[0]}-{seeds[-1]}, "
        f"{len(seeds) / seconds * 60:.0f} a minute",
        highlight=False,
    )
    return int(bool(failed or missing))


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TimeRemainingColumn(),
        console=console,
    )


def _show(console: Console, report: Report) -> None:
    console.print(
        f"seed {report.seed}: {report.violation or 'every invariant held'}; trace {report.digest}, "
        f"{report.steps} steps, {report.virtual_seconds:.1f} virtual seconds",
        highlight=False,
    )


def _explain(console: Console, report: Report, command: str, *, shown: int) -> None:
    for line in report.tail[-shown:] if shown else ():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(f"seed {report.seed}: {report.violation}", highlight=False, markup=False)
    again = shlex.join([*command.split(), "--seed", str(report.seed), "--trace"])
    console.print(f"reproduce: {again}", highlight=False, markup=False)
