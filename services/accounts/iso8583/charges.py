"""What messages about charges come to: commands of the account, and fields of the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from google.protobuf.wrappers_pb2 import BytesValue

from chassis.application import Application
from chassis.database import Database
from chassis.kernel.errors import NotFound
from chassis.kernel.events import Command
from chassis.work import Settled
from services.accounts.domain.account.at_once import PostApprovedCharge
from services.accounts.domain.account.commands import (
    AdviseCharge,
    AuthoriseCharge,
    ClearCharge,
    IncrementCharge,
    RefundCharge,
)
from services.accounts.domain.account.state import Charge, CreditAccount, act_key
from services.accounts.domain.pan import Pan, RefuseUnknownCard, is_luhn
from services.accounts.domain.values import (
    APPROVALS,
    APPROVED,
    PARTLY_APPROVED,
    RESPONSE_CODES,
    DeclineReason,
    Network,
)
from services.accounts.iso8583.answers import approval_code
from services.accounts.iso8583.reading import Reading
from services.accounts.iso8583.reversals import Named, named_by, reversal
from services.accounts.projections.network_references import remember
from services.accounts.queries.network_references import charge_of
from services.accounts.use_cases.accounts import Accounts

Answer = dict[int, str]
"""The fields that an answer has besides those it repeats."""

NO_SUCH_CARD = RESPONSE_CODES[DeclineReason.CARD_UNKNOWN]
NO_ACTION = "21"
"""There is nothing that could be done any more."""


@dataclass(frozen=True, slots=True)
class NetworkCharges:
    """The handlers of messages about charges; each is repeatable, and its answer is kept."""

    accounts: Accounts
    application: Application
    database: Database
    network: Network

    # Requests ------------------------------------------------------------------------------------

    async def authorise(self, asked: Reading) -> Answer:
        """Hold an amount; nothing is held for a verification, whose amount is zero."""
        return await self._authorise(asked)

    async def charge_at_once(self, asked: Reading) -> Answer:
        """Authorise an amount and post it."""
        return await self._authorise(asked, at_once=True)

    async def _authorise(self, asked: Reading, at_once: bool = False) -> Answer:
        charge_id = asked.trace.id
        pan_hash, pan = await self._find(asked)
        if pan is None:
            return await self._refuse_unknown(asked, pan_hash)
        amount, original = asked.amount()
        charge = AuthoriseCharge(
            account_id=pan.account_id,
            charge_id=charge_id,
            card_id=pan.card_id,
            amount=amount,
            original=original,
            merchant=asked.merchant,
            entry_mode=asked.entry_mode,
            estimated=asked.estimated,
            transaction_date=asked.day,
            transaction_at=asked.trace.sent_at,
            network=self.network,
            partial_approval_allowed=asked.partial_approvals,
        )
        commands: list[Command] = [await self.accounts.assessed(charge)]
        if at_once:
            posting = PostApprovedCharge(
                account_id=pan.account_id, charge_id=charge_id, posting_date=asked.posting_day
            )
            commands.append(posting)
        return await self._settle(
            *commands,
            answer=lambda settled: _decision(asked, settled.state.charges[charge_id]),
            reference=asked.reference(pan.account_id),
            charge_id=charge_id,
        )

    async def _refuse_unknown(self, asked: Reading, pan_hash: str) -> Answer:
        if not is_luhn(asked.number):
            # No card can have this number: there is nothing to remember it by.
            return {39: NO_SUCH_CARD}
        refusal = RefuseUnknownCard(
            pan_hash=pan_hash,
            charge_id=asked.trace.id,
            amount=asked.amount()[0],
            merchant=asked.merchant,
            entry_mode=asked.entry_mode,
            transaction_date=asked.day,
            transaction_at=asked.trace.sent_at,
        )
        return await self._settle(refusal, answer=lambda settled: {39: NO_SUCH_CARD})

    async def increment(self, asked: Reading) -> Answer:
        """Hold so much more on a charge."""
        account, named = await self._about(asked)
        command = IncrementCharge(
            account_id=account.account_id,
            charge_id=named.charge_id,
            increment_id=asked.trace.id,
            by=asked.amount()[0],
            transaction_date=asked.day,
        )

        def decided(settled: Settled) -> Answer:
            act = settled.state.acts[act_key("increment", command.increment_id)]
            return _answer(act.response_code, named.charge_id)

        return await self._settle(command, answer=decided)

    async def refund(self, asked: Reading) -> Answer:
        """Post money that comes back, for the charge it was paid with where that is named."""
        pan = await self._card(asked)
        account = await self.accounts.account(pan.account_id)
        charge = (await self._named(asked, account)).charge
        amount, original = asked.amount()
        command = RefundCharge(
            account_id=pan.account_id,
            refund_id=asked.trace.id,
            charge_id=charge.charge_id if charge else "",
            card_id=pan.card_id,
            amount=amount,
            original=original,
            merchant=asked.merchant,
            transaction_date=asked.day,
            posting_date=asked.posting_day,
        )
        return await self._settle(command, answer=_approved(command.refund_id))

    # Advices -------------------------------------------------------------------------------------

    async def advise(self, asked: Reading) -> Answer:
        """Take the network's word for what a charge amounts to."""
        account, named = await self._about(asked)
        command = AdviseCharge(
            account_id=account.account_id,
            charge_id=named.charge_id,
            advice_id=asked.trace.id,
            amount=asked.amount()[0],
            transaction_date=asked.day,
        )
        return await self._settle(command, answer=_approved(named.charge_id))

    async def post(self, asked: Reading) -> Answer:
        """Post what was charged, with or without an authorisation that we know of."""
        pan = await self._card(asked)
        account = await self.accounts.account(pan.account_id)
        charge = (await self._named(asked, account)).charge
        amount, original = asked.amount()
        command = ClearCharge(
            account_id=pan.account_id,
            clearing_id=asked.trace.id,
            charge_id=charge.charge_id if charge else "",
            card_id=pan.card_id,
            amount=amount,
            original=original,
            merchant=asked.merchant,
            transaction_date=asked.day,
            posting_date=asked.posting_day,
        )
        charge_id = command.charge_id or command.clearing_id
        return await self._settle(
            command,
            answer=_approved(charge_id),
            reference=asked.reference(pan.account_id),
            charge_id=charge_id,
        )

    # Reversals -----------------------------------------------------------------------------------

    async def reverse(self, asked: Reading) -> Answer:
        """Take back what is held of a charge, or what was posted of it; all, or down to the amount
        in field 95."""
        account, named = await self._about(asked)
        command = reversal(asked, account, named)
        if command is None:
            # Perhaps because this message was carried out before: then its answer is kept.
            return await self._settle(answer=lambda settled: {39: NO_ACTION})
        return await self._settle(command, answer=_approved(named.charge_id))

    # What they have in common --------------------------------------------------------------------

    async def _find(self, asked: Reading) -> tuple[str, Pan | None]:
        return await self.accounts.find_number(asked.number)

    async def _card(self, asked: Reading) -> Pan:
        _, pan = await self._find(asked)
        if pan is None:
            raise NotFound("CARD_NOT_FOUND", "no card has this number")
        return pan

    async def _about(self, asked: Reading) -> tuple[CreditAccount, Named]:
        """The account, and the charge that a message is about. Raises NotFound."""
        pan = await self._card(asked)
        account = await self.accounts.account(pan.account_id)
        named = await self._named(asked, account)
        if not named.charge_id:
            raise NotFound("CHARGE_NOT_FOUND", "there is no such charge on this account")
        return account, named

    async def _named(self, asked: Reading, account: CreditAccount) -> Named:
        """What field 90 names, else what the retrieval reference does."""
        original = asked.original
        if original is not None:
            return named_by(original.id, account)
        reference = asked.reference(account.account_id)
        if not reference:
            return Named()
        charge_id = await self.database.read(partial(charge_of, reference_id=reference))
        return Named() if charge_id is None else named_by(charge_id, account)

    async def _settle(
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


def _approved(id: str) -> Callable[[Settled], Answer]:
    return lambda settled: _answer(APPROVED, id)


def _answer(response_code: str, id: str) -> Answer:
    if response_code in APPROVALS:
        return {38: approval_code(id), 39: response_code}
    return {39: response_code}


def _decision(asked: Reading, charge: Charge) -> Answer:
    answer = _answer(charge.response_code, charge.charge_id)
    if charge.response_code == PARTLY_APPROVED:
        answer |= asked.approved_in_part(charge.amount_minor - charge.markup_minor)
    return answer
