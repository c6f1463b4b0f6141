"""Lists are put in force by two people; what is found of somebody is kept and decided once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Exhausted, Invalid, NotFound, Refused
from chassis.kernel.events import Command, Fact
from services.risk.domain.screening import commands, events
from services.risk.domain.screening.register import (
    LISTS_LIMIT,
    REGISTER,
    ListStatus,
    Register,
)
from services.risk.domain.screening.subject import SUBJECT, Subject, hit_id_of
from services.risk.domain.screening.values import (
    HitDecision,
    ListFormat,
    ListPurpose,
    ListVersion,
    NameMatch,
    ScreeningOutcome,
    SubjectKind,
)
from services.risk.tests.stories import NOON

ANN, BEN = "operator:ann", "operator:ben"
V1, V2 = "1" * 64, "2" * 64


@dataclass
class Told:
    """One aggregate, told step by step; every command is given twice and must not do more."""

    decider: Decider[Any]
    facts: list[Fact] = field(default_factory=list)
    day: int = 0

    @property
    def state(self) -> Any:
        return self.decider.fold(self.facts)

    def when(self, command: Command) -> Sequence[Fact]:
        context = Context(now=NOON + timedelta(days=self.day), actor="test", new_id=lambda: "fresh")
        before = self.state
        made = list(self.decider.decide(before, command, context))
        after = self.decider.fold(made, before)
        assert list(self.decider.decide(after, command, context)) == []
        self.facts += made
        return made


def stage(version_id: str, by: str = ANN, list_id: str = "un") -> commands.StageScreeningList:
    return commands.StageScreeningList(
        list_id=list_id,
        version_id=version_id,
        purpose=ListPurpose.SANCTIONS,
        format=ListFormat.UN_XML,
        content_digest="digest",
        entries=2,
        names=5,
        by=by,
    )


def activate(version_id: str, by: str = BEN, list_id: str = "un") -> Command:
    return commands.ActivateScreeningList(list_id=list_id, version_id=version_id, by=by)


# Lists


def test_a_list_is_brought_in_by_one_and_put_in_force_by_another() -> None:
    register = Told(REGISTER)
    assert [type(each) for each in register.when(stage(V1))] == [events.ScreeningListStaged]
    assert register.state.active == ()
    with pytest.raises(Refused, match="SECOND_PERSON_NEEDED"):
        register.when(activate(V1, by=ANN))
    (fact,) = register.when(activate(V1))
    assert isinstance(fact, events.ScreeningListActivated)
    assert (fact.staged_by, fact.activated_by, fact.previous_version_id) == (ANN, BEN, "")
    assert register.state.active == (ListVersion(list_id="un", version_id=V1),)


def test_a_new_version_retires_the_one_before_and_may_be_taken_back() -> None:
    register = Told(REGISTER)
    for command in (stage(V1), stage(V2), activate(V1), activate(V2)):
        register.when(command)
    state: Register = register.state
    assert state.find("un", V1).status is ListStatus.RETIRED
    assert state.active_version("un") == V2
    register.when(activate(V1))
    assert register.state.active_version("un") == V1


def test_lists_stand_beside_one_another() -> None:
    register = Told(REGISTER)
    for command in (stage(V1), stage(V1, list_id="ofac"), activate(V1, list_id="ofac")):
        register.when(command)
    register.when(activate(V1))
    assert [each.list_id for each in register.state.active] == ["ofac", "un"]


def test_what_nobody_brought_in_is_not_put_in_force() -> None:
    with pytest.raises(NotFound, match="SCREENING_LIST_NOT_FOUND"):
        Told(REGISTER).when(activate(V1))


def test_there_is_a_limit_to_lists() -> None:
    register = Told(REGISTER)
    for number in range(LISTS_LIMIT):
        register.when(stage(V1, list_id=f"list-{number}"))
    with pytest.raises(Exhausted, match="TOO_MANY_LISTS"):
        register.when(stage(V1, list_id="one-more"))


# Subjects


def match(reference: str = "R-1", score: int = 900, version_id: str = V1) -> NameMatch:
    return NameMatch(
        list_id="un",
        version_id=version_id,
        reference=reference,
        alias=0,
        name_score=score,
        score=score,
        parts=(),
    )


def screening(number: int, *found: NameMatch, digest: str = "who") -> commands.RecordScreening:
    return commands.RecordScreening(
        screening_id=f"screening-{number}",
        subject_id="customer-1",
        subject_kind=SubjectKind.PERSON,
        question_digest=digest,
        versions=(ListVersion(list_id="un", version_id=V1),),
        method="names-1",
        threshold=800,
        found=found,
    )


def decision(said: HitDecision, reference: str = "R-1") -> commands.DecideHit:
    return commands.DecideHit(
        subject_id="customer-1",
        hit_id=hit_id_of("customer-1", "un", reference),
        decision=said,
        reason="LOOKED_AT",
        by=ANN,
    )


def whitelisting(days: int) -> commands.WhitelistEntry:
    return commands.WhitelistEntry(
        subject_id="customer-1",
        list_id="un",
        reference="R-1",
        reason="ANOTHER_PERSON",
        expires_on=NOON.date() + timedelta(days=days),
        by=ANN,
    )


def outcome(facts: Sequence[Fact]) -> ScreeningOutcome:
    (screened,) = [each for each in facts if isinstance(each, events.NameScreened)]
    return screened.outcome


def raised(facts: Sequence[Fact]) -> list[str]:
    return [each.reference for each in facts if isinstance(each, events.ScreeningHitRaised)]


def test_nothing_found_is_clear_and_kept() -> None:
    made = Told(SUBJECT).when(screening(1))
    assert (len(made), outcome(made)) == (1, ScreeningOutcome.CLEAR)


def test_a_match_is_a_hit_that_waits_for_an_officer() -> None:
    subject = Told(SUBJECT)
    made = subject.when(screening(1, match("R-1"), match("R-2")))
    assert (outcome(made), raised(made)) == (ScreeningOutcome.HIT, ["R-1", "R-2"])
    assert subject.state.open_hits == 2
    (decided,) = subject.when(decision(HitDecision.TRUE_MATCH))
    assert isinstance(decided, events.ScreeningHitDecided)
    assert decided.open_hits == subject.state.open_hits == 1


def test_an_open_hit_is_not_raised_again_and_neither_is_a_true_match() -> None:
    subject = Told(SUBJECT)
    subject.when(screening(1, match()))
    assert raised(subject.when(screening(2, match(version_id=V2)))) == []
    subject.when(decision(HitDecision.TRUE_MATCH))
    again = subject.when(screening(3, match()))
    assert (outcome(again), raised(again)) == (ScreeningOutcome.HIT, [])


def test_a_false_positive_is_raised_again_unless_it_is_whitelisted() -> None:
    subject = Told(SUBJECT)
    subject.when(screening(1, match()))
    subject.when(decision(HitDecision.FALSE_POSITIVE))
    assert raised(subject.when(screening(2, match()))) == ["R-1"]


def test_a_decision_is_not_taken_back() -> None:
    subject = Told(SUBJECT)
    subject.when(screening(1, match()))
    subject.when(decision(HitDecision.TRUE_MATCH))
    with pytest.raises(Refused, match="SCREENING_HIT_DECIDED"):
        subject.when(decision(HitDecision.FALSE_POSITIVE))
    with pytest.raises(NotFound, match="SCREENING_HIT_NOT_FOUND"):
        subject.when(decision(HitDecision.TRUE_MATCH, "R-9"))


def test_a_screening_of_an_id_is_about_one_question() -> None:
    subject = Told(SUBJECT)
    subject.when(screening(1))
    with pytest.raises(Refused, match="SCREENED_DIFFERENTLY"):
        subject.when(screening(1, digest="somebody else"))


@given(st.integers(0, 366), st.integers(0, 800))
def test_a_whitelisted_entry_keeps_quiet_until_its_last_day(lasts: int, later: int) -> None:
    """Silent up to and with that day, heard again on the next."""
    subject = Told(SUBJECT)
    subject.when(screening(1, match()))
    subject.when(decision(HitDecision.FALSE_POSITIVE))
    subject.when(whitelisting(lasts))
    subject.day = later
    made = subject.when(screening(2, match()))
    (screened,) = [each for each in made if isinstance(each, events.NameScreened)]
    quiet = later <= lasts
    assert outcome(made) is (ScreeningOutcome.CLEAR if quiet else ScreeningOutcome.HIT)
    assert raised(made) == ([] if quiet else ["R-1"])
    assert bool(screened.whitelisted) == quiet


def test_whitelisting_keeps_no_other_entry_quiet_and_can_be_withdrawn() -> None:
    subject = Told(SUBJECT)
    subject.when(screening(1, match()))
    subject.when(decision(HitDecision.FALSE_POSITIVE))
    subject.when(whitelisting(30))
    assert raised(subject.when(screening(2, match(), match("R-2")))) == ["R-2"]
    subject.when(
        commands.WithdrawWhitelisting(
            subject_id="customer-1", list_id="un", reference="R-1", reason="DOUBT", by=BEN
        )
    )
    assert raised(subject.when(screening(3, match()))) == ["R-1"]


def test_only_what_was_looked_at_is_whitelisted_and_not_for_ever() -> None:
    subject = Told(SUBJECT)
    with pytest.raises(NotFound, match="SCREENING_HIT_NOT_FOUND"):
        subject.when(whitelisting(1))
    subject.when(screening(1, match()))
    with pytest.raises(Refused, match="HIT_NOT_FALSE_POSITIVE"):
        subject.when(whitelisting(1))
    subject.when(decision(HitDecision.FALSE_POSITIVE))
    for days in (-1, 367):
        with pytest.raises(Invalid, match="EXPIRY_OUT_OF_RANGE"):
            subject.when(whitelisting(days))


@given(st.lists(st.integers(1, 4), max_size=12), st.booleans())
def test_screening_again_and_again_raises_nothing_twice(order: list[int], hit: bool) -> None:
    """Whatever the order and however often: one record per id, one hit per entry."""
    subject = Told(SUBJECT)
    found = (match(),) if hit else ()
    for number in order:
        subject.when(screening(number, *found))
    kept = [each for each in subject.facts if isinstance(each, events.NameScreened)]
    assert len(kept) == len(set(order))
    assert len(raised(subject.facts)) == (1 if hit and order else 0)
    assert isinstance(subject.state, Subject)
