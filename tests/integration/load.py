"""A steady load of purchases by clients that insist, and the memory of what was acknowledged."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.type.v1 import money_pb2

from chassis.kernel import ids
from chassis.kernel.errors import Conflict, Exhausted, Unavailable
from client.session import Session

HOLDERS = 8
LIMIT_MINOR = 10**9
INSIST_SECONDS = 180.0
PAUSE_SECONDS = 0.2
STEP_PAUSE_SECONDS = 0.02


def pounds(minor_units: int) -> money_pb2.Money:
    """An amount in the programme's currency."""
    return money_pb2.Money(minor_units=minor_units, currency_code="GBP")


@dataclass
class Acknowledged:
    """What was promised: per account the amounts that were posted, by charge."""

    posted: dict[str, dict[str, int]] = field(default_factory=dict)
    retries: int = 0

    @property
    def total_minor(self) -> int:
        return sum(sum(charges.values()) for charges in self.posted.values())


class Load:
    """Holders who buy and pay at the same time, each one thing after another."""

    def __init__(self, operator: Session, gateway: Session) -> None:
        self._operator = operator.stub(AccountsServiceStub, "accounts", 5.0)
        self._gateway = gateway.stub(AccountsServiceStub, "accounts", 5.0)
        self.done = Acknowledged()
        self._cards: dict[str, str] = {}
        self._stopping = asyncio.Event()

    async def open(self) -> None:
        """A programme, and an account with a card for each holder."""
        programme = pb.Programme(
            programme_id="load",
            name="Load",
            currency="GBP",
            bin="400012",
            default_limit=pounds(LIMIT_MINOR),
            assessment_threshold=pounds(LIMIT_MINOR),
            stand_in_limit=pounds(LIMIT_MINOR),
        )
        await self._operator.DefineProgramme(
            pb.DefineProgrammeRequest(idempotency_key="load", programme=programme)
        )
        for number in range(HOLDERS):
            details = pb.PersonalDetails(
                given_name="Load", family_name=str(number), email="load@cards.example"
            )
            customer = await self._operator.RegisterCustomer(
                pb.RegisterCustomerRequest(idempotency_key=f"c{number}", details=details)
            )
            opened = await self._operator.OpenAccount(
                pb.OpenAccountRequest(
                    idempotency_key=f"a{number}",
                    customer_id=customer.customer_id,
                    programme_id="load",
                    card_kind=pb.CARD_KIND_VIRTUAL,
                )
            )
            account = opened.account
            self._cards[account.account_id] = account.cards[0].card_id
            self.done.posted[account.account_id] = {}

    async def _insist(self, method: Callable[[Any], Awaitable[Any]], request: Any) -> Any:
        """Ask under the same key until there is an answer."""
        deadline = asyncio.get_running_loop().time() + INSIST_SECONDS
        while True:
            try:
                return await method(request)
            except (Unavailable, Conflict, Exhausted):
                if asyncio.get_running_loop().time() > deadline:
                    raise
                self.done.retries += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def run(self) -> None:
        """Buy and clear until `stop`."""
        async with asyncio.TaskGroup() as group:
            for account, card in self._cards.items():
                group.create_task(self._hold(account, card))

    async def _hold(self, account: str, card: str) -> None:
        merchant = events_pb2.Merchant(id="LOAD", name="corner shop", mcc="5411", country="GB")
        number = 0
        while not self._stopping.is_set():
            number += 1
            amount = 1_00 + number % 50
            charge = ids.derive("load", uuid4().hex)
            answer = await self._insist(
                self._gateway.AuthoriseCharge,
                pb.AuthoriseChargeRequest(
                    idempotency_key=f"auth-{charge}",
                    card_id=card,
                    charge_id=charge,
                    amount=pounds(amount),
                    merchant=merchant,
                    entry_mode=pb.ENTRY_MODE_CHIP,
                ),
            )
            # Risk may stop a card that buys as fast as this; that, too, is an answer.
            if answer.approved:
                await self._insist(
                    self._gateway.ClearCharge,
                    pb.ClearChargeRequest(
                        idempotency_key=f"clear-{charge}",
                        card_id=card,
                        charge_id=charge,
                        amount=pounds(amount),
                    ),
                )
                self.done.posted[account][charge] = amount
            await asyncio.sleep(STEP_PAUSE_SECONDS)

    def stop(self) -> None:
        """Let everybody finish what they are at."""
        self._stopping.set()
