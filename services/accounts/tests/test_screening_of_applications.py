"""Applicants are looked for on lists: whoever is clear may pass, of others people decide."""

from typing import Any

import pytest
from cards.accounts.v1 import applications_service_pb2 as pb
from cards.risk.v1 import screening_service_pb2 as risk

from chassis.kernel.errors import Error, Exhausted, Forbidden, Invalid, Unavailable
from services.accounts.domain.applications import events
from services.accounts.tests.conftest import Door
from services.accounts.tests.test_applications_at_the_door import asked
from services.accounts.use_cases.accounts import Accounts

SANCTIONS = risk.SCREENING_LIST_PURPOSE_SANCTIONS
EXPOSED = risk.SCREENING_LIST_PURPOSE_POLITICALLY_EXPOSED


async def test_whoever_is_clear_and_fits_the_rules_is_a_customer_at_once(door: Door) -> None:
    await door.define()
    door.risk.listed = {}
    submitted = await door("SubmitApplication", asked())
    application = submitted.application
    assert application.status == pb.APPLICATION_STATUS_APPROVED
    assert list(application.findings) == []
    assert len(submitted.account.cards) == 1
    (question,) = door.risk.screened
    assert (question.name, question.date_of_birth) == ("Ada Canary", "1990-12-10")
    assert question.subject_id == application.customer_id
    assert question.screening_id == application.screening_id
    assert door.risk.timeouts == [1.0]
    assert door.risk.person_tokens == [""]


@pytest.mark.parametrize(
    ("purpose", "finding"),
    [(SANCTIONS, "SANCTIONS_MATCH"), (EXPOSED, "POLITICALLY_EXPOSED_MATCH")],
)
async def test_a_match_is_left_to_people_who_are_told_which_screening(
    door: Door, purpose: risk.ScreeningListPurpose.ValueType, finding: str
) -> None:
    await door.define()
    door.risk.listed = {"Ada Canary": purpose}
    application = (await door("SubmitApplication", asked())).application
    assert application.status == pb.APPLICATION_STATUS_REFERRED
    assert list(application.reasons) == [finding]
    assert application.screening_id == door.risk.screened[0].screening_id
    shown = await door("GetApplication", application_id=application.application_id)
    assert shown.application.screening_id == application.screening_id


@pytest.mark.parametrize(
    "failure",
    [
        Unavailable("SERVICE_AWAY", "risk cannot be reached"),
        Exhausted("TOO_BUSY", "later"),
        Error("DEADLINE_EXCEEDED", "risk is slow"),
        Forbidden("NOT_PERMITTED", "a policy is missing"),
        Invalid("NAME_UNREADABLE", "there is no letter in it"),
        None,
    ],
)
async def test_without_a_word_people_look_at_it(door: Door, failure: Error | None) -> None:
    """Away, slow, too busy, without a list in force (None): nobody is clear by that."""
    await door.define()
    door.risk.failure = failure
    application = (await door("SubmitApplication", asked())).application
    assert application.status == pb.APPLICATION_STATUS_REFERRED
    assert list(application.reasons) == ["SCREENING_NOT_AVAILABLE"]
    assert application.screening_id == ""


async def test_the_same_application_again_is_answered_the_same_whatever_risk_says_now(
    door: Door,
) -> None:
    await door.define()
    door.risk.listed = {"Ada Canary": SANCTIONS}
    first = await door("SubmitApplication", asked(application_id="a" * 32))
    door.risk.listed = {}
    again = await door("SubmitApplication", asked(application_id="a" * 32))
    assert again.application == first.application
    assert len(door.risk.screened) == 1
    facts = door.node.facts()
    assert sum(isinstance(each, events.ApplicationSubmitted) for each in facts) == 1


async def test_what_broke_off_after_risks_word_asks_for_the_same_screening(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.define()
    door.risk.listed = {}

    async def none_free(*_: Any) -> None:
        raise Exhausted("NO_CARD_NUMBER_FREE", "no free card number was found; try again")

    with monkeypatch.context() as broken:
        broken.setattr(Accounts, "with_new_number", none_free)
        with pytest.raises(Exhausted):
            await door("SubmitApplication", asked(application_id="b" * 32))
    await door("SubmitApplication", asked(application_id="b" * 32))
    first, second = (each.screening_id for each in door.risk.screened)
    assert first == second


async def test_whoever_is_declined_by_rule_is_declined_even_on_a_list(door: Door) -> None:
    await door.define()
    door.risk.listed = {"Ada Canary": SANCTIONS}
    young = asked(date_of_birth="2015-01-01")
    application = (await door("SubmitApplication", young)).application
    assert application.status == pb.APPLICATION_STATUS_DECLINED
    assert list(application.reasons) == ["UNDER_AGE"]
    assert "SANCTIONS_MATCH" in application.findings
