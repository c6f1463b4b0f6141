"""What messages about charges come to: commands of the account, and fields of the answer."""

from dataclasses import replace

from chassis.kernel.events import Command
from chassis.work import Settled
from services.accounts.domain.account.at_once import PostApprovedCharge
from services.accounts.domain.account.commands import (
    AdviseCharge,
    AuthoriseCharge,
    ClearCharge,
    IncrementCharge,
)
from services.accounts.domain.account.state import Charge, act_key
from services.accounts.domain.charging.commands import RecordStandIn
from services.accounts.domain.pan import Pan, RefuseUnknownCard, is_luhn
from services.accounts.domain.values import (
    APPROVED,
    PARTLY_APPROVED,
    RESPONSE_CODES,
    DeclineReason,
)
from services.accounts.iso8583.credits import NetworkCredits
from services.accounts.iso8583.reading import Reading
from services.accounts.iso8583.reversals import reversal
from services.accounts.iso8583.settling import Answer, answered, approved, with_chip
from services.accounts.use_cases.secrets import Compared

NO_SUCH_CARD = RESPONSE_CODES[DeclineReason.CARD_UNKNOWN]
NO_ACTION = "21"
"""There is nothing that could be done any more."""


class NetworkCharges(NetworkCredits):
    """The handlers of messages about charges; each is repeatable, and its answer is kept."""

    # Requests ------------------------------------------------------------------------------------

    async def authorise(self, asked: Reading) -> Answer:
        """Hold an amount; nothing is held for a verification, whose amount is zero."""
        return await self._authorise(asked)

    async def charge_at_once(self, asked: Reading) -> Answer:
        """Authorise an amount and post it."""
        return await self._authorise(asked, at_once=True)

    async def _authorise(self, asked: Reading, at_once: bool = False) -> Answer:
        charge_id = asked.trace.id
        pan_hash, pan = await self.find(asked)
        if pan is None:
            return await self._refuse_unknown(asked, pan_hash)
        compared = await self.compared(asked, pan)
        charge = replace(self._asked_for(asked, pan, charge_id), checks=compared.checks)
        commands: list[Command] = [await self.accounts.assessed(charge)]
        if at_once:
            posting = PostApprovedCharge(
                account_id=pan.account_id, charge_id=charge_id, posting_date=asked.posting_day
            )
            commands.append(posting)
        return await self.settle(
            *commands,
            answer=lambda settled: _decision(asked, settled.state.charges[charge_id], compared),
            reference=asked.reference(pan.account_id),
            charge_id=charge_id,
        )

    def _asked_for(self, asked: Reading, pan: Pan, charge_id: str) -> AuthoriseCharge:
        amount, original = asked.amount()
        return AuthoriseCharge(
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
            token_id=pan.token_id,
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
        return await self.settle(refusal, answer=lambda settled: {39: NO_SUCH_CARD})

    async def increment(self, asked: Reading) -> Answer:
        """Hold so much more on a charge."""
        account, named = await self.about(asked)
        command = IncrementCharge(
            account_id=account.account_id,
            charge_id=named.charge_id,
            increment_id=asked.trace.id,
            by=asked.amount()[0],
            transaction_date=asked.day,
        )

        def decided(settled: Settled) -> Answer:
            act = settled.state.acts[act_key("increment", command.increment_id)]
            return answered(act.response_code, named.charge_id)

        return await self.settle(command, answer=decided)

    # Advices -------------------------------------------------------------------------------------

    async def advise(self, asked: Reading) -> Answer:
        """Take the network's word for what a charge amounts to."""
        account, named = await self.about(asked)
        command = AdviseCharge(
            account_id=account.account_id,
            charge_id=named.charge_id,
            advice_id=asked.trace.id,
            amount=asked.amount()[0],
            transaction_date=asked.day,
        )
        return await self.settle(command, answer=approved(named.charge_id))

    async def record_stand_in(self, asked: Reading) -> Answer:
        """Take the network's word for what it decided itself while it could not reach us."""
        pan = await self.card(asked)
        account = await self.accounts.account(pan.account_id)
        named = await self.named(asked, account)
        charge_id = named.charge_id or asked.trace.id
        command = RecordStandIn(
            account_id=pan.account_id,
            charge=self._asked_for(asked, pan, charge_id),
            response_code=asked.message[39],
        )
        told = asked.message.get(38)

        def taken(settled: Settled) -> Answer:
            charge = settled.state.charges[charge_id]
            if charge.reason == DeclineReason.DEVICE_TOKEN_NOT_ACTIVE:
                return {39: charge.response_code}
            return {39: APPROVED, **({38: told} if told else {})}

        return await self.settle(
            command,
            answer=taken,
            reference=asked.reference(pan.account_id),
            charge_id=charge_id,
        )

    async def post(self, asked: Reading) -> Answer:
        """Post what was charged, with or without an authorisation that we know of."""
        pan = await self.card(asked)
        account = await self.accounts.account(pan.account_id)
        charge = (await self.named(asked, account)).charge
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
        return await self.settle(
            command,
            answer=approved(charge_id),
            reference=asked.reference(pan.account_id),
            charge_id=charge_id,
        )

    # Reversals -----------------------------------------------------------------------------------

    async def reverse(self, asked: Reading) -> Answer:
        """Take back what is held of a charge, or what was posted of it; all, or down to the amount
        in field 95."""
        account, named = await self.about(asked)
        command = reversal(asked, account, named)
        if command is None:
            # Perhaps because this message was carried out before: then its answer is kept.
            return await self.settle(answer=lambda settled: {39: NO_ACTION})
        return await self.settle(command, answer=approved(named.charge_id))


def _decision(asked: Reading, charge: Charge, compared: Compared) -> Answer:
    answer = with_chip(answered(charge.response_code, charge.charge_id), compared)
    if charge.response_code == PARTLY_APPROVED:
        answer |= asked.approved_in_part(charge.amount_minor - charge.markup_minor)
    return answer
