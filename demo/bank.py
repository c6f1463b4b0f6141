"""What the demonstration asks of the system, each by one rpc, tried again under the same key."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.notify.v1 import notify_service_pb2 as notify
from cards.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from cards.support.v1 import support_service_pb2 as support
from cards.support.v1.support_service_pb2_grpc import SupportServiceStub
from cards.type.v1 import money_pb2

from chassis.answers import timestamp
from chassis.kernel import ids
from chassis.kernel.errors import Conflict, Exhausted, Unavailable
from client.session import Session
from demo.rows import HOME_COUNTRY, HOME_CURRENCY, Row

PROGRAMME = "purchase-card"
BIN = "400012"
DEFAULT_LIMIT_MINOR = 20_000_00
ASSESSED_FROM_MINOR = 500_00
STAND_IN_LIMIT_MINOR = 1_000_00
ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.05


@dataclass
class Timing:
    """How long each kind of rpc took, in seconds, and how often it had to be tried again."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    retries: Counter[str] = field(default_factory=Counter)

    def took(self, name: str, seconds: float) -> None:
        """One rpc was answered."""
        self.seconds.setdefault(name, []).append(seconds)


@dataclass(frozen=True)
class Holder:
    """Who holds the card with an ending."""

    customer_id: str
    account_id: str
    card_id: str
    last_four: str


class Bank:
    """The demonstration's side of the public interface. `run` names this run: another run on the
    same system is another bank with other customers."""

    def __init__(self, operator: Session, gateway: Session, run: str) -> None:
        self.run = run
        self.timing = Timing()
        self._operator = operator.stub(AccountsServiceStub, "accounts")
        self._gateway = gateway.stub(AccountsServiceStub, "accounts")
        self._notify = operator.stub(NotifyServiceStub, "notify")
        self._support = operator.stub(SupportServiceStub, "support")

    def id(self, *parts: str) -> str:
        """An id that this run, and no other, gives to something."""
        return ids.derive("demo", self.run, *parts)

    async def _ask(self, method: Callable[[Any], Awaitable[Any]], name: str, request: Any) -> Any:
        """Ask until there is an answer: what is safe to repeat is repeated."""
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            started = time.perf_counter()
            try:
                answer = await method(request)
            except (Unavailable, Conflict, Exhausted):
                if attempt == ATTEMPTS:
                    raise
                self.timing.retries[name] += 1
                await asyncio.sleep(pause)
                pause *= 2
                continue
            self.timing.took(name, time.perf_counter() - started)
            return answer
        raise AssertionError("the last attempt answers or raises")

    async def define_programme(self) -> None:
        """The product that every card of the demonstration is of."""
        programme = pb.Programme(
            programme_id=PROGRAMME,
            name="Purchase card",
            currency=HOME_CURRENCY,
            bin=BIN,
            default_limit=_money(DEFAULT_LIMIT_MINOR),
            assessment_threshold=_money(ASSESSED_FROM_MINOR),
            stand_in_limit=_money(STAND_IN_LIMIT_MINOR),
        )
        request = pb.DefineProgrammeRequest(idempotency_key="demo-programme", programme=programme)
        await self._ask(self._operator.DefineProgramme, "DefineProgramme", request)

    async def open(self, ending: str) -> Holder:
        """A customer, who can be reached, with an account and a card for one card ending."""
        customer_id, account_id = self.id("customer", ending), self.id("account", ending)
        digits = ending.lstrip("*")
        email = f"holder-{self.id('mail', ending)[:12]}@cards.example"
        details = pb.PersonalDetails(
            given_name="Holder", family_name=f"Of {digits}", email=email, locale="en"
        )
        await self._ask(
            self._operator.RegisterCustomer,
            "RegisterCustomer",
            pb.RegisterCustomerRequest(
                idempotency_key=f"c-{customer_id}", customer_id=customer_id, details=details
            ),
        )
        await self._ask(
            self._notify.RegisterContact,
            "RegisterContact",
            notify.RegisterContactRequest(
                idempotency_key=f"n-{customer_id}",
                customer_id=customer_id,
                email_address=email,
                locale=notify.LOCALE_EN,
            ),
        )
        opened = await self._ask(
            self._operator.OpenAccount,
            "OpenAccount",
            pb.OpenAccountRequest(
                idempotency_key=f"a-{account_id}",
                account_id=account_id,
                customer_id=customer_id,
                programme_id=PROGRAMME,
                card_kind=pb.CARD_KIND_VIRTUAL,
            ),
        )
        card = opened.account.cards[0]
        return Holder(customer_id, account_id, card.card_id, card.last_four)

    async def authorise(self, holder: Holder, row: Row) -> Any:
        """Ask whether a purchase may be made; a decline is an answer."""
        request = pb.AuthoriseChargeRequest(
            idempotency_key=f"auth-{self.id(row.id)}",
            card_id=holder.card_id,
            charge_id=self.id("charge", row.id),
            amount=_money(row.amount_minor),
            merchant=_merchant(row),
            entry_mode=pb.ENTRY_MODE_CHIP,
            transaction_date=row.transaction_at.date().isoformat(),
            transaction_at=timestamp(row.transaction_at),
            **_original(row),
        )
        return await self._ask(self._gateway.AuthoriseCharge, "AuthoriseCharge", request)

    async def clear(self, holder: Holder, row: Row) -> Any:
        """Post a purchase."""
        request = pb.ClearChargeRequest(
            idempotency_key=f"clear-{self.id(row.id)}",
            card_id=holder.card_id,
            charge_id=self.id("charge", row.id),
            clearing_id=self.id("clearing", row.id),
            amount=_money(row.amount_minor),
            merchant=_merchant(row),
            transaction_date=row.transaction_at.date().isoformat(),
            posting_date=row.posted_on.isoformat(),
            **_original(row),
        )
        return await self._ask(self._gateway.ClearCharge, "ClearCharge", request)

    async def refund(self, holder: Holder, row: Row) -> Any:
        """Give money back; most published refunds match no purchase, so none is linked."""
        request = pb.RefundChargeRequest(
            idempotency_key=f"refund-{self.id(row.id)}",
            card_id=holder.card_id,
            refund_id=self.id("refund", row.id),
            amount=_money(row.amount_minor),
            merchant=_merchant(row),
            transaction_date=row.transaction_at.date().isoformat(),
            posting_date=row.posted_on.isoformat(),
            **_original(row),
        )
        return await self._ask(self._gateway.RefundCharge, "RefundCharge", request)

    async def report_lost(self, holder: Holder) -> Any:
        """The holder has lost the card."""
        request = pb.ReportCardLostRequest(
            idempotency_key=f"lost-{holder.card_id}",
            card_id=holder.card_id,
            kind=pb.LOSS_KIND_LOST,
        )
        return await self._ask(self._operator.ReportCardLost, "ReportCardLost", request)

    async def report_unrecognised(self, holder: Holder, charge_id: str) -> Any:
        """The holder does not recognise a charge."""
        request = support.ReportUnrecognisedChargeRequest(
            idempotency_key=f"unrecognised-{charge_id}",
            customer_id=holder.customer_id,
            account_id=holder.account_id,
            charge_id=charge_id,
            body="I was not there that day.",
        )
        return await self._ask(
            self._support.ReportUnrecognisedCharge, "ReportUnrecognisedCharge", request
        )

    async def card(self, card_id: str) -> Any:
        """A card as it is now."""
        request = pb.GetCardRequest(card_id=card_id)
        return (await self._ask(self._operator.GetCard, "GetCard", request)).card

    async def test_card(self, holder: Holder, number: int, row: Row) -> Any:
        """One of a burst of small online charges, as a thief makes to see whether a card works."""
        request = pb.AuthoriseChargeRequest(
            idempotency_key=f"burst-{self.id(holder.card_id, str(number))}",
            card_id=holder.card_id,
            charge_id=self.id("burst", holder.card_id, str(number)),
            amount=_money(row.amount_minor),
            merchant=_merchant(row),
            entry_mode=pb.ENTRY_MODE_ECOMMERCE,
            transaction_date=row.transaction_at.date().isoformat(),
            transaction_at=timestamp(row.transaction_at),
        )
        return await self._ask(self._gateway.AuthoriseCharge, "AuthoriseCharge", request)


def _money(minor_units: int, currency: str = HOME_CURRENCY) -> money_pb2.Money:
    return money_pb2.Money(minor_units=minor_units, currency_code=currency)


def _merchant(row: Row) -> events_pb2.Merchant:
    return events_pb2.Merchant(
        id=row.merchant_id, name=row.merchant, mcc=row.mcc, country=HOME_COUNTRY
    )


def _original(row: Row) -> dict[str, Any]:
    if not row.foreign:
        return {}
    return {
        "original_amount": _money(row.original_minor, row.original_currency),
        "rate": row.rate,
    }
