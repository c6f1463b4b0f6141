"""What messages about money on its way back come to, and questions for balances."""

from functools import partial

from chassis.kernel.money import Money
from chassis.work import Settled
from services.accounts.domain.account.authorising import card_objection
from services.accounts.domain.account.commands import RefundCharge
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.charging.commands import (
    AuthoriseRefund,
    PostOriginalCredit,
    ReverseOriginalCredit,
    ReverseRefund,
)
from services.accounts.domain.life.decide import find
from services.accounts.domain.life.using import shown_objection
from services.accounts.domain.pins.commands import VerifyPin
from services.accounts.domain.tokens.paying import token_objection
from services.accounts.domain.values import APPROVED, RESPONSE_CODES, DeclineReason
from services.accounts.iso8583.answers import balances
from services.accounts.iso8583.reading import Reading
from services.accounts.iso8583.settling import Answer, Settling, answered, approved, with_chip
from services.accounts.queries.network_references import charge_of


class NetworkCredits(Settling):
    """The handlers of messages about refunds, credits sent, and balances."""

    async def inquire_balance(self, asked: Reading) -> Answer:
        """What may be spent and what is owed, for a card that may be used and what is shown of it;
        a PIN counts as a try."""
        pan = await self.card(asked)
        account = await self.accounts.account(pan.account_id)
        card_id = await self.accounts.card_id_of(pan)
        today = asked.there.date()
        compared = await self.compared(asked, pan)
        checks = compared.checks
        reason = card_objection(account, card_id, today) or token_objection(account, pan.token_id)
        if reason is None and checks is not None:
            reason = shown_objection(find(account, card_id), checks, today)
            if reason is None and checks.chip_matches is False:
                reason = DeclineReason.CHIP_CRYPTOGRAM_WRONG
        if reason is not None:
            return with_chip({39: RESPONSE_CODES[reason]}, compared)
        if checks is None or checks.pin_matches is None:
            return with_chip(_balances(asked, account), compared)
        tried = VerifyPin(
            account_id=pan.account_id,
            card_id=card_id,
            verification_id=asked.trace.id,
            matches=checks.pin_matches,
            pin_number=checks.pin_number,
        )

        def decided(settled: Settled) -> Answer:
            code = settled.state.acts[act_key("pin", tried.verification_id)].response_code
            answer = _balances(asked, settled.state) if code == APPROVED else {39: code}
            return with_chip(answer, compared)

        return await self.settle(tried, answer=decided)

    async def authorise_refund(self, asked: Reading) -> Answer:
        """Promise that money may come back, for the charge it was paid with where that is named."""
        pan = await self.card(asked)
        account = await self.accounts.account(pan.account_id)
        charge = (await self.named(asked, account)).charge
        amount, original = asked.amount()
        command = AuthoriseRefund(
            account_id=pan.account_id,
            refund_id=asked.trace.id,
            charge_id=charge.charge_id if charge else "",
            card_id=pan.card_id,
            amount=amount,
            original=original,
            merchant=asked.merchant,
            transaction_date=asked.day,
        )

        def decided(settled: Settled) -> Answer:
            found = settled.state.charging.refunds[command.refund_id]
            return answered(found.response_code, command.refund_id)

        return await self.settle(command, answer=decided)

    async def refund(self, asked: Reading) -> Answer:
        """Post money that comes back: as it was promised where that is named, else for the charge
        that is named, else by itself."""
        pan = await self.card(asked)
        account = await self.accounts.account(pan.account_id)
        promised = account.charging.refunds.get(asked.original.id) if asked.original else None
        if promised is not None:
            refund_id, charge_id = promised.refund_id, promised.charge_id
        else:
            charge = (await self.named(asked, account)).charge
            refund_id, charge_id = asked.trace.id, charge.charge_id if charge else ""
        amount, original = asked.amount()
        command = RefundCharge(
            account_id=pan.account_id,
            refund_id=refund_id,
            charge_id=charge_id,
            card_id=pan.card_id,
            amount=amount,
            original=original,
            merchant=asked.merchant,
            transaction_date=asked.day,
            posting_date=asked.posting_day,
        )
        # A reversal names the message that posted it, whatever it was promised under.
        return await self.settle(
            command,
            answer=approved(refund_id),
            reference=asked.trace.id if promised else "",
            charge_id=refund_id,
        )

    async def reverse_refund(self, asked: Reading) -> Answer:
        """Take back what came back, or what was promised; all, or down to the amount in field 95.
        Raises Malformed unless field 90 says which."""
        original = asked.original
        if original is None:
            raise asked.malformed("which refund is reversed is said in field 90", 90)
        pan = await self.card(asked)
        amount = asked.amount()[0]
        remains = asked.replaced(amount.minor_units)
        command = ReverseRefund(
            account_id=pan.account_id,
            refund_id=await self._posted_as(original.id),
            reversal_id=asked.trace.id,
            amount=None if remains is None else amount - Money(remains, amount.currency),
            transaction_date=asked.day,
            posting_date=asked.posting_day,
        )
        return await self.settle(command, answer=approved(command.refund_id))

    async def _posted_as(self, id: str) -> str:
        return await self.database.read(partial(charge_of, reference_id=id)) or id

    async def reverse_credit(self, asked: Reading) -> Answer:
        """Take back what somebody sent; all, or down to the amount in field 95. Raises Malformed
        unless field 90 says what."""
        original = asked.original
        if original is None:
            raise asked.malformed("which credit is reversed is said in field 90", 90)
        pan = await self.card(asked)
        amount = asked.amount()[0]
        remains = asked.replaced(amount.minor_units)
        command = ReverseOriginalCredit(
            account_id=pan.account_id,
            credit_id=original.id,
            reversal_id=asked.trace.id,
            amount=None if remains is None else amount - Money(remains, amount.currency),
            transaction_date=asked.day,
            posting_date=asked.posting_day,
        )
        return await self.settle(command, answer=approved(original.id))

    async def take_credit(self, asked: Reading) -> Answer:
        """Take money that somebody sends to the card."""
        pan = await self.card(asked)
        amount, original = asked.amount()
        credit_id = asked.trace.id
        command = PostOriginalCredit(
            account_id=pan.account_id,
            credit_id=credit_id,
            card_id=pan.card_id,
            amount=amount,
            original=original,
            sender=asked.merchant,
            network=self.network,
            transaction_date=asked.day,
            posting_date=asked.posting_day,
        )

        def decided(settled: Settled) -> Answer:
            found = settled.state.charging.credits[credit_id]
            return answered(found.response_code, credit_id)

        return await self.settle(command, answer=decided)


def _balances(asked: Reading, account: CreditAccount) -> Answer:
    available = account.money(account.available_minor)
    owed = account.money(account.posted_minor)
    return {39: APPROVED, 54: balances(available, owed, asked.numeric(account.currency))}
