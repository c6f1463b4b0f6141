"""What takes more than one step about balance transfers: the other number is sealed at once."""

import json
from dataclasses import dataclass
from datetime import date

from chassis.kernel.errors import NotFound
from chassis.kernel.money import Money
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.pan import VISIBLE_TAIL
from services.accounts.domain.transfers.commands import TransferBalance
from services.accounts.use_cases.accounts import Accounts

PURPOSE = "accounts.transfer"


def _place(transfer_id: str) -> str:
    return f"transfer {transfer_id}"


@dataclass(frozen=True, slots=True)
class TransferCases:
    """The steps around the decision."""

    accounts: Accounts

    async def asked(
        self,
        account: CreditAccount,
        transfer_id: str,
        creditor: str,
        number: str,
        amount: Money,
        offer: str,
        today: date,
    ) -> TransferBalance:
        """The command, with the number under the holder's own key. Raises NotFound
        KEY_DESTROYED."""
        accounts, customer_id = self.accounts, account.customer_id
        told = [transfer_id, creditor, number, amount.minor_units, amount.currency, offer]
        return TransferBalance(
            account_id=account.account_id,
            transfer_id=transfer_id,
            creditor=creditor,
            last_four=number[-VISIBLE_TAIL:],
            sealed_number=await accounts.seal(customer_id, _place(transfer_id), number),
            digest=accounts.keys.lookup_hash(PURPOSE, json.dumps(told).encode()),
            offer=offer,
            amount=amount,
            transaction_date=today,
        )

    async def reveal(self, account: CreditAccount, transfer_id: str) -> str:
        """The other number in clear, which is put on record first. Raises NotFound
        TRANSFER_NOT_FOUND or KEY_DESTROYED."""
        known = account.billing.transfers.known.get(transfer_id)
        if known is None or not known.sealed_number:
            raise NotFound("TRANSFER_NOT_FOUND", "there is no such transfer on this account")
        await self.accounts.application.witness(CREDIT_ACCOUNT, account.account_id)
        return await self.accounts.unseal(
            account.customer_id, _place(transfer_id), known.sealed_number
        )
