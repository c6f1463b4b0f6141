"""Applications: what is found decides, or refers to two people; one open application a person."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.errors import Error, Invalid, NotFound, Refused
from services.accounts.domain.applications import commands, events
from services.accounts.domain.applications.applicant import APPLICANT
from services.accounts.domain.applications.application import APPLICATION, ApplicationStatus
from services.accounts.domain.applications.verification import (
    DECLINING,
    Finding,
    Outcome,
    Particulars,
    Screening,
    age_on,
    findings,
    identity_of,
    outcome_of,
)
from services.accounts.domain.customer import SealedProfile
from services.accounts.domain.values import CardKind
from services.accounts.tests.stories import TODAY, Story, pounds, terms

OLGA, OTTO = "operator:olga", "operator:otto"
PROFILE = SealedProfile(
    given_name="sealed-1",
    family_name="sealed-2",
    email="sealed-3",
    phone="sealed-4",
    date_of_birth="sealed-5",
    address="sealed-6",
    locale="sealed-7",
)
SEALED = commands.SealedApplication(
    customer_id="customer",
    programme_id="everyday",
    programme_version=1,
    card_kind=CardKind.VIRTUAL,
    requested_limit=pounds(1000),
    profile=PROFILE,
    profile_digest="digest of the profile",
    annual_income="",
    identity_hash="hash",
    application_digest="digest",
)
FINE = Particulars(
    date_of_birth=date(1990, 12, 10),
    phone_in_use=True,
    annual_income_minor=None,
    requested_limit_minor=100_000,
    is_customer=False,
    has_open_application=False,
    screening=Screening.CLEAR,
)


def submission(*found: Finding) -> commands.SubmitApplication:
    return commands.SubmitApplication(
        application_id="application",
        account_id="account",
        application=SEALED,
        findings=found,
    )


def proposal(by: str = OLGA, limit: float | None = None) -> commands.ProposeApproval:
    asked = None if limit is None else pounds(limit)
    return commands.ProposeApproval(application_id="application", limit=asked, by=by)


def confirmation(by: str = OTTO) -> commands.ConfirmApproval:
    return commands.ConfirmApproval(application_id="application", account_id="account", by=by)


DECLINE = commands.DeclineApplication(
    application_id="application", reasons=("IDENTITY_NOT_PROVEN",), by=OLGA
)
WITHDRAW = commands.WithdrawApplication(
    application_id="application", reason="CHANGED_MIND", by=OLGA
)


def refused(story: Story, command: Any) -> str:
    with pytest.raises(Error) as refusal:
        story.decide(command)
    return refusal.value.reason


# What is found


@pytest.mark.parametrize(
    ("changes", "programme", "found"),
    [
        ({}, {}, ()),
        ({"date_of_birth": date(2008, 3, 15)}, {}, (Finding.UNDER_AGE,)),
        ({"date_of_birth": date(2008, 3, 14)}, {}, ()),
        ({"date_of_birth": date(2006, 3, 14)}, {"minimum_age_years": 21}, (Finding.UNDER_AGE,)),
        ({}, {"minimum_income_minor": 1}, (Finding.INSUFFICIENT_INCOME,)),
        ({"annual_income_minor": 99}, {"minimum_income_minor": 99}, ()),
        ({"is_customer": True}, {}, (Finding.ALREADY_CUSTOMER,)),
        ({"has_open_application": True}, {}, (Finding.DUPLICATE_APPLICATION,)),
        ({"phone_in_use": False}, {}, (Finding.PHONE_NOT_IN_USE,)),
        ({"requested_limit_minor": 100_001}, {}, (Finding.LIMIT_ABOVE_PROGRAMME,)),
        ({"screening": Screening.SANCTIONS_MATCH}, {}, (Finding.SANCTIONS_MATCH,)),
        (
            {"screening": Screening.POLITICALLY_EXPOSED_MATCH},
            {},
            (Finding.POLITICALLY_EXPOSED_MATCH,),
        ),
        ({"screening": Screening.NOT_AVAILABLE}, {}, (Finding.SCREENING_NOT_AVAILABLE,)),
    ],
)
def test_what_is_found(
    changes: dict[str, Any], programme: dict[str, Any], found: tuple[Finding, ...]
) -> None:
    """As of 2026-03-14; the programme grants 1000.00 to whoever is 18."""
    assert findings(replace(FINE, **changes), terms(**programme), TODAY) == found


@given(st.sets(st.sampled_from(Finding)))
def test_what_declines_declines_whatever_else_is_found(found: set[Finding]) -> None:
    outcome = outcome_of(tuple(sorted(found)))
    assert (outcome is Outcome.APPROVED) == (not found)
    assert (outcome is Outcome.DECLINED) == bool(found & DECLINING)


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2026, 3, 14), TODAY, 0),
    ],
)
def test_somebody_is_a_year_older_on_their_birthday(born: date, day: date, years: int) -> None:
    assert age_on(born, day) == years


def test_somebody_is_the_same_however_they_are_spelt() -> None:
    born = date(1990, 12, 10)
    known = identity_of("Ada Marie", "Müller-Lüdenscheidt", born, "B1 1BB")
    assert identity_of("ADA marie", "Mu\u0308ller  Lüdenscheidt", born, "b11bb") == known
    assert identity_of("Müller-Lüdenscheidt", "Ada Marie", born, "B1 1BB") == known
    assert identity_of("Ada", "Müller-Lüdenscheidt", born, "B1 1BB") != known
    assert identity_of("李", "小龙", born, "1") != identity_of("李", "小红", born, "1")


# What becomes of it


def test_an_application_without_findings_is_approved() -> None:
    story = Story(APPLICATION)
    submitted, verified, approved = story.when(submission())
    assert isinstance(submitted, events.ApplicationSubmitted)
    assert verified == events.ApplicationVerified(
        application_id="application",
        programme_id="everyday",
        findings=(),
        transaction_date=TODAY,
    )
    assert approved == events.ApplicationApproved(
        application_id="application",
        programme_id="everyday",
        customer_id="customer",
        account_id="account",
        limit=pounds(1000),
        proposed_by="",
        confirmed_by="",
        transaction_date=TODAY,
    )


def test_a_declined_applicant_is_told_what_declined_them_and_nothing_else() -> None:
    story = Story(APPLICATION)
    *_, declined = story.when(submission(Finding.UNDER_AGE, Finding.SCREENING_HIT))
    assert isinstance(declined, events.ApplicationDeclined)
    assert declined.reasons == ("UNDER_AGE",)
    assert declined.customer_id == "customer"
    assert refused(story, proposal()) == "APPLICATION_DECIDED"


def test_a_referred_application_needs_two_people() -> None:
    story = Story(APPLICATION)
    *_, referred = story.when(submission(Finding.PHONE_NOT_IN_USE))
    assert isinstance(referred, events.ApplicationReferred)
    assert refused(story, confirmation()) == "APPROVAL_NOT_PROPOSED"
    story.when(proposal(limit=500))
    assert refused(story, confirmation(by=OLGA)) == "SECOND_PERSON_NEEDED"
    assert refused(story, proposal(by=OTTO)) == "APPROVAL_PROPOSED_DIFFERENTLY"
    (approved,) = story.when(confirmation())
    assert isinstance(approved, events.ApplicationApproved)
    assert (approved.limit, approved.proposed_by, approved.confirmed_by) == (
        pounds(500),
        OLGA,
        OTTO,
    )
    assert story.decide(proposal(limit=500)) == ()
    assert refused(story, confirmation(by="operator:third")) == "APPLICATION_DECIDED"
    assert refused(story, DECLINE) == "APPLICATION_DECIDED"
    assert refused(story, WITHDRAW) == "APPLICATION_DECIDED"


@pytest.mark.parametrize("proposed", [False, True])
@pytest.mark.parametrize("command", [DECLINE, WITHDRAW])
def test_one_person_is_enough_to_end_it(proposed: bool, command: Any) -> None:
    story = Story(APPLICATION)
    story.when(submission(Finding.PHONE_NOT_IN_USE))
    if proposed:
        story.when(proposal())
    story.when(command)
    ended = (ApplicationStatus.DECLINED, ApplicationStatus.WITHDRAWN)
    assert story.state.status in ended
    assert refused(story, confirmation()) == "APPLICATION_DECIDED"


def test_a_decline_has_reasons() -> None:
    story = Story(APPLICATION)
    story.when(submission(Finding.PHONE_NOT_IN_USE))
    assert refused(story, replace(DECLINE, reasons=())) == "REASONS_MISSING"
    assert refused(story, replace(DECLINE, reasons=("WHY",) * 9)) == "REASONS_MISSING"


def test_another_application_under_the_same_id_is_refused() -> None:
    story = Story(APPLICATION)
    story.when(submission(Finding.PHONE_NOT_IN_USE))
    sealed_anew = replace(SEALED, profile=replace(PROFILE, email="sealed-9"))
    assert story.decide(replace(submission(), application=sealed_anew)) == ()
    another = replace(submission(), application=replace(SEALED, application_digest="another"))
    assert refused(story, another) == "APPLICATION_SUBMITTED_DIFFERENTLY"


@pytest.mark.parametrize("command", [proposal(), confirmation(), DECLINE, WITHDRAW])
def test_what_nobody_submitted_is_not_found(command: Any) -> None:
    assert refused(Story(APPLICATION), command) == "APPLICATION_NOT_FOUND"


def test_a_limit_is_in_the_currency_of_the_programme() -> None:
    story = Story(APPLICATION)
    story.when(submission(Finding.PHONE_NOT_IN_USE))
    foreign = replace(proposal(), limit=replace(pounds(1), currency="EUR"))
    assert refused(story, foreign) == "CURRENCY_MISMATCH"


@given(
    st.lists(
        st.sampled_from(
            [
                submission(Finding.PHONE_NOT_IN_USE),
                proposal(),
                proposal(by=OTTO),
                confirmation(by=OLGA),
                confirmation(),
                DECLINE,
                WITHDRAW,
            ]
        ),
        max_size=8,
    )
)
def test_in_whatever_order_nobody_is_approved_by_one_person_and_it_ends_once(
    asked: list[Any],
) -> None:
    story = Story(APPLICATION)
    for command in asked:
        try:
            story.when(command)
        except (Refused, NotFound, Invalid):
            # What may not be is as good a step as any: the law is about what came to be.
            continue
    approved = [each for each in story.facts if isinstance(each, events.ApplicationApproved)]
    assert all(each.proposed_by != each.confirmed_by for each in approved)
    ends = (events.ApplicationApproved, events.ApplicationDeclined, events.ApplicationWithdrawn)
    assert sum(isinstance(each, ends) for each in story.facts) <= 1


# One open application a person

CLAIM = commands.ClaimApplicant(identity_hash="hash", application_id="application")
RELEASE = commands.ReleaseApplicant(identity_hash="hash", application_id="application")
KNOW = commands.KnowApplicant(identity_hash="hash", customer_id="customer")
FORGET = commands.ForgetApplicant(identity_hash="hash", customer_id="customer")


def test_somebody_has_one_open_application() -> None:
    story = Story(APPLICANT)
    story.when(CLAIM)
    assert refused(story, replace(CLAIM, application_id="another")) == "APPLICANT_TAKEN"
    assert story.decide(replace(RELEASE, application_id="another")) == ()
    story.when(RELEASE)
    story.when(replace(CLAIM, application_id="another"))


def test_a_customer_does_not_apply_until_they_are_forgotten() -> None:
    story = Story(APPLICANT)
    story.when(KNOW)
    story.when(replace(KNOW, customer_id="registered twice"))
    assert refused(story, CLAIM) == "APPLICANT_TAKEN"
    story.when(FORGET)
    assert refused(story, CLAIM) == "APPLICANT_TAKEN"
    story.when(replace(FORGET, customer_id="registered twice"))
    story.when(CLAIM)
