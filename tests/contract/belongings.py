"""Requests about what is a holder's, wherever an rpc can name it."""

from random import Random
from typing import Any

from cards.support.v1 import support_service_pb2 as support

from tests.contract import values
from tests.contract.contracts import Rpc
from tests.contract.outside import Outsider
from tests.contract.story import Holder

PURPOSE = "accounts.contract"
"""Of data keys, which no holder has."""


def ids_of(holder: Holder, outsider: Outsider) -> dict[str, str]:
    """What is a holder's, by the type that the door knows it as."""
    person = outsider.people[holder.name]
    return {
        "Account": holder.account_id,
        "PointsAccount": holder.account_id,
        "Card": holder.card_id,
        "Customer": holder.customer_id,
        "Recipient": holder.customer_id,
        "Case": holder.case_id,
        "Identity": person.identity_id,
        "Session": person.tokens.session_id,
        "Purpose": PURPOSE,
    }


def made_from_rules(called: Rpc, *, full: bool) -> Any:
    """A request that keeps the rules and is about nothing that exists."""
    request: Any = values.valid(called.method.input_type, Random(f"{called} {full}"), full=full)
    if called.door.resource_type == "Purpose":
        setattr(request, called.door.resource_field, PURPOSE)
    return request


def about(called: Rpc, holder: Holder, outsider: Outsider, *, full: bool = False) -> Any:
    """A request that keeps the rules and is about what is the holder's."""
    request = made_from_rules(called, full=full)
    known = ids_of(holder, outsider)
    path, kind = called.door.resource_field, called.door.resource_type
    if path and "." not in path and kind in known:
        setattr(request, path, known[kind])
    if str(called) == "support.ListCases":
        return support.ListCasesRequest(customer_id=holder.customer_id)
    if str(called) == "support.Converse":
        join = support.ConverseRequest.Join(case_id=holder.case_id)
        return support.ConverseRequest(join=join)
    return request
