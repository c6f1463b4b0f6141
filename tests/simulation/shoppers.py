"""People who shop with cards, and ask again with the same key until they are answered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.type.v1.money_pb2 import Money

from chassis.kernel.errors import Conflict, Error, Exhausted, Unavailable
from chassis.kernel.ids import derive
from chassis.simulation.calls import SUBJECT, SimulatedRpc
from chassis.simulation.runner import ViolationError
from chassis.simulation.world import World

PROGRAMME = "everyday"
LIMIT_MINOR = 30_000
ASSESSED_FROM_MINOR = 1_000
STAND_IN_MINOR = 5_000
CALL_SECONDS = 3.0
RETRY_SECONDS = 0.5
ATTEMPTS_LIMIT = 400
CHARGES_EACH = 4
THINKING_SECONDS = 4.0
AMOUNTS_MINOR = (199, 1_250, 4_000, 9_999, 15_000)
MERCHANTS = (
    events_pb2.Merchant(id="M-1", name="Green Grocer", mcc="5411", country="GB"),
    events_pb2.Merchant(id="M-2", name="Corner Books", mcc="5942", country="GB"),
    events_pb2.Merchant(id="M-3", name="Far Away Tickets", mcc="7922", country="FR"),
)


def pounds(minor_units: int) -> Money:
    """An amount in GBP."""
    return Money(minor_units=minor_units, currency_code="GBP")


@dataclass(frozen=True, slots=True)
class Charged:
    """A charge that somebody was told about."""

    charge_id: str
    account_id: str
    amount_minor: int
    approved: bool
    position: int


@dataclass
class Caller:
    """Somebody who asks accounts until answered."""

    name: str
    world: World
    rpc: SimulatedRpc
    charged: list[Charged] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stub: Any = self.rpc.stub(AccountsServiceStub, "accounts")
        self.random = self.world.random(f"caller {self.name}")

    async def ask(self, name: str, key: str, **fields: Any) -> Any:
        """One rpc under one key. Raises ViolationError when it is refused or never answered."""
        method: Callable[..., Awaitable[Any]] = getattr(self.stub, name)
        request = getattr(pb, f"{name}Request")(idempotency_key=key, **fields)
        for attempt in range(ATTEMPTS_LIMIT):
            try:
                answer = await method(
                    request, timeout=CALL_SECONDS, metadata=((SUBJECT, f"operator:{self.name}"),)
                )
            except (Unavailable, Exhausted, Conflict):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except Error as error:
                raise ViolationError(f"{name} {key} was refused: {error}") from error
            self.world.sometimes("a retry was answered", attempt > 0)
            return answer
        raise ViolationError(f"{name} {key} was never answered")

    async def open_account(self) -> Any:
        """A programme, which all define alike, a customer of one's own, and an account."""
        await self.ask(
            "DefineProgramme",
            f"{self.name}-programme",
            programme=pb.Programme(
                programme_id=PROGRAMME,
                name="Everyday",
                currency="GBP",
                bin="500012",
                default_limit=pounds(LIMIT_MINOR),
                assessment_threshold=pounds(ASSESSED_FROM_MINOR),
                stand_in_limit=pounds(STAND_IN_MINOR),
            ),
        )
        customer = await self.ask(
            "RegisterCustomer",
            f"{self.name}-customer",
            details=pb.PersonalDetails(given_name="Ada", email=f"{self.name}@example.com"),
        )
        opened = await self.ask(
            "OpenAccount",
            f"{self.name}-account",
            customer_id=customer.customer_id,
            programme_id=PROGRAMME,
        )
        return opened.account

    async def shop(self, account: Any, card_id: str) -> None:
        """Charge a card now and then, and have some charges posted, taken back or refunded."""
        for number in range(CHARGES_EACH):
            await self._charge(account.account_id, card_id, f"{self.name}-{number}")
            await asyncio.sleep(self.random.random() * THINKING_SECONDS)

    async def _charge(self, account_id: str, card_id: str, key: str) -> None:
        amount = self.random.choice(AMOUNTS_MINOR)
        fields: dict[str, Any] = {
            "card_id": card_id,
            "charge_id": derive("simulated charge", key),
            "amount": pounds(amount),
            "merchant": self.random.choice(MERCHANTS),
            "entry_mode": pb.ENTRY_MODE_CHIP,
        }
        answer = await self.ask("AuthoriseCharge", key, **fields)
        charge_id = answer.charge.charge_id
        self.charged.append(
            Charged(charge_id, account_id, amount, answer.approved, answer.receipt.position)
        )
        if not answer.approved:
            return
        match self.random.choice(("clear", "clear", "clear", "reverse", "refund", "leave")):
            case "clear":
                await self._clear(card_id, charge_id, amount, key)
            case "reverse":
                await self.ask(
                    "ReverseCharge", f"{key}-back", account_id=account_id, charge_id=charge_id
                )
            case "refund":
                await self._clear(card_id, charge_id, amount, key)
                await self.ask(
                    "RefundCharge",
                    f"{key}-refund",
                    card_id=card_id,
                    charge_id=charge_id,
                    amount=pounds(amount // 2),
                )

    async def _clear(self, card_id: str, charge_id: str, amount: int, key: str) -> None:
        await self.ask(
            "ClearCharge",
            f"{key}-post",
            card_id=card_id,
            charge_id=charge_id,
            amount=pounds(amount),
        )
        self.cleared.append(charge_id)

    async def report_lost(self, card_id: str) -> str:
        """Report a card lost; gives the replacement."""
        answer = await self.ask(
            "ReportCardLost", f"{self.name}-lost", card_id=card_id, kind=pb.LOSS_KIND_LOST
        )
        return str(answer.replacement.card_id)
