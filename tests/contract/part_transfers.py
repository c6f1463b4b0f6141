"""Ada has a debt to another issuer taken over; the other bank sends it back."""

from typing import TYPE_CHECKING

from cards.accounts.v1 import balance_transfer_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms

from tests.contract.billed import define, gbp, open_account

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "transfers"
RATES = [
    terms.Rate(balance_type=terms.BALANCE_TYPE_PURCHASE, apr_basis_points=1_990),
    terms.Rate(balance_type=terms.BALANCE_TYPE_BALANCE_TRANSFER, apr_basis_points=1_490),
]


def tell(story: "Story") -> None:
    """One that is made and comes back, and one that is more than the limit."""
    offer = terms.TransferOffer(code="ZERO", months=6)
    define(story, PROGRAMME, rates=RATES, transfer_offers=[offer])
    account_id = open_account(story, PROGRAMME).account_id
    number = story.canaries.plant("number at another issuer", "4929421234560020")

    def transfer(minor: int) -> pb.BalanceTransfer:
        request = pb.TransferBalanceRequest(
            account_id=account_id,
            creditor="Other Bank",
            number=number,
            amount=gbp(minor),
            offer="ZERO",
        )
        made: pb.BalanceTransfer = story.ask("accounts.TransferBalance", request, "Ada").transfer
        return made

    made = transfer(400_00)
    assert transfer(900_00).reason == "INSUFFICIENT_CREDIT"
    every = pb.ListBalanceTransfersRequest(account_id=account_id)
    assert len(story.ask("accounts.ListBalanceTransfers", every, "Ada").transfers) == 2
    ids = {"account_id": account_id, "transfer_id": made.transfer_id}
    seen = story.ask(
        "accounts.RevealTransferNumber", pb.RevealTransferNumberRequest(**ids), "gateway"
    )
    assert seen.number == number
    back = pb.ReturnBalanceTransferRequest(reason="ACCOUNT_CLOSED", **ids)
    story.ask("accounts.ReturnBalanceTransfer", back, "gateway")
