"""What takes more than one step about device tokens: their numbers, from the vault."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import Message

from chassis.kernel.errors import Exhausted, Refused
from chassis.work import Settled
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.card_place import CARD_PLACE, CardPlace, PlaceCard
from services.accounts.domain.pan import PAN, VISIBLE_TAIL, ClaimPan, generate
from services.accounts.domain.tokens.commands import ProvisionDeviceToken
from services.accounts.domain.tokens.decide import find
from services.accounts.domain.tokens.state import DeviceToken, TokenDevice
from services.accounts.domain.values import Channel
from services.accounts.use_cases.accounts import (
    PAN_ATTEMPTS_LIMIT,
    PAN_PURPOSE,
    Accounts,
    place_of_pan,
    subject_of,
)

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The steps around the decider."""

    accounts: Accounts

    async def token(self, card_id: str, token_id: str) -> tuple[CreditAccount, DeviceToken]:
        """A token of the account that a card is on. Raises NotFound."""
        account, _ = await self.accounts.card(card_id)
        return account, find(account, token_id)

    async def provision(
        self,
        card_id: str,
        token_id: str,
        device: TokenDevice,
        channel: Channel,
        render: Callable[[Settled], M],
    ) -> M:
        """Give a card a token with a number that nothing has, in the range of tokens."""
        account, _ = await self.accounts.card(card_id)
        place = await self.accounts.place(card_id)
        application = self.accounts.application

        def provisioning(last_four: str) -> ProvisionDeviceToken:
            return ProvisionDeviceToken(
                account_id=place.account_id,
                card_id=card_id,
                token_id=token_id,
                last_four=last_four,
                device=device,
                channel=channel,
            )

        known = account.find_token(token_id)
        if known is not None:
            return await application.answer(provisioning(known.last_four), render=render)
        ports = self.accounts.ports
        for _ in range(PAN_ATTEMPTS_LIMIT):
            number = generate(ports.settings.device_token_bin, ports.random)
            claim, placing = await self._taken(place, token_id, number)
            command = provisioning(number[-VISIBLE_TAIL:])
            try:
                return await application.answer(claim, placing, command, render=render)
            except Refused as refusal:
                if refusal.reason != "PAN_TAKEN":
                    raise
        raise Exhausted("NO_CARD_NUMBER_FREE", "no free number was found; try again")

    async def _taken(
        self, place: CardPlace, token_id: str, number: str
    ) -> tuple[ClaimPan, PlaceCard]:
        """The commands that take a number for a token, and note where it is."""
        keys = self.accounts.keys
        pan_hash = keys.lookup_hash(PAN_PURPOSE, number.encode())
        sealed = await keys.seal(
            subject_of(place.customer_id), PAN_PURPOSE, number.encode(), place_of_pan(token_id)
        )
        claim = ClaimPan(
            pan_hash=pan_hash,
            sealed_pan=sealed,
            card_id=place.card_id,
            account_id=place.account_id,
            customer_id=place.customer_id,
            last_four=number[-VISIBLE_TAIL:],
            token_id=token_id,
        )
        placing = PlaceCard(
            card_id=token_id,
            account_id=place.account_id,
            customer_id=place.customer_id,
            pan_hash=pan_hash,
            cardholder_id=place.cardholder_id,
        )
        return claim, placing

    async def reveal(self, card_id: str, token_id: str) -> str:
        """The number of a token, which is put on record first. Raises NotFound."""
        await self.token(card_id, token_id)
        place = await self.accounts.place(token_id)
        await self.accounts.application.witness(CARD_PLACE, token_id)
        vault = await self.accounts.application.state(PAN, place.pan_hash)
        number = await self.accounts.keys.open(
            subject_of(place.customer_id), PAN_PURPOSE, vault.sealed_pan, place_of_pan(token_id)
        )
        return number.decode()
