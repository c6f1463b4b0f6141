"""What support asks of accounts: whether what a case is to be about is its customer's."""

from collections.abc import Awaitable, Callable
from typing import Any

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub

from chassis.kernel.errors import Error, Forbidden, Invalid, NotFound
from chassis.logs import log
from chassis.ports import Rpc

DEADLINE_SECONDS = 0.5
"""For one question; a case is opened without the answer rather than not at all."""


class Accounts:
    """The accounts service, asked for whoever asks us, so that they learn nothing they may not."""

    def __init__(self, rpc: Rpc) -> None:
        self._stub: Any = rpc.stub(AccountsServiceStub, "accounts")

    async def require(
        self, customer_id: str, *, account_id: str = "", card_id: str = "", charge_id: str = ""
    ) -> None:
        """Raises NotFound ACCOUNT_NOT_FOUND, CARD_NOT_FOUND or CHARGE_NOT_FOUND for what is not
        there or not the customer's. A card is its account's holder's and its bearer's."""
        if account_id and not (charge_id or card_id):
            await self._require_account(customer_id, account_id)
        if charge_id:
            await self._require_charge(customer_id, account_id, charge_id)
        if card_id:
            await self._require_card(customer_id, account_id, card_id)

    async def _require_account(self, customer_id: str, account_id: str) -> None:
        request = pb.GetAccountRequest(account_id=account_id)
        found = await _asked(self._stub.GetAccount, request, "account")
        if found is not None and found.account.customer_id != customer_id:
            raise _not_found("account")

    async def _require_charge(self, customer_id: str, account_id: str, charge_id: str) -> None:
        request = pb.GetChargeRequest(account_id=account_id, charge_id=charge_id)
        found = await _asked(self._stub.GetCharge, request, "charge")
        if found is not None:
            await self._require_card(customer_id, account_id, found.charge.card_id, "charge")

    async def _require_card(
        self, customer_id: str, account_id: str, card_id: str, thing: str = "card"
    ) -> None:
        found = await _asked(self._stub.GetCard, pb.GetCardRequest(card_id=card_id), thing)
        if found is None:
            return
        card = found.card
        theirs = customer_id in (card.customer_id, card.cardholder_id)
        if not theirs or account_id not in ("", card.account_id):
            raise _not_found(thing)


async def _asked(ask: Callable[..., Awaitable[Any]], request: Any, thing: str) -> Any:
    """The answer; None when there is none in time, for which nobody is turned away."""
    try:
        return await ask(request, timeout=DEADLINE_SECONDS)
    except (NotFound, Forbidden, Invalid):
        # To its asker what is another's looks like what is not there.
        raise _not_found(thing) from None
    except Error as error:
        log("accounts_gave_no_word", level="warning", reason=error.reason)
        return None


def _not_found(thing: str) -> NotFound:
    reason = f"{thing.upper()}_NOT_FOUND"
    return NotFound(reason, f"this customer has no such {thing}", field=f"{thing}_id")
