"""Programmes change: one proposes, another approves, from a day on; accounts keep theirs."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.errors import Error, Invalid, NotFound, Refused
from services.accounts.domain.programme import PROGRAMME, DefineProgramme
from services.accounts.domain.programmes import commands, events
from services.accounts.domain.programmes.changing import CHANGES_OPEN_LIMIT
from services.accounts.domain.programmes.state import ChangeStatus, Version, version_in_force_on
from services.accounts.domain.values import MccGroup, MccRange
from services.accounts.tests.stories import TODAY, AccountStory, Story, pounds, terms

OLGA, OTTO = "operator:olga", "operator:otto"
DEARER = terms(default_limit_minor=200_000)
CHANGE = commands.ProposeProgrammeChange(
    programme_id="everyday",
    change_id="change-1",
    name="Everyday Plus",
    terms=DEARER,
    effective_on=TODAY + timedelta(days=10),
    note="Competitors grant more.",
    by=OLGA,
)
ONE_DIGIT, FOUR_DIGITS = MccRange(first="1", last="2"), MccRange(first="1111", last="2222")


def approval(change_id: str = "change-1", by: str = OTTO) -> commands.ApproveProgrammeChange:
    return commands.ApproveProgrammeChange(programme_id="everyday", change_id=change_id, by=by)


@pytest.fixture
def story() -> Story:
    told = Story(PROGRAMME)
    told.when(DefineProgramme(programme_id="everyday", name="Everyday", terms=terms()))
    return told


def refused(story: Story, command: Any) -> str:
    with pytest.raises(Error) as refusal:
        story.decide(command)
    return refusal.value.reason


# Two people


def test_one_proposes_another_approves_and_it_is_in_force_from_its_day_on(story: Story) -> None:
    (proposed,) = story.when(CHANGE)
    assert isinstance(proposed, events.ProgrammeChangeProposed)
    assert (proposed.based_on_version, proposed.proposed_by) == (1, OLGA)
    (approved,) = story.when(approval())
    assert approved == events.ProgrammeChangeApproved(
        programme_id="everyday",
        change_id="change-1",
        programme_version=2,
        name="Everyday Plus",
        currency="GBP",
        default_limit=pounds(2000),
        terms=DEARER,
        effective_on=CHANGE.effective_on,
        approved_by=OTTO,
        transaction_date=TODAY,
    )
    state = story.state
    assert state.in_force_on(CHANGE.effective_on - timedelta(days=1)).number == 1
    assert state.in_force_on(CHANGE.effective_on).terms == DEARER
    assert state.change("change-1").status is ChangeStatus.APPROVED


def test_nobody_approves_or_rejects_what_they_proposed_themselves(story: Story) -> None:
    story.when(CHANGE)
    assert refused(story, approval(by=OLGA)) == "SECOND_PERSON_NEEDED"
    rejection = commands.RejectProgrammeChange(
        programme_id="everyday", change_id="change-1", reason="TOO_DEAR", by=OLGA
    )
    assert refused(story, rejection) == "SECOND_PERSON_NEEDED"
    (fact,) = story.when(replace(rejection, by=OTTO))
    assert isinstance(fact, events.ProgrammeChangeRejected)
    assert refused(story, approval()) == "CHANGE_DECIDED"


def test_only_who_proposed_a_change_withdraws_it(story: Story) -> None:
    story.when(CHANGE)
    withdrawal = commands.WithdrawProgrammeChange(
        programme_id="everyday", change_id="change-1", by=OTTO
    )
    assert refused(story, withdrawal) == "CHANGE_OF_ANOTHER"
    story.when(replace(withdrawal, by=OLGA))
    assert refused(story, approval()) == "CHANGE_DECIDED"
    assert len(story.state.versions) == 1


# Dates


@pytest.mark.parametrize(
    ("effective_on", "reason"),
    [
        (TODAY - timedelta(days=1), "EFFECTIVE_DATE_PAST"),
        (date(TODAY.year + 11, 1, 1), "EFFECTIVE_DATE_TOO_FAR"),
    ],
)
def test_a_bad_date_is_refused(story: Story, effective_on: date, reason: str) -> None:
    assert refused(story, replace(CHANGE, effective_on=effective_on)) == reason


def test_a_change_may_take_effect_the_same_day(story: Story) -> None:
    story.when(replace(CHANGE, effective_on=TODAY))
    story.when(approval())
    assert story.state.in_force_on(TODAY).number == 2


def test_an_approval_after_the_day_is_too_late(story: Story) -> None:
    story.when(CHANGE)
    story.later(days=10)
    story.when(replace(CHANGE, change_id="change-2", effective_on=TODAY + timedelta(days=20)))
    story.later(days=1)
    assert refused(story, approval()) == "CHANGE_TOO_LATE"
    story.when(approval("change-2"))


def test_a_change_does_not_take_effect_before_one_that_is_approved(story: Story) -> None:
    story.when(CHANGE)
    story.when(approval())
    sooner = replace(CHANGE, change_id="change-2", effective_on=TODAY + timedelta(days=9))
    assert refused(story, sooner) == "CHANGE_OVERLAPS"
    same_day = replace(CHANGE, change_id="change-2", terms=terms(stand_in_limit_minor=1))
    story.when(same_day)
    story.when(approval("change-2"))
    assert story.state.in_force_on(CHANGE.effective_on).number == 3


def test_of_two_changes_on_the_same_version_the_second_is_outdated(story: Story) -> None:
    story.when(CHANGE)
    story.when(replace(CHANGE, change_id="change-2", by=OTTO, terms=terms(stand_in_limit_minor=1)))
    story.when(approval())
    assert refused(story, approval("change-2", by=OLGA)) == "CHANGE_OUTDATED"


# What does not change, and what is nonsense


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"currency": "EUR"}, "CURRENCY_FIXED"),
        ({"bin": "500013"}, "BIN_FIXED"),
        ({"minimum_age_years": 121}, "AGE_SENSELESS"),
        ({"minimum_income_minor": -1}, "AMOUNT_NEGATIVE"),
        ({"mcc_groups": (MccGroup(name="FUEL", ranges=()),)}, "MCC_RANGE_MALFORMED"),
        (
            {"mcc_groups": (MccGroup(name="F", ranges=(MccRange(first="5542", last="5541"),)),)},
            "MCC_RANGE_MALFORMED",
        ),
        (
            {"mcc_groups": (MccGroup(name="F", ranges=(ONE_DIGIT,)),) * 2},
            "MCC_RANGE_MALFORMED",
        ),
        (
            {"mcc_groups": (MccGroup(name="F", ranges=(FOUR_DIGITS,)),) * 2},
            "MCC_GROUP_NAME",
        ),
        ({"mcc_groups": (MccGroup(name="fuel", ranges=()),)}, "MCC_GROUP_NAME"),
        ({"mcc_groups": (MccGroup(name="FUEL", ranges=()),) * 65}, "TOO_MANY_MCC_GROUPS"),
    ],
)
def test_terms_that_cannot_be(story: Story, changes: dict[str, Any], reason: str) -> None:
    assert refused(story, replace(CHANGE, terms=terms(**changes))) == reason


def test_the_same_change_is_proposed_once_and_another_under_its_id_is_refused(
    story: Story,
) -> None:
    story.when(CHANGE)
    assert refused(story, replace(CHANGE, note="else")) == "CHANGE_PROPOSED_DIFFERENTLY"
    assert refused(story, replace(CHANGE, by=OTTO)) == "CHANGE_PROPOSED_DIFFERENTLY"


def test_changes_that_wait_are_limited(story: Story) -> None:
    for number in range(CHANGES_OPEN_LIMIT):
        story.when(replace(CHANGE, change_id=f"change-{number}"))
    assert refused(story, replace(CHANGE, change_id="one too many")) == "TOO_MANY_CHANGES"


def test_what_is_not_there_is_not_found(story: Story) -> None:
    assert refused(story, approval("other")) == "PROGRAMME_CHANGE_NOT_FOUND"
    assert refused(Story(PROGRAMME), CHANGE) == "PROGRAMME_NOT_FOUND"
    with pytest.raises(NotFound):
        story.state.version(2)


def test_a_group_has_the_codes_of_its_ranges() -> None:
    ranges = (MccRange(first="3000", last="3299"), MccRange(first="4511", last="4511"))
    airlines = MccGroup(name="AIRLINES", ranges=ranges)
    told = [mcc for mcc in ("", "2999", "3000", "3299", "3300", "4511") if airlines.has(mcc)]
    assert told == ["3000", "3299", "4511"]
    assert terms(mcc_groups=(airlines,)).mcc_group("AIRLINES") == airlines
    assert terms().mcc_group("AIRLINES") is None


# Laws


def asked(what: str, change_id: str, by: str, day: date) -> Any:
    """A command about a change, by its first word."""
    match what:
        case "propose":
            return replace(CHANGE, change_id=change_id, by=by, effective_on=day)
        case "reject":
            return commands.RejectProgrammeChange(
                programme_id="everyday", change_id=change_id, reason="NO", by=by
            )
        case "withdraw":
            return commands.WithdrawProgrammeChange(
                programme_id="everyday", change_id=change_id, by=by
            )
    return approval(change_id, by)


DAYS = st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 3, 1))


@given(st.lists(DAYS, min_size=1, max_size=8).map(sorted), DAYS)
def test_the_version_in_force_is_the_last_that_has_taken_effect(
    days: list[date], day: date
) -> None:
    versions = [
        Version(number=number, name="", terms=terms(), effective_on=each)
        for number, each in enumerate(days, 1)
    ]
    found = version_in_force_on(versions, day)
    begun = [each.number for each in versions if each.effective_on <= day]
    assert found.number == (max(begun) if begun else 1)
    later = version_in_force_on(versions, day + timedelta(days=1))
    assert later.number >= found.number


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["propose", "approve", "reject", "withdraw", "wait"]),
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from([OLGA, OTTO]),
            st.integers(0, 3),
        ),
        max_size=30,
    )
)
def test_whatever_is_asked_no_version_is_one_persons_and_none_goes_back_in_time(
    steps: list[tuple[str, str, str, int]],
) -> None:
    story = Story(PROGRAMME)
    story.when(DefineProgramme(programme_id="everyday", name="Everyday", terms=terms()))
    for what, change_id, by, days in steps:
        if what == "wait":
            story.later(days=days)
            continue
        try:
            story.when(asked(what, change_id, by, story.now.date() + timedelta(days=days)))
        except (Refused, NotFound, Invalid):
            # What may not be is as good a step as any: the law is about what came to be.
            continue
    versions = story.state.versions
    assert [each.number for each in versions] == list(range(1, len(versions) + 1))
    assert [each.effective_on for each in versions] == sorted(e.effective_on for e in versions)
    for each in versions[1:]:
        change = story.state.change(each.change_id)
        assert change.proposed_by != change.decided_by
        assert change.decided_on is not None
        assert change.decided_on <= each.effective_on


# Accounts


def test_an_account_is_moved_explicitly_and_keeps_its_limit() -> None:
    story = AccountStory()
    second = Version(number=2, name="Everyday", terms=DEARER, effective_on=TODAY)
    move = commands.MigrateAccount(
        account_id="account", programme_id="everyday", programme_version=2, version=second
    )
    (fact,) = story.when(move)
    assert isinstance(fact, events.AccountMigrated)
    assert (fact.previous_version, fact.programme_version) == (1, 2)
    assert story.state.in_force == DEARER
    assert story.available == 1000
    third = replace(second, number=3, effective_on=TODAY + timedelta(days=1))
    tomorrow = replace(move, programme_version=3, version=third)
    assert refused(story, tomorrow) == "VERSION_NOT_IN_FORCE"
    assert refused(story, replace(move, programme_id="other")) == "PROGRAMME_OF_ANOTHER"
