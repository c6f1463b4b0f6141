"""What the handlers of messages have in common: cards, originals, and answers that are kept."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import msgspec
from google.protobuf.wrappers_pb2 import BytesValue

from chassis.application import Application
from chassis.database import Database
from chassis.kernel.errors import Invalid, NotFound
from chassis.kernel.events import Command
from chassis.work import Settled
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.pan import Pan
from services.accounts.domain.values import (
    APPROVALS,
    APPROVED,
    Network,
    authorisation_code,
)
from services.accounts.iso8583.reading import Reading
from services.accounts.iso8583.reversals import Named, named_by
from services.accounts.projections.network_references import remember
from services.accounts.queries.network_references import charge_of
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.network_keys import GatewayKeys
from services.accounts.use_cases.programme_clock import Zones, shown_to
from services.accounts.use_cases.secrets import Compared, Secrets, Shown

Answer = dict[int, str]
"""The fields that an answer has besides those it repeats."""


@dataclass(frozen=True)
class Settling:
    """Handlers stand on this; `network` is whose charges come to this door, and `keys` are those
    that gateways share with the house. Without one for PIN blocks nobody looks at them."""

    accounts: Accounts
    application: Application
    database: Database
    network: Network
    keys: GatewayKeys

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets(self.accounts)

    @cached_property
    def zones(self) -> Zones:
        return Zones(self.accounts.ports)

    async def find(self, asked: Reading) -> tuple[str, Pan | None]:
        """The card of a message, whose programme's clock counts for what it leaves out."""
        pan_hash, pan = await self.accounts.find_number(asked.number)
        if pan is not None:
            now = await shown_to(self.accounts.ports, pan.account_id)
            asked.there = now.astimezone(await self.zones.of_account(pan.account_id))
        return pan_hash, pan

    async def card(self, asked: Reading) -> Pan:
        _, pan = await self.find(asked)
        if pan is None:
            raise NotFound("CARD_NOT_FOUND", "no card has this number")
        return pan

    async def compared(self, asked: Reading, pan: Pan) -> Compared:
        """What the message shows of the card, compared. The number of a token has neither an
        expiry nor a value of its own that could be."""
        value, code = ("", "") if pan.token_id else asked.value
        zone_keys = self.keys.pin_keys(asked.gateway)
        shown = Shown(
            expiry="" if pan.token_id else asked.expiry,
            value=value,
            service_code=code,
            block=asked.message.get(52) if zone_keys else "",
            number=asked.number,
            zone_keys=zone_keys,
            chip="" if pan.token_id else asked.message.get(55),
            sequence=int(asked.message.get(23) or 0),
        )
        card_id = await self.accounts.card_id_of(pan)
        try:
            return await self.secrets.check(card_id, shown, asked.day)
        except Invalid:
            # Another process may have taken a new key into use.
            if not shown.block or not await self.keys.learn(asked.gateway):
                raise
        again = replace(shown, zone_keys=self.keys.pin_keys(asked.gateway))
        return await self.secrets.check(card_id, again, asked.day)

    async def change_key(self, asked: Reading) -> Answer:
        """Take a new key of the gateway into use, from the key block in field 110."""
        command = await self.keys.changing(asked.gateway, asked.message[110], asked.trace.id)
        answer = {39: APPROVED, 44: command.check_value}
        told = await self.settle(command, answer=lambda settled: answer)
        self.keys.forget(asked.gateway)
        return told

    async def about(self, asked: Reading) -> tuple[CreditAccount, Named]:
        """The account, and the charge that a message is about. Raises NotFound."""
        pan = await self.card(asked)
        account = await self.accounts.account(pan.account_id)
        named = await self.named(asked, account)
        if not named.charge_id:
            raise NotFound("CHARGE_NOT_FOUND", "there is no such charge on this account")
        return account, named

    async def named(self, asked: Reading, account: CreditAccount) -> Named:
        """What field 90 names, else what the retrieval reference does."""
        original = asked.original
        if original is not None:
            return named_by(original.id, account)
        reference = asked.reference(account.account_id)
        if not reference:
            return Named()
        charge_id = await self.database.read(partial(charge_of, reference_id=reference))
        return Named() if charge_id is None else named_by(charge_id, account)

    async def settle(
        self,
        *commands: Command,
        answer: Callable[[Settled], Answer],
        reference: str = "",
        charge_id: str = "",
    ) -> Answer:
        """Carry out commands, all or none, and keep the answer for whoever repeats the message."""

        def note(connection: Any, settled: Settled) -> None:
            remember(connection, reference, charge_id)

        kept = await self.application.answer(
            *commands,
            render=lambda settled: BytesValue(value=msgspec.json.encode(answer(settled))),
            inside=note if reference else None,
        )
        return msgspec.json.decode(kept.value, type=Answer, strict=False)


def approved(id: str) -> Callable[[Settled], Answer]:
    return lambda settled: answered(APPROVED, id)


def answered(response_code: str, id: str) -> Answer:
    if response_code in APPROVALS:
        return {38: authorisation_code(id), 39: response_code}
    return {39: response_code}


def with_chip(answer: Answer, compared: Compared) -> Answer:
    """An answer, with what it is for the chip that asked."""
    if compared.answers is None:
        return answer
    told = compared.answers.approved if answer[39] in APPROVALS else compared.answers.declined
    return {**answer, 55: told}
