"""What must be true after a replay, shown through the public interface: nothing lost or twice."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.feed.v1 import feed_service_pb2 as feed
from cards.feed.v1 import intake_service_pb2 as intake
from cards.feed.v1.feed_service_pb2_grpc import FeedServiceStub
from cards.feed.v1.intake_service_pb2_grpc import IntakeServiceStub

from chassis.envelope import CAUSATION_ID, EVENT_ID, OCCURRED_AT, TYPE
from client.session import Session
from demo.replay import Outcome
from demo.rows import Row
from demo.system import SERVICES

FEED_PAGE = 10_000
CALM_SECONDS = 1.0
CALM_LIMIT_SECONDS = 600.0
PAGE_SIZE = 200
LOOK_SECONDS = 25.0
CLEARED = "cards.accounts.v1.ChargeCleared"
EARNED = "cards.loyalty.v1.PointsEarned"


@dataclass
class Facts:
    """Every public fact of a system: how many of each, and how long reactions took."""

    by_type: Counter[str] = field(default_factory=Counter)
    by_service: Counter[str] = field(default_factory=Counter)
    reaction_seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Check:
    """Something that must hold. `shown` says by which figures."""

    what: str
    holds: bool
    shown: str


class Witness:
    """Looks at a system from outside, as an operator may."""

    def __init__(self, operator: Session) -> None:
        self._operator = operator

    def _feed(self, service: str) -> Any:
        return self._operator.stub(FeedServiceStub, service, LOOK_SECONDS)

    async def heads(self) -> dict[str, Any]:
        """Where every log stands."""
        return {name: await self._feed(name).GetHead(feed.GetHeadRequest()) for name in SERVICES}

    async def intakes(self) -> dict[str, dict[str, Any]]:
        """Per service and source what was taken in."""
        found = {}
        for name in SERVICES:
            stub = self._operator.stub(IntakeServiceStub, name, LOOK_SECONDS)
            answer = await stub.GetIntake(intake.GetIntakeRequest())
            found[name] = {each.source: each for each in answer.sources}
        return found

    async def calm(self) -> bool:
        """Wait until every reaction has arrived: all logs stand still, and everybody has taken in
        the last public fact of every partition. False when that does not happen in ten minutes."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CALM_LIMIT_SECONDS
        before: dict[str, int] = {}
        while loop.time() < deadline:
            heads = await self.heads()
            now = {name: head.position for name, head in heads.items()}
            if now == before and _all_taken_in(heads, await self.intakes()):
                return True
            before = now
            await asyncio.sleep(CALM_SECONDS)
        return False

    async def facts(self) -> Facts:
        """Read every public fact, of every service, from its feed."""
        facts = Facts()
        cleared: dict[str, datetime] = {}
        for name in ("accounts", *(each for each in SERVICES if each != "accounts")):
            position = 0
            while True:
                page = 0
                request = feed.FeedRequest(after_position=position, limit=FEED_PAGE)
                async for each in self._feed(name).Feed(request):
                    position, page = each.position, page + 1
                    kind = each.headers[TYPE]
                    facts.by_type[kind] += 1
                    facts.by_service[name] += 1
                    _time(kind, each.headers, cleared, facts)
                if page < FEED_PAGE:
                    break
        return facts

    async def trial_balance(self) -> Any:
        """The ledger's totals."""
        stub = self._operator.stub(AccountsServiceStub, "accounts", LOOK_SECONDS)
        return await stub.GetTrialBalance(pb.GetTrialBalanceRequest())

    async def balances(self) -> dict[str, int]:
        """What every account owes, in minor units."""
        stub = self._operator.stub(AccountsServiceStub, "accounts", LOOK_SECONDS)
        found: dict[str, int] = {}
        token = ""
        while True:
            answer = await stub.GetBalances(
                pb.GetBalancesRequest(page_size=PAGE_SIZE, page_token=token)
            )
            found.update({each.account_id: each.balance.minor_units for each in answer.balances})
            token = answer.next_page_token
            if not token:
                return found


def _all_taken_in(heads: dict[str, Any], intakes: dict[str, dict[str, Any]]) -> bool:
    return all(
        taken.last_positions.get(partition, 0) >= position
        for sources in intakes.values()
        for source, taken in sources.items()
        for partition, position in heads[source].last_public_positions.items()
    )


def _time(kind: str, headers: Any, cleared: dict[str, datetime], facts: Facts) -> None:
    if kind == CLEARED:
        cleared[headers[EVENT_ID]] = datetime.fromisoformat(headers[OCCURRED_AT])
    elif kind == EARNED:
        cause = cleared.get(headers.get(CAUSATION_ID, ""))
        if cause is not None:
            lasted = datetime.fromisoformat(headers[OCCURRED_AT]) - cause
            facts.reaction_seconds.append(lasted.total_seconds())


async def checks_of_system(witness: Witness) -> list[Check]:
    """What must hold of any system that has come to rest."""
    facts, intakes = await witness.facts(), await witness.intakes()
    return [
        *_exactly_once(facts, intakes),
        *_ledger(await witness.trial_balance(), await witness.balances()),
    ]


async def checks(witness: Witness, rows: Sequence[Row], done: Outcome) -> list[Check]:
    """Everything that must hold now."""
    return [
        _rows_accounted_for(rows, done),
        *await checks_of_system(witness),
        _owed(rows, done, await witness.balances()),
        Check(
            "the burst of card testing got the card blocked",
            done.burst_blocked_after_seconds is not None,
            json.dumps(dict(done.burst)),
        ),
    ]


def _rows_accounted_for(rows: Sequence[Row], done: Outcome) -> Check:
    purchases = [row for row in rows if not row.refund]
    refunds = len(rows) - len(purchases)
    settled = (
        len(done.authorised) + len(done.declined) == len(purchases)
        and done.cleared == done.authorised
        and len(done.refunded) == refunds
    )
    shown = (
        f"{len(rows):,} rows = {len(done.cleared):,} authorised and cleared"
        f" + {len(done.declined):,} declined with a reason + {len(done.refunded):,} refunded"
    )
    return Check("every row is accounted for", settled, shown)


def _exactly_once(facts: Facts, intakes: dict[str, dict[str, Any]]) -> list[Check]:
    found = []
    for service, sources in intakes.items():
        for source, taken in sources.items():
            published = facts.by_service[source]
            found.append(
                Check(
                    f"{service} took in every public fact of {source} exactly once",
                    taken.messages == published and taken.parked == 0,
                    f"{taken.messages:,} of {published:,}, {taken.parked} parked",
                )
            )
    return found


def _ledger(trial: Any, balances: dict[str, int]) -> list[Check]:
    totals = {each.total.currency_code: each.total.minor_units for each in trial.totals}
    receivable = sum(each.total.minor_units for each in trial.receivable_by_account)
    owed = sum(balances.values())
    return [
        Check(
            "the trial balance is zero in every currency",
            all(total == 0 for total in totals.values()) and trial.entries > 0,
            f"{totals}, {trial.entries:,} entries",
        ),
        Check(
            "ledger = customer balances",
            receivable == owed,
            f"{receivable / 100:,.2f} = {owed / 100:,.2f}",
        ),
    ]


def _owed(rows: Sequence[Row], done: Outcome, balances: dict[str, int]) -> Check:
    expected = sum(
        -row.amount_minor if row.refund else row.amount_minor
        for row in rows
        if row.id in done.cleared or row.id in done.refunded
    )
    ours = {holder.account_id for holder in done.holders.values()}
    owed = sum(amount for account, amount in balances.items() if account in ours)
    return Check(
        "customer balances = accepted rows",
        owed == expected,
        f"{owed / 100:,.2f} = {expected / 100:,.2f}",
    )
