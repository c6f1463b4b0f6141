"""One node of risk on a real SQLite store, spoken to as its door and its subscribers would."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from cards.accounts.v1 import events_pb2 as accounts
from cards.risk.v1 import events_pb2 as public
from cards.risk.v1 import risk_service_pb2 as pb
from cards.type.v1.money_pb2 import Money
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import call
from chassis.crypto.keys import LocalKeys
from chassis.database import ThreadRunner, open_engine
from chassis.kernel import ids
from chassis.kernel.clock import FixedClock
from chassis.node import Node
from chassis.policies import About
from chassis.ports import RandomIds, World
from chassis.recorded import Meta
from chassis.work import Inbox, Work
from services.risk.app import build
from services.risk.config import RiskSettings
from services.risk.grpc_api import RiskApi, ScreeningApi

NOON = datetime(2019, 4, 11, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

REPLAYED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""When accounts recorded what happened: unless told, years later and all at once."""

NOBODY: Any = None
"""The servicer's context, which our door never asks."""


@dataclass
class Risk:
    """One node of risk, spoken to as its door and its subscribers would."""

    node: Node
    position: int = 0
    recorded_at: datetime = REPLAYED
    projected: dict[str, int] = field(default_factory=dict)

    @property
    def api(self) -> RiskApi:
        for _, servicer, _ in self.node.rpcs():
            if isinstance(servicer, RiskApi):
                return servicer
        raise LookupError("RiskApi")

    @property
    def screening(self) -> ScreeningApi:
        for _, servicer, _ in self.node.rpcs():
            if isinstance(servicer, ScreeningApi):
                return servicer
        raise LookupError("ScreeningApi")

    async def judges(self, asked: pb.AssessChargeRequest) -> pb.AssessChargeResponse:
        """What accounts is told in line, at the instant of `recorded_at`."""
        clock = self.node.ports.clock
        assert isinstance(clock, FixedClock)
        clock.advance(max(timedelta(0), self.recorded_at - clock.now()))
        return await self.api.AssessCharge(asked, NOBODY)

    async def hears(self, *messages: Message) -> None:
        """Messages of accounts, each taken in as one unit, and everything that follows."""
        for message in messages:
            self.position += 1
            await self._take_in(message, self.position)
        await self.settle()

    async def hears_again(self, message: Message, position: int) -> None:
        """A message that the bus brings a second time."""
        await self._take_in(message, position)
        await self.settle()

    async def _take_in(self, message: Message, position: int) -> None:
        about = About(
            "accounts", 1, position, f"event-{position}", "", position, self.recorded_at, ""
        )
        policies = [each for each in self.node.service.policies if each.on is type(message)]
        commands = tuple(command for each in policies for command in each.do(message, about))
        stream = f"credit_account-{message.account_id}"  # type: ignore[attr-defined]
        row = Inbox("accounts", 1, position, ids.partition(stream), "topic", stream)
        meta = Meta(NOON, "policy:test")
        await self.node.committer.submit(Work(commands=commands, meta=meta, inbox=(row,)))

    async def settle(self) -> None:
        """Bring the read models up to date."""
        for each in self.node.projectors:
            await each.catch_up(await each.position())

    async def scored_by(self) -> str:
        """The rule set that judged the last charge."""
        page = await self.api.ListScores(pb.ListScoresRequest(page_size=1), NOBODY)
        return page.scores[0].rule_set_version if page.scores else ""

    async def told(self) -> list[Message]:
        """What the others are told, in order."""
        found: list[Message] = []
        for recorded in await self.node.log.after(0, 5_000):
            if self.node.publishing.is_public(recorded):
                sent = self.node.publishing.message(recorded, 0)
                kind = getattr(public, type(recorded.fact).__name__)
                found.append(kind.FromString(sent.payload))
        return found


async def started(path: Path, url: str = "") -> Risk:
    """A node of its own on a new store: SQLite at a path, or the empty database at `url`."""
    world = World(
        clock=FixedClock(NOON),
        ids=RandomIds(),
        random=Random(1),
        engine=open_engine(url or f"sqlite:///{path}"),
        runner=ThreadRunner(),
        bus=None,
        rpc=None,  # type: ignore[arg-type]
        keys=LocalKeys(),
    )
    node = Node(build(), RiskSettings(), world)
    await node.migrate()
    return Risk(node)


@contextmanager
def asked_by(person: str, key: str, method: str) -> Iterator[None]:
    """As if this person had called, under this idempotency key."""
    principal = call.Principal(subject=person, kind="operator")
    asked = call.Call(
        method=f"risk.{method}",
        principal=principal,
        idempotency_key=key,
        request_hash=f"{method}{key}".encode(),
    )
    with call.entered(asked):
        yield


def authorised(number: int, after: timedelta = timedelta(0), **changes: Any) -> Message:
    """Accounts says: approved, 1.50 GBP on the web, each at a shop of its own."""
    at = Timestamp()
    at.FromDatetime(NOON + after)
    fields: dict[str, Any] = {
        "account_id": "account-1",
        "customer_id": "customer-1",
        "card_id": "card-1",
        "charge_id": f"charge-{number}",
        "amount": Money(minor_units=150, currency_code="GBP"),
        "merchant": accounts.Merchant(name=f"Shop {number}", mcc="5999", country="GB"),
        "entry_mode": "ECOMMERCE",
        "transaction_date": "2019-04-11",
        "transaction_at": at,
    }
    return accounts.ChargeAuthorised(**{**fields, **changes})


def burst(count: int = 6) -> list[Message]:
    """A minute apart."""
    return [authorised(number, number * MINUTE) for number in range(count)]


def question(number: int, after: timedelta, amount_minor: int = 150) -> pb.AssessChargeRequest:
    """What accounts asks about the charge of the same number."""
    at = Timestamp()
    at.FromDatetime(NOON + after)
    return pb.AssessChargeRequest(
        charge_id=f"charge-{number}",
        account_id="account-1",
        card_id="card-1",
        amount=Money(minor_units=amount_minor, currency_code="GBP"),
        merchant_name=f"Shop {number}",
        merchant_category_code="5999",
        merchant_country="GB",
        entry_mode="ECOMMERCE",
        transaction_at=at,
    )
