"""Balance transfers over their rpcs; the other number is nowhere in clear."""

import pytest
from cards.accounts.v1 import balance_transfer_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms

from chassis.kernel.errors import NotFound
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.test_billing_service import BILLING

NUMBER = "4929421234560020"


def transferring() -> terms.BillingTerms:
    """Billing with an offer for transfers."""
    billing = terms.BillingTerms()
    billing.CopyFrom(BILLING)
    kind = terms.BALANCE_TYPE_BALANCE_TRANSFER
    billing.rates.append(terms.Rate(balance_type=kind, apr_basis_points=1_490))
    billing.transfer_offers.append(terms.TransferOffer(code="ZERO", months=12))
    return billing


async def test_a_debt_is_taken_over_listed_revealed_and_sent_back(door: Door) -> None:
    account_id = (await door.open(billing=transferring())).account_id
    asked = {
        "account_id": account_id,
        "creditor": "Other Bank",
        "number": NUMBER,
        "amount": gbp(400),
        "offer": "ZERO",
    }
    request = pb.TransferBalanceRequest(**asked)
    made = await door("TransferBalance", request, key="once")
    assert await door("TransferBalance", request, key="once") == made
    assert (made.balance, made.available) == (gbp(400), gbp(600))
    assert made.transfer.status == pb.BALANCE_TRANSFER_STATUS_POSTED
    assert made.transfer.last_four == NUMBER[-4:]
    ids = {"account_id": account_id, "transfer_id": made.transfer.transfer_id}
    assert (await door("RevealTransferNumber", **ids)).number == NUMBER
    back = await door("ReturnBalanceTransfer", reason="ACCOUNT_CLOSED", **ids)
    assert (back.balance, back.transfer.status) == (gbp(0), pb.BALANCE_TRANSFER_STATUS_RETURNED)
    await door.node.caught_up()
    (listed,) = (await door("ListBalanceTransfers", account_id=account_id)).transfers
    assert listed == back.transfer
    lines = (await door("ListTransactions", account_id=account_id)).transactions
    assert len(lines) == 2
    assert NUMBER not in str(await door.node.ports.log.after(0, 100))


async def test_a_transfer_that_was_never_made_has_no_number(door: Door) -> None:
    account_id = (await door.open(billing=transferring())).account_id
    with pytest.raises(NotFound, match="TRANSFER_NOT_FOUND"):
        await door("RevealTransferNumber", account_id=account_id, transfer_id="none")
