"""Applications at the door: one flow to customer, account and card, and nothing personal told."""

import asyncio
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import applications_service_pb2 as pb

from chassis.call import Principal
from chassis.kernel.errors import Invalid, NotFound, Refused
from services.accounts.domain.applications import events
from services.accounts.tests.conftest import Door, gbp

SECOND = Principal("operator:otto", "operator", ("operator",))
ADA = {
    "given_name": "Ada",
    "family_name": "Canary",
    "email": "Ada.Canary@EXAMPLE.com",
    "phone": "0121 496 0000",
    "date_of_birth": "1990-12-10",
    "address": accounts.Address(
        lines=["1 Canary Street"], city="Birmingham", postal_code="B1 1BB", country="GB"
    ),
    "annual_income": gbp(30_000),
}
LOOKED_AT = ["SCREENING_NOT_AVAILABLE"]


def asked(**changes: Any) -> pb.SubmitApplicationRequest:
    """Ada applies; `changes` are fields of the request, or of the applicant."""
    fields = set(pb.SubmitApplicationRequest.DESCRIPTOR.fields_by_name)
    applicant = {name: each for name, each in changes.items() if name not in fields}
    more = {name: each for name, each in changes.items() if name in fields}
    return pb.SubmitApplicationRequest(
        programme_id="everyday", applicant=pb.Applicant(**{**ADA, **applicant}), **more
    )


async def approved(door: Door, **changes: Any) -> Any:
    """An application that two people approve; what the second is answered."""
    submitted = await door("SubmitApplication", asked(**changes))
    about = {"application_id": submitted.application.application_id}
    await door("ProposeApproval", **about)
    return await door("ConfirmApproval", as_=SECOND, **about)


async def test_two_people_make_a_customer_with_account_and_card(door: Door) -> None:
    await door.define()
    submitted = await door("SubmitApplication", asked())
    application = submitted.application
    assert application.status == pb.APPLICATION_STATUS_REFERRED
    assert application.findings == LOOKED_AT
    assert not submitted.HasField("account")
    about = {"application_id": application.application_id}
    await door("ProposeApproval", limit=gbp(400), **about)
    with pytest.raises(Refused) as same_person:
        await door("ConfirmApproval", **about)
    assert same_person.value.reason == "SECOND_PERSON_NEEDED"
    confirmed = await door("ConfirmApproval", as_=SECOND, **about)
    account = confirmed.account
    assert (account.limit, len(account.cards)) == (gbp(400), 1)
    assert confirmed.application.customer_id == account.customer_id
    customer = await door("GetCustomer", customer_id=account.customer_id)
    assert customer.details.phone == "+441214960000"
    assert customer.details.email == "Ada.Canary@example.com"
    charge = await door.charge(account, 10)
    assert charge.approved
    again = await door("ConfirmApproval", as_=SECOND, **about)
    assert again.account.account_id == account.account_id


async def test_an_application_is_one_unit_with_what_it_leads_to(door: Door) -> None:
    """When the account cannot be opened, it is not approved either."""
    await door.define()
    submitted = await door("SubmitApplication", asked())
    about = {"application_id": submitted.application.application_id}
    await door("ProposeApproval", **about)
    before = len(door.node.facts())
    with pytest.raises(Refused):
        await door("ConfirmApproval", **about)
    assert len(door.node.facts()) == before
    both = await asyncio.gather(
        door("ConfirmApproval", as_=SECOND, **about),
        door("ConfirmApproval", as_=SECOND, **about),
    )
    assert both[0].account.account_id == both[1].account.account_id
    facts = door.node.facts()
    assert sum(isinstance(each, events.ApplicationApproved) for each in facts) == 1
    assert sum(type(each).__name__ == "AccountOpened" for each in facts) == 1


async def test_the_same_person_has_one_application_and_is_one_customer(door: Door) -> None:
    await door.define()
    spelt = {"given_name": "ADA", "family_name": "canary", "email": "other@example.com"}
    first, second = await asyncio.gather(
        door("SubmitApplication", asked()), door("SubmitApplication", asked(**spelt))
    )
    assert first.application.status == pb.APPLICATION_STATUS_REFERRED
    assert second.application.status == pb.APPLICATION_STATUS_DECLINED
    assert second.application.reasons == ["DUPLICATE_APPLICATION"]
    about = {"application_id": first.application.application_id}
    await door("DeclineApplication", reasons=["IDENTITY_NOT_PROVEN"], **about)
    third = await door("SubmitApplication", asked(**spelt))
    about = {"application_id": third.application.application_id}
    await door("WithdrawApplication", reason="CHANGED_MIND", **about)
    await approved(door)
    fourth = await door("SubmitApplication", asked(**spelt))
    assert fourth.application.reasons == ["ALREADY_CUSTOMER"]


async def test_whoever_was_registered_without_applying_is_a_customer_too(door: Door) -> None:
    await door.open()
    submitted = await door("SubmitApplication", asked())
    assert submitted.application.reasons == ["ALREADY_CUSTOMER"]


async def test_too_young_and_too_poor_is_declined_with_both_reasons(door: Door) -> None:
    await door.define(minimum_income=gbp(40_000), minimum_age_years=36)
    submitted = await door("SubmitApplication", asked())
    assert submitted.application.status == pb.APPLICATION_STATUS_DECLINED
    assert submitted.application.reasons == ["UNDER_AGE", "INSUFFICIENT_INCOME"]
    assert submitted.application.decided_by == ""


async def test_people_look_at_a_number_that_nobody_can_have_and_at_a_large_limit(
    door: Door,
) -> None:
    await door.define()
    nobodys = asked(phone="01632 960961", requested_limit=gbp(1_000.01))
    submitted = await door("SubmitApplication", nobodys)
    assert submitted.application.reasons == [
        "PHONE_NOT_IN_USE",
        "LIMIT_ABOVE_PROGRAMME",
        *LOOKED_AT,
    ]


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"phone": "12"}, "PHONE_MALFORMED", "applicant.phone"),
        ({"phone": "call me"}, "PHONE_MALFORMED", "applicant.phone"),
        ({"email": "ada@localhost"}, "EMAIL_MALFORMED", "applicant.email"),
        ({"date_of_birth": "1990-02-30"}, "DATE_MALFORMED", "applicant.date_of_birth"),
        ({"date_of_birth": "2026-01-02"}, "DATE_MALFORMED", "applicant.date_of_birth"),
        (
            {"address": accounts.Address(lines=["1"], city="B", country="GB")},
            "ADDRESS_INCOMPLETE",
            "applicant.address",
        ),
        ({"annual_income": None}, "INCOME_MISSING", "applicant.annual_income"),
        (
            {"requested_limit": accounts.Account().limit.__class__(currency_code="EUR")},
            "CURRENCY_MISMATCH",
            "requested_limit",
        ),
    ],
)
async def test_what_can_be_put_right_is_told_by_its_field(
    door: Door, changes: dict[str, Any], reason: str, field: str
) -> None:
    await door.define(minimum_income=gbp(1))
    before = len(door.node.facts())
    with pytest.raises(Invalid) as malformed:
        await door("SubmitApplication", asked(**changes))
    assert (malformed.value.reason, malformed.value.field) == (reason, field)
    assert len(door.node.facts()) == before


async def test_an_application_for_nothing_is_not_found(door: Door) -> None:
    with pytest.raises(NotFound) as unknown:
        await door("SubmitApplication", asked())
    assert unknown.value.reason == "PROGRAMME_NOT_FOUND"


async def test_the_same_application_again_is_answered_the_same(door: Door) -> None:
    await door.define()
    request = asked(application_id="a" * 32)
    first = await door("SubmitApplication", request)
    again = await door("SubmitApplication", request)
    assert again.application == first.application
    with pytest.raises(Refused) as another:
        await door("SubmitApplication", asked(application_id="a" * 32, locale="zh-CN"))
    assert another.value.reason == "APPLICATION_SUBMITTED_DIFFERENTLY"


async def test_who_looks_at_an_application_is_put_on_record(door: Door) -> None:
    await door.define()
    submitted = await door("SubmitApplication", asked())
    about = {"application_id": submitted.application.application_id}
    looked = await door("GetApplication", **about)
    assert looked.applicant.family_name == "Canary"
    assert looked.applicant.annual_income == gbp(30_000)
    assert looked.application == submitted.application


async def test_the_queue_is_worked_from_its_front_in_stable_pages(door: Door) -> None:
    await door.define()
    ids = []
    for name in ("Ada", "Bea", "Cleo"):
        submitted = await door("SubmitApplication", asked(given_name=name))
        ids.append(submitted.application.application_id)
    await door.node.caught_up()
    waiting: dict[str, Any] = {"status": pb.APPLICATION_STATUS_REFERRED, "page_size": 2}
    page = await door("ListApplications", **waiting)
    assert [each.application_id for each in page.applications] == ids[:2]
    assert page.applications[0].reasons == LOOKED_AT
    await door("WithdrawApplication", application_id=ids[0], reason="CHANGED_MIND")
    await door.node.caught_up()
    rest = await door("ListApplications", page_token=page.next_page_token, **waiting)
    assert [each.application_id for each in rest.applications] == ids[2:]
    assert rest.next_page_token == ""
    everything = await door("ListApplications", programme_id="everyday")
    statuses = [each.status for each in everything.applications]
    assert statuses == [
        pb.APPLICATION_STATUS_WITHDRAWN,
        pb.APPLICATION_STATUS_REFERRED,
        pb.APPLICATION_STATUS_REFERRED,
    ]


async def test_nothing_personal_is_stored_in_clear(door: Door) -> None:
    await door.define()
    await approved(door)
    stored = repr(door.node.facts()).casefold()
    for personal in ("canary", "birmingham", "1214960000", "1990-12-10", "3000000"):
        assert personal not in stored
