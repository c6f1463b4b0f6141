"""The scenario of the six services, and what must be true of all of them when all is mended."""

import asyncio
from collections.abc import Iterator, Sequence

from chassis.simulation.calls import SimulatedRpc
from chassis.simulation.cluster import Cluster
from chassis.simulation.faults import strike
from chassis.simulation.healing import heal
from chassis.simulation.invariants import Stored, broken_chassis, log_of
from chassis.simulation.services import Layout, patience, processes
from chassis.simulation.world import World
from tests.simulation.shoppers import LIMIT_MINOR, Caller, Charged
from tests.simulation.six_services import HOSTED, SERVICES
from tests.simulation.small_world import EXPECTED as EXPECTED_OF_SMALL

ONLY_SMALL = (
    "a message without policy was noted",
    "a parked message was redriven",
    "a stand-in decision was used",
)
FAMILIES = 2
PEOPLE_IN_A_FAMILY = 2
ROUGH_SECONDS = 40.0
LOSS_CHANCE = 0.4
LOSS_SECONDS = 20.0
EXPECTED = (
    *(each for each in EXPECTED_OF_SMALL if each not in ONLY_SMALL),
    "a charge was decided without risk",
    "a charge was declined",
    "a lost card opened a case",
)
LAYOUTS = (*[Layout.ONE] * 5, Layout.SERVE_AND_WORK, Layout.TWO_WORKERS)


async def scenario(world: World) -> None:
    """People shop while things go wrong; then everything is mended, and all must be right."""
    layout = world.random("layout").choice(LAYOUTS)
    hosts = {name: processes(hosted, layout) for name, hosted in HOSTED.items()}
    with patience(), Cluster(world, hosts) as cluster:
        cluster.start()
        callers = [
            Caller(name, world, SimulatedRpc(cluster.network, name))
            for name in (f"holder-{number}" for number in range(FAMILIES * PEOPLE_IN_A_FAMILY))
        ]
        faults = world.spawn(None, strike(cluster))
        families = [
            world.spawn(None, _live(callers[first : first + PEOPLE_IN_A_FAMILY]))
            for first in range(0, len(callers), PEOPLE_IN_A_FAMILY)
        ]
        await asyncio.wait(families, timeout=ROUGH_SECONDS)
        faults.cancel()
        cluster.calm()
        await asyncio.gather(*families)
        charged = [each for caller in callers for each in caller.charged]
        await heal(cluster, lambda: broken(cluster, charged))
        log = log_of(cluster, "accounts")
        world.sometimes("a charge was decided without risk", any(map(_is_stand_in, log)))
        world.sometimes("a charge was declined", any(not each.approved for each in charged))
        world.sometimes("a lost card opened a case", bool(log_of(cluster, "support")))


def _is_stand_in(each: Stored) -> bool:
    return bool(each.fields.get("stand_in"))


async def _live(family: Sequence[Caller]) -> None:
    """One account, whose card several people use at once; sometimes the card is lost."""
    first = family[0]
    account = await first.open_account()
    card_id = account.cards[0].card_id
    shopping = [each.shop(account, card_id) for each in family]
    if first.random.random() < LOSS_CHANCE:
        shopping.append(_lose(first, card_id))
    await asyncio.gather(*shopping)


async def _lose(holder: Caller, card_id: str) -> None:
    await asyncio.sleep(holder.random.random() * LOSS_SECONDS)
    await holder.report_lost(card_id)


def broken(cluster: Cluster, charged: Sequence[Charged]) -> list[str]:
    """Everything that is not as it should be."""
    if found := broken_chassis(cluster, SERVICES):
        return found
    accounts = log_of(cluster, "accounts")
    return [
        *_broken_answers(accounts, charged),
        *_broken_limits(accounts),
        *_broken_books(cluster, accounts),
        *_broken_points(cluster, accounts),
        *_broken_notices(cluster),
        *_broken_cases(cluster, accounts),
    ]


def _broken_answers(log: list[Stored], charged: Sequence[Charged]) -> Iterator[str]:
    """Every charge that somebody was told of was decided once, as and where they were told."""
    decided: dict[str, list[tuple[int, bool]]] = {}
    for each in log:
        if each.kind in ("ChargeAuthorised", "ChargeDeclined"):
            effect = (each.position, each.kind == "ChargeAuthorised")
            decided.setdefault(each.fields["charge_id"], []).append(effect)
    for told in charged:
        found = decided.pop(told.charge_id, [])
        if found != [(told.position, told.approved)]:
            yield f"charge {told.charge_id} was told {told.position}, the log has {found}"
    if decided:
        yield f"charges that nobody asked for: {decided}"


def _broken_limits(log: list[Stored]) -> Iterator[str]:
    """What is held and owed never exceeded the limit when a charge was approved, and nothing was
    posted, taken back or refunded twice."""
    used: dict[str, int] = {}
    once: set[tuple[str, str]] = set()
    for each in log:
        fields = each.fields
        account = fields.get("account_id", "")
        match each.kind:
            case "ChargeAuthorised":
                used[account] = used.get(account, 0) + fields["held"]["minor_units"]
                if used[account] > LIMIT_MINOR:
                    yield f"{account} uses {used[account]} of {LIMIT_MINOR}"
            case "ChargeCleared":
                by = fields["amount"]["minor_units"] - fields["released"]["minor_units"]
                used[account] = used.get(account, 0) + by
            case "ChargeReversed" | "HoldExpired":
                used[account] = used.get(account, 0) - fields["released"]["minor_units"]
            case "ChargeRefunded":
                used[account] = used.get(account, 0) - fields["amount"]["minor_units"]
        if each.kind in ("ChargeCleared", "ChargeReversed", "ChargeRefunded"):
            if (each.kind, fields["charge_id"]) in once:
                yield f"{each.kind} twice for {fields['charge_id']}"
            once.add((each.kind, fields["charge_id"]))


def _broken_books(cluster: Cluster, log: list[Stored]) -> Iterator[str]:
    """The trial balance is zero, and what the ledger says is owed is what was posted."""
    disk = cluster.nodes["accounts"].disk
    for position, total in disk.rows(
        "SELECT position, SUM(amount_minor) FROM ledger_entries GROUP BY position"
    ):
        if total:
            yield f"the postings at {position} do not balance: {total}"
    owed: dict[str, int] = {}
    for each in log:
        sign = {"ChargeCleared": 1, "ChargeRefunded": -1}.get(each.kind, 0)
        if sign:
            account = each.fields["account_id"]
            owed[account] = owed.get(account, 0) + sign * each.fields["amount"]["minor_units"]
    for account, ledger, decided in disk.rows(
        "SELECT account_id, ledger_minor, decided_minor FROM account_balances"
    ):
        if not ledger == decided == owed.get(account, 0):
            yield f"{account} owes {owed.get(account, 0)}, ledger {ledger}, decided {decided}"
        owed.pop(account, None)
    if any(owed.values()):
        yield f"balances are missing: {owed}"


def _broken_points(cluster: Cluster, log: list[Stored]) -> Iterator[str]:
    """Every clearing earned points once, or was said to earn none; every refund took some back."""
    loyalty = log_of(cluster, "loyalty")
    cleared = sorted(each.fields["clearing_id"] for each in log if each.kind == "ChargeCleared")
    earned = sorted(
        each.fields["clearing_id"]
        for each in loyalty
        if each.kind in ("PointsEarned", "AwardWithheld")
    )
    if cleared != earned:
        yield f"points for {earned}, cleared were {cleared}"
    refunded = sorted(each.fields["refund_id"] for each in log if each.kind == "ChargeRefunded")
    taken = sorted(each.fields["refund_id"] for each in loyalty if each.kind == "PointsTakenBack")
    if refunded != taken:
        yield f"points taken back for {taken}, refunded were {refunded}"


def _broken_notices(cluster: Cluster) -> Iterator[str]:
    """Nobody is told of one thing twice."""
    told = [
        each.fields["event_id"]
        for each in log_of(cluster, "notify")
        if each.kind == "NoticeDecided"
    ]
    if len(set(told)) != len(told):
        yield f"notices twice: {sorted({each for each in told if told.count(each) > 1})}"


def _broken_cases(cluster: Cluster, log: list[Stored]) -> Iterator[str]:
    """A lost card has one case."""
    lost = sum(each.kind == "CardReportedLost" for each in log)
    opened = sum(each.kind == "CaseOpened" for each in log_of(cluster, "support"))
    if lost != opened:
        yield f"{opened} cases for {lost} lost cards"
