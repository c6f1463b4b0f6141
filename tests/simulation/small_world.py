"""The scenario of the two small services, and what must be true when all is mended."""

import asyncio
from collections.abc import Iterator, Sequence

from chassis.simulation.calls import SimulatedRpc
from chassis.simulation.cluster import Cluster
from chassis.simulation.faults import strike
from chassis.simulation.healing import heal
from chassis.simulation.invariants import broken_chassis, log_of
from chassis.simulation.services import Layout, patience, processes
from chassis.simulation.world import World
from tests.simulation.clients import EXPLAINING_SECONDS, LIMIT_MINOR, Client, Spent
from tests.simulation.two_services import SERVICES, hosted

LAYOUTS = (Layout.ONE, Layout.ONE, Layout.SERVE_AND_WORK, Layout.TWO_WORKERS)
CLIENTS = 4
ROUGH_SECONDS = 45.0
ARRIVAL_SECONDS = 8.0
EXPECTED = (
    "a batch of more than one command",
    "a batch of more than one message",
    "a caller's deadline passed",
    "a commit failed and did not take place",
    "a commit took place and was said to have failed",
    "a machine died between a commit and its answer",
    "a message was delivered again",
    "a message without policy was noted",
    "a parked message was redriven",
    "a publish was fenced off by the expected sequence",
    "a request was lost",
    "a retry was answered",
    "a stand-in decision was used",
    "an acknowledgement was lost",
    "an answer of the bus was lost",
    "an answer was lost",
    "the bus lost a consumer's place",
    "the bus lost acknowledged messages in a crash",
    "the bus was wiped",
)
"""The dangerous states: a range of seeds that does not reach them all proves little."""


async def scenario(world: World) -> None:
    """Clients spend while things go wrong; then everything is mended, and all must be right."""
    await play(world, Client)


async def play(world: World, client: type[Client]) -> None:
    """The scenario with such clients."""
    layout = world.random("layout").choice(LAYOUTS)
    hosts = {each.name: processes(hosted(each), layout) for each in SERVICES}
    with patience(), Cluster(world, hosts) as cluster:
        cluster.start()
        clients = [
            client(name, world, SimulatedRpc(cluster.network, name))
            for name in (f"client-{number}" for number in range(CLIENTS))
        ]
        operator = client("operator", world, SimulatedRpc(cluster.network, "operator"))
        faults = world.spawn(None, strike(cluster))
        spending = [world.spawn(None, each.spend()) for each in clients]
        explaining = world.spawn(None, _explain_some_time(world, operator))
        await asyncio.wait(spending, timeout=ROUGH_SECONDS)
        faults.cancel()
        cluster.calm()
        await asyncio.gather(*spending, explaining)
        await asyncio.sleep(ARRIVAL_SECONDS)
        # What was refused just before it was explained waits for somebody to look again.
        await client("operator-again", world, SimulatedRpc(cluster.network, "operator")).explain()
        spent = [each for one in clients for each in one.spent]
        await heal(cluster, lambda: broken(cluster, spent))
        _note_what_was_reached(cluster)


def _note_what_was_reached(cluster: Cluster) -> None:
    sometimes = cluster.world.sometimes
    spent = [each for each in log_of(cluster, "till") if each.kind == "AmountSpent"]
    stand_in = any(not each.fields["advised"] for each in spent)
    sometimes("a stand-in decision was used", stand_in)
    outcomes = cluster.nodes["points"].disk.rows("SELECT DISTINCT outcome FROM inbox")
    sometimes("a parked message was redriven", ("redriven",) in outcomes)
    sometimes("a message without policy was noted", ("ignored",) in outcomes)


async def _explain_some_time(world: World, operator: Client) -> None:
    await asyncio.sleep(world.random("operator").random() * EXPLAINING_SECONDS)
    await operator.explain()


def broken(cluster: Cluster, spent: Sequence[Spent]) -> list[str]:
    """Everything that is not as it should be."""
    return [
        *broken_chassis(cluster, SERVICES),
        *_broken_answers(cluster, spent),
        *_broken_limits(cluster),
        *_broken_awards(cluster),
        *_broken_timers(cluster),
    ]


def _broken_answers(cluster: Cluster, spent: Sequence[Spent]) -> Iterator[str]:
    """What a client was told is in the log, once, where the answer says."""
    effects: dict[str, list[tuple[int, bool]]] = {}
    totals: dict[int, int] = {}
    running: dict[str, int] = {}
    for each in log_of(cluster, "till"):
        if each.kind in ("AmountSpent", "SpendingRefused"):
            account = each.fields["account_id"]
            running[account] = running.get(account, 0) + each.fields.get("amount_minor", 0)
            totals[each.position] = running[account]
            effect = (each.position, each.kind == "AmountSpent")
            effects.setdefault(each.fields["note"], []).append(effect)
    for each_spent in spent:
        found = effects.pop(each_spent.note, [])
        answer = each_spent.answer
        if found != [(answer.position, answer.approved)]:
            yield f"{each_spent.note} was told {answer.position}, the log has {found}"
        elif answer.spent_minor != totals[answer.position]:
            yield f"{each_spent.note} was told of {answer.spent_minor} spent, it is not so"
    for note in effects:
        yield f"{note} has effects that nobody asked for"


def _broken_limits(cluster: Cluster) -> Iterator[str]:
    """No limit is exceeded."""
    running: dict[str, int] = {}
    for each in log_of(cluster, "till"):
        if each.kind == "AmountSpent":
            account = each.fields["account_id"]
            running[account] = running.get(account, 0) + each.fields["amount_minor"]
            if running[account] > LIMIT_MINOR:
                yield f"{account} spent {running[account]} of {LIMIT_MINOR}"


def _broken_awards(cluster: Cluster) -> Iterator[str]:
    """What points did equals the replay of what till said, account by account, in order."""
    said: dict[str, list[tuple[str, int, int]]] = {}
    for each in log_of(cluster, "till"):
        if each.kind == "AmountSpent":
            entry = (each.fields["note"], each.fields["amount_minor"], each.position)
            said.setdefault(each.fields["account_id"], []).append(entry)
    done: dict[str, list[tuple[str, int, int]]] = {}
    for each in log_of(cluster, "points"):
        if each.kind == "PointsAwarded":
            fields = each.fields
            entry = (fields["note"], fields["points"], fields["till_position"])
            done.setdefault(fields["account_id"], []).append(entry)
            if fields["awards"] != len(done[fields["account_id"]]):
                yield f"award {entry} counts {fields['awards']}"
    if said != done:
        yield f"points awarded {done}, till said {said}"


def _broken_timers(cluster: Cluster) -> Iterator[str]:
    """Each timer led to its command once; one that was moved on, to the last it was set to."""
    for service, cause, effect in (
        ("till", "AmountSpent", "SpendingReviewed"),
        ("points", "PointsAwarded", "PointsExpired"),
    ):
        log = log_of(cluster, service)
        asked = [each.fields["note"] for each in log if each.kind == cause]
        carried_out = [each.fields["note"] for each in log if each.kind == effect]
        if sorted(asked) != sorted(carried_out):
            yield f"{service}: {effect} for {carried_out}, asked for {asked}"
    awards: dict[str, int] = {}
    statements: dict[str, list[int]] = {}
    for each in log_of(cluster, "points"):
        account = each.fields["account_id"]
        if each.kind == "PointsAwarded":
            awards[account] = each.fields["awards"]
        elif each.kind == "StatementIssued":
            statements.setdefault(account, []).append(each.fields["awards"])
    for account, last in awards.items():
        issued = statements.get(account, [])
        if not issued or issued[-1] != last or len(set(issued)) != len(issued):
            yield f"statements of {account} after {issued} awards, there are {last}"
