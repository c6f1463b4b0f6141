"""A running accounts service on a store of its own, and a caller at its door."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.risk.v1 import risk_service_pb2 as risk
from cards.risk.v1 import screening_service_pb2 as screening
from cards.type.v1.money_pb2 import Money
from google.protobuf.message_factory import GetMessageClass

from chassis.call import Principal, current, current_or_none, entered
from chassis.kernel.errors import Error, Refused
from chassis.testing.harness import TestNode, call, running
from services.accounts.app import SERVICE
from services.accounts.tests.network import World, opened_to_networks

OPERATOR = Principal("operator:olga", "operator", ("operator",))
GROCER = events_pb2.Merchant(id="M-1", name="Green Grocer", mcc="5411", country="GB")


def gbp(amount: float) -> Money:
    """An amount in GBP, from pounds."""
    return Money(minor_units=round(amount * 100), currency_code="GBP")


@dataclass
class RiskStub:
    """What risk says in line: a verdict, or nothing because it is slow or away. `listed` has the
    names that it finds, each with the purpose of the list; no list is in force while it is None."""

    verdict: risk.Verdict.ValueType = risk.VERDICT_ALLOW
    failure: Error | None = None
    asked: list[risk.AssessChargeRequest] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)
    person_tokens: list[str] = field(default_factory=list)
    listed: dict[str, screening.ScreeningListPurpose.ValueType] | None = None
    screened: list[screening.ScreenNameRequest] = field(default_factory=list)
    told: dict[str, screening.ScreenNameResponse] = field(default_factory=dict)

    async def ScreenName(
        self, request: screening.ScreenNameRequest, timeout: float
    ) -> screening.ScreenNameResponse:
        """As risk does it: once for each id, and then the same for ever."""
        self.screened.append(request)
        self.timeouts.append(timeout)
        self.person_tokens.append(current().person_token if current_or_none() else "")
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        before = [each for each in self.screened if each.screening_id == request.screening_id]
        if any(
            (each.name, each.date_of_birth) != (request.name, request.date_of_birth)
            for each in before
        ):
            raise Refused("SCREENED_DIFFERENTLY", "a screening of this id was about somebody else")
        if request.screening_id not in self.told:
            if self.listed is None:
                raise Refused("NO_ACTIVE_LIST", "no list of sanctions is in force")
            self.told[request.screening_id] = self._found(request, self.listed)
        return self.told[request.screening_id]

    def _found(
        self, request: screening.ScreenNameRequest, listed: Mapping[str, Any]
    ) -> screening.ScreenNameResponse:
        purpose = listed.get(request.name, screening.SCREENING_LIST_PURPOSE_UNSPECIFIED)
        hit = bool(purpose)
        return screening.ScreenNameResponse(
            screening=screening.Screening(
                screening_id=request.screening_id,
                subject_id=request.subject_id,
                outcome=screening.SCREENING_OUTCOME_HIT
                if hit
                else screening.SCREENING_OUTCOME_CLEAR,
                matches=[screening.ScreeningMatch(purpose=purpose)] if hit else [],
            )
        )

    async def AssessCharge(
        self, request: risk.AssessChargeRequest, timeout: float
    ) -> risk.AssessChargeResponse:
        self.asked.append(request)
        self.timeouts.append(timeout)
        self.person_tokens.append(current().person_token)
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return risk.AssessChargeResponse(verdict=self.verdict, assessment_id="a" * 32)


Methods = Mapping[str, tuple[Callable[[Any, Any], Awaitable[Any]], Callable[..., Any]]]


def methods_of(node: TestNode) -> Methods:
    """The rpcs of all proto services of accounts by name, each with the type of its request."""
    return {
        method.name: (getattr(servicer, method.name), GetMessageClass(method.input_type))
        for _, servicer, described in SERVICE.rpcs(node.ports)
        for method in described.methods
    }


@dataclass
class Door:
    """Calls the rpcs of a running service as somebody, with a new key each time. `methods` has
    the rpcs of all its proto services by name, each with the type of its request."""

    node: TestNode
    methods: Methods
    risk: RiskStub
    _keys: Any = field(default_factory=lambda: count(1))

    async def __call__(
        self,
        name: str,
        request: Any = None,
        *,
        as_: Principal = OPERATOR,
        key: str = "",
        **fields: Any,
    ) -> Any:
        """Call one rpc with a request, or with the fields of one."""
        method, kind = self.methods[name]
        request = request or kind(**fields)
        key = key or f"key-{next(self._keys)}"
        made = call(f"accounts.{name}", key, principal=as_)
        made.person_token = "a token of the caller"
        with entered(made):
            return await method(request, None)

    def wait_for(self, day: str) -> None:
        """It is noon of a day, or later already."""
        noon, clock = datetime.combine(date.fromisoformat(day), time(12), UTC), self.node.clock
        clock.advance(max(noon - clock.now(), timedelta(0)))

    async def define(self, **changes: Any) -> None:
        """The everyday programme, in GBP."""
        fields: dict[str, Any] = {
            "programme_id": "everyday",
            "name": "Everyday",
            "currency": "GBP",
            "bin": "500012",
            "default_limit": gbp(1000),
        }
        await self("DefineProgramme", programme=pb.Programme(**{**fields, **changes}))

    async def open(self, **changes: Any) -> Any:
        """A programme, a customer, and an account with its first card."""
        await self.define(**changes)
        customer = await self(
            "RegisterCustomer",
            details=pb.PersonalDetails(
                given_name="Ada",
                family_name="Canary",
                email="ada.canary@example.com",
                phone="+441632960961",
                date_of_birth="1990-12-10",
                address=pb.Address(
                    lines=["1 Canary Street", "Flat 2"],
                    city="Birmingham",
                    postal_code="B1 1BB",
                    country="GB",
                ),
                locale="zh-CN",
            ),
        )
        opened = await self(
            "OpenAccount", customer_id=customer.customer_id, programme_id="everyday"
        )
        return opened.account

    async def charge(self, account: Any, amount: float, **changes: Any) -> Any:
        """Authorise on the first card."""
        fields: dict[str, Any] = {
            "card_id": account.cards[0].card_id,
            "amount": gbp(amount),
            "merchant": GROCER,
            "entry_mode": pb.ENTRY_MODE_CHIP,
        }
        return await self("AuthoriseCharge", **{**fields, **changes})


@asynccontextmanager
async def opened(folder: Path, url: str = "") -> AsyncIterator[Door]:
    """The rpcs of a running accounts service, on SQLite or on the database at `url`."""
    stub = RiskStub()
    async with running(SERVICE, folder, stubs={"risk": stub}, url=url) as node:
        yield Door(node, methods_of(node), stub)


@pytest.fixture
async def network(door: Door) -> AsyncIterator[World]:
    """A card network on a line to the service, with a card to charge."""
    async with opened_to_networks(door) as world:
        yield world


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """The rpcs of a running accounts service."""
    async with opened(tmp_path) as door:
        yield door
