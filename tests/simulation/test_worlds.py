"""Nothing that may happen breaks what must hold, and the dangerous things do happen.

More of them: `make simulate SEEDS=1000`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chassis.simulation.runner import Report, play
from chassis.simulation.sometimes import Reached
from tests.simulation import six_world, small_world
from tests.simulation.worlds import KINDS

ROOT = Path(__file__).resolve().parents[2]
SEEDS_OF_SIX = 200
SEEDS_OF_SMALL = 100
SEEDS_A_TEST = 10
SEEDS_TO_REACH_ALL = 200
SUBPROCESS_SECONDS = 250


def _told(report: Report, world: str) -> str:
    again = f"python -m tests.simulation --world {world} --seed {report.seed} --trace"
    return "\n".join([*report.tail[-40:], f"{report.violation}", f"reproduce: {again}"])


@pytest.mark.parametrize("first", range(1, SEEDS_OF_SIX + 1, SEEDS_A_TEST))
@pytest.mark.timeout(300)
def test_six_services(first: int) -> None:
    for seed in range(first, first + SEEDS_A_TEST):
        report = play(six_world.scenario, seed)
        assert report.violation is None, _told(report, "six")


@pytest.mark.parametrize("first", range(1, SEEDS_OF_SMALL + 1, SEEDS_A_TEST))
@pytest.mark.timeout(300)
def test_two_small_services(first: int) -> None:
    for seed in range(first, first + SEEDS_A_TEST):
        report = play(small_world.scenario, seed)
        assert report.violation is None, _told(report, "small")


@pytest.mark.parametrize("world", KINDS)
@pytest.mark.timeout(600)
def test_the_dangerous_states_are_reached(world: str) -> None:
    kind = KINDS[world]
    reached = Reached(kind.expected)
    for seed in range(1_001, 1_001 + SEEDS_TO_REACH_ALL):
        reached.add(play(kind.scenario, seed).reached)
        if not reached.missing():
            return
    pytest.fail(f"never reached: {reached.missing()}")


@pytest.mark.parametrize("world", KINDS)
@pytest.mark.timeout(400)
def test_a_seed_gives_the_same_trace_whatever_the_hash_seed(world: str) -> None:
    told = {_played(world, hash_seed) for hash_seed in ("0", "1", "4711")}
    assert len(told) == 1
    assert "every invariant held" in next(iter(told))


def _played(world: str, hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.simulation", "--world", world, "--seed", "3"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SUBPROCESS_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_was_played_before_changes_nothing() -> None:
    first = play(small_world.scenario, 5)
    play(small_world.scenario, 6)
    assert play(small_world.scenario, 5).digest == first.digest
