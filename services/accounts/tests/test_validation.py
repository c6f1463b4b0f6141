"""The rules in accounts_service.proto: every request has rules that compile and refuse nonsense."""

from typing import Any

import protovalidate
import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from google.protobuf.message_factory import GetMessageClass

from services.accounts.tests.conftest import GROCER, gbp

ID = "0123456789abcdef" * 2
SERVICE = pb.DESCRIPTOR.services_by_name["AccountsService"]
AUTHORISE: dict[str, Any] = {
    "idempotency_key": "key",
    "card_id": ID,
    "amount": gbp(10),
    "merchant": GROCER,
}


def violations(message: Any) -> list[str]:
    """The paths of the fields at fault."""
    return [
        ".".join(element.field_name for element in each.proto.field.elements)
        for each in protovalidate.collect_violations(message)
        if each.proto.field is not None
    ]


@pytest.mark.parametrize("method", list(SERVICE.methods), ids=lambda method: method.name)
def test_every_rule_compiles_and_what_changes_something_has_a_key(method: Any) -> None:
    found = violations(GetMessageClass(method.input_type)())
    mutating = "receipt" in method.output_type.fields_by_name
    assert ("idempotency_key" in found) == mutating
    assert ("idempotency_key" in method.input_type.fields_by_name) == mutating


def test_a_well_formed_authorisation_is_let_in() -> None:
    assert violations(pb.AuthoriseChargeRequest(**AUTHORISE)) == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"idempotency_key": "x" * 129}, "idempotency_key"),
        ({"idempotency_key": "line\nbreak"}, "idempotency_key"),
        ({"card_id": "4111111111111111"}, "card_id"),
        ({"card_number": "4111 1111 1111 1111"}, "card_number"),
        ({"amount": gbp(-1)}, "amount"),
        ({"amount": type(gbp(1))(minor_units=1, currency_code="gbp")}, "amount.currency_code"),
        ({"amount": None}, "amount"),
        ({"original_amount": gbp(0)}, "original_amount"),
        ({"rate": "1,5"}, "rate"),
        ({"merchant": None}, "merchant"),
        ({"merchant": events_pb2.Merchant(name="")}, "merchant.name"),
        ({"merchant": events_pb2.Merchant(name="n", mcc="541")}, "merchant.mcc"),
        ({"merchant": events_pb2.Merchant(name="n", country="gb")}, "merchant.country"),
        ({"entry_mode": 99}, "entry_mode"),
        ({"transaction_date": "1 March"}, "transaction_date"),
    ],
)
def test_a_malformed_authorisation_is_refused_at_its_field(
    changes: dict[str, Any], path: str
) -> None:
    assert violations(pb.AuthoriseChargeRequest(**{**AUTHORISE, **changes})) == [path]


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (pb.ClearChargeRequest(idempotency_key="k", card_id=ID, amount=gbp(0)), "amount"),
        (pb.RefundChargeRequest(idempotency_key="k", card_id=ID, amount=gbp(-5)), "amount"),
        (pb.GetAccountRequest(account_id="nonsense"), "account_id"),
        (pb.GetProgrammeRequest(programme_id="No Such"), "programme_id"),
        (pb.ListTransactionsRequest(account_id=ID, page_size=201), "page_size"),
        (
            pb.ListTransactionsRequest(
                account_id=ID, filter=pb.TransactionFilter(category="Food!")
            ),
            "filter.category",
        ),
        (
            pb.RegisterCustomerRequest(
                idempotency_key="k",
                details=pb.PersonalDetails(given_name="Ada", email="not an address"),
            ),
            "details.email",
        ),
        (
            pb.RegisterCustomerRequest(
                idempotency_key="k",
                details=pb.PersonalDetails(given_name="Ada", email="a@b.cc", phone="0121 1"),
            ),
            "details.phone",
        ),
    ],
)
def test_nonsense_is_refused_at_its_field(message: Any, path: str) -> None:
    assert violations(message) == [path]
