"""Two currencies never meet: an amount in another one than the account's moves no money."""

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb

from tests.contract.contracts import rpcs
from tests.contract.outside import Outsider
from tests.contract.story import Story

pytestmark = pytest.mark.serial

MONEY_MOVERS = (
    *("AuthoriseCharge", "AdviseCharge", "IncrementCharge", "ReverseCharge", "ClearCharge"),
    *("RefundCharge", "RecordPayment"),
)


@pytest.mark.parametrize("name", MONEY_MOVERS)
def test_another_currency_never_meets_the_account(
    outsider: Outsider, story: Story, name: str
) -> None:
    """Refused with the field; only a merchant's question is answered with a decline instead."""
    ada = story.holders["Ada"]
    account = pb.GetAccountRequest(account_id=ada.account_id)
    charge_id = story.authorise(ada, 2_00).charge.charge_id
    before = outsider.ask("accounts.GetAccount", account, by="operator").account
    request = getattr(pb, f"{name}Request")(idempotency_key=outsider.key())
    for field, value in {
        "account_id": ada.account_id,
        "card_id": ada.card_id,
        "charge_id": "" if name == "AuthoriseCharge" else charge_id,
    }.items():
        if field in request.DESCRIPTOR.fields_by_name:
            setattr(request, field, value)
    amount = request.by if name == "IncrementCharge" else request.amount
    amount.minor_units, amount.currency_code = 1_00, "EUR"
    if name == "AuthoriseCharge":
        request.merchant.name = "The Shop"
    called = next(each for each in rpcs() if str(each) == f"accounts.{name}")
    sender = "operator" if name == "RecordPayment" else "gateway"
    answer = outsider.call(called, request, by=sender)
    if name == "AuthoriseCharge":
        decision = pb.AuthoriseChargeResponse.FromString(answer.answers[0])
        assert not decision.approved
        assert decision.charge.reason == "CURRENCY_NOT_SUPPORTED"
    else:
        assert answer.reason == "CURRENCY_MISMATCH", answer
        assert answer.code.name in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"), answer
    assert outsider.ask("accounts.GetAccount", account, by="operator").account == before
