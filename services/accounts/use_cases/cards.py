"""What takes more than one step about cards: those for authorised users, and their numbers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from google.protobuf.message import Message

from chassis.kernel.errors import Invalid
from chassis.kernel.events import Command
from chassis.work import Settled
from services.accounts.domain.account.commands import IssueCard, NewCard
from services.accounts.domain.card_place import CardPlace
from services.accounts.domain.customer import CUSTOMER
from services.accounts.domain.customers.commands import AttachHolding
from services.accounts.domain.values import CardKind, CardUse
from services.accounts.use_cases.accounts import Accounts

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Cards:
    """The steps around the decider."""

    accounts: Accounts

    async def order(
        self,
        account_id: str,
        wanted: NewCard,
        render: Callable[[Settled], M],
    ) -> M:
        """Issue a card as wanted, with a number that nobody has. Raises NotFound for a cardholder
        that is no customer, Refused for one that is forgotten."""
        if wanted.merchant_id and wanted.use is not CardUse.MERCHANT_LOCKED:
            raise Invalid(
                "MERCHANT_WITHOUT_LOCK", "the card is locked to no merchant", field="merchant_id"
            )
        account = await self.accounts.account(account_id)
        if wanted.cardholder_id == account.customer_id:
            wanted = replace(wanted, cardholder_id="")
        also: tuple[Command, ...] = ()
        if wanted.cardholder_id:
            await self.accounts.application.state(CUSTOMER, wanted.cardholder_id)
            also = (AttachHolding(customer_id=wanted.cardholder_id, account_id=account_id),)
        wanted = replace(wanted, pending=wanted.kind is CardKind.PHYSICAL)

        def issuing(card: NewCard) -> IssueCard:
            numbered = replace(wanted, card_id=card.card_id, last_four=card.last_four)
            return IssueCard(account_id=account_id, card=numbered)

        existing = account.find_card(wanted.card_id)
        if existing is not None:
            again = replace(wanted, last_four=existing.last_four)
            return await self.accounts.application.answer(issuing(again), render=render)
        place = CardPlace(
            card_id=wanted.card_id,
            account_id=account_id,
            customer_id=account.customer_id,
            cardholder_id=wanted.cardholder_id,
        )
        bin_digits = account.in_force.bin
        return await self.accounts.with_new_number(
            place, bin_digits, wanted.kind, issuing, render, also
        )
