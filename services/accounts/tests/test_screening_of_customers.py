"""Customers are looked for on lists: when they are new or called otherwise, and when a list
changes. Nothing is done twice, wherever it breaks off."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import customer_screenings_service_pb2 as pb
from cards.risk.v1 import events_pb2 as risk
from cards.risk.v1 import screening_service_pb2 as lists
from hypothesis import given
from hypothesis import strategies as st

from chassis.call import Principal
from chassis.kernel.decider import Context
from chassis.kernel.errors import Error, NotFound, Refused, Unavailable
from chassis.kernel.events import Command, Fact
from chassis.testing.harness import BEGINNING
from services.accounts.app import rescreenings
from services.accounts.domain.applications.verification import Screening
from services.accounts.domain.screening import commands, events
from services.accounts.domain.screening.customer_screening import CUSTOMER_SCREENING
from services.accounts.domain.screening.rescreening import RESCREENING
from services.accounts.tests.conftest import Door
from services.accounts.use_cases import screening

SANCTIONS = lists.SCREENING_LIST_PURPOSE_SANCTIONS
CONTEXT = Context(now=BEGINNING, actor="tester", new_id=lambda: "fresh")
OFFICER = Principal("operator:orla", "operator", ("compliance_officer",))
WAITING = pb.CUSTOMER_SCREENING_STATUS_WAITING


async def registered(door: Door, name: str, family_name: str = "Canary") -> str:
    details = accounts.PersonalDetails(
        given_name=name,
        family_name=family_name,
        email="nobody@example.com",
        date_of_birth="1990-12-10",
    )
    answer = await door("RegisterCustomer", details=details)
    return str(answer.customer_id)


async def changed(door: Door, customer_id: str, **fields: str) -> None:
    known = (await door("GetCustomer", customer_id=customer_id)).details
    for name, each in fields.items():
        setattr(known, name, each)
    await door("UpdateCustomerProfile", customer_id=customer_id, details=known)


async def worked(door: Door, times: int = 20) -> None:
    """The worker does what there is to do."""
    worker = rescreenings(door.node.ports)
    for _ in range(times):
        await door.node.caught_up()
        if not await worker.work():
            return
    raise AssertionError("there is no end to it")


async def list_changes(door: Door, version: str = "v1", position: int | None = None) -> None:
    message = risk.ScreeningListActivated(list_id="un", version_id=version, purpose="SANCTIONS")
    await door.node.take_in(message, stream="screening_register-lists", position=position)


async def waiting(door: Door) -> Sequence[Any]:
    await door.node.caught_up()
    request = pb.ListCustomerMatchesRequest(status=WAITING)
    return (await door("ListCustomerMatches", request)).screenings  # type: ignore[no-any-return]


def kept(door: Door, kind: type[Fact]) -> list[Any]:
    return [each for each in door.node.facts() if isinstance(each, kind)]


async def test_who_is_new_is_looked_for_once(door: Door) -> None:
    ada = await registered(door, "Ada")
    door.risk.listed = {}
    await worked(door)
    await worked(door)
    (question,) = door.risk.screened
    assert (question.subject_id, question.name) == (ada, "Ada Canary")
    assert question.date_of_birth == "1990-12-10"
    (fact,) = kept(door, events.CustomerScreened)
    assert (fact.customer_id, fact.screening) == (ada, Screening.CLEAR)
    assert not await waiting(door)


async def test_who_is_on_a_list_waits_for_people_and_is_told_of_without_a_name(door: Door) -> None:
    ada = await registered(door, "Ada")
    await registered(door, "Bea")
    door.risk.listed = {"Ada Canary": SANCTIONS}
    await worked(door)
    (row,) = await waiting(door)
    assert (row.customer_id, row.reason) == (ada, "SANCTIONS_MATCH")
    assert row.screening_id in {each.screening_id for each in door.risk.screened}
    (fact,) = kept(door, events.CustomerScreeningReferred)
    assert "Canary" not in repr(fact)


async def test_another_name_or_birthday_is_looked_for_again_and_nothing_else_is(
    door: Door,
) -> None:
    ada = await registered(door, "Ada")
    door.risk.listed = {"Augusta Canary": SANCTIONS}
    await worked(door)
    await changed(door, ada, email="other@example.com")
    await worked(door)
    assert len(door.risk.screened) == 1
    await changed(door, ada, given_name="Augusta")
    await worked(door)
    assert [each.name for each in door.risk.screened] == ["Ada Canary", "Augusta Canary"]
    assert len(await waiting(door)) == 1
    await changed(door, ada, date_of_birth="1991-12-10")
    await worked(door)
    assert door.risk.screened[-1].date_of_birth == "1991-12-10"


async def test_when_a_list_changes_everybody_is_looked_for_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening, "BATCH_SIZE", 3)
    names = [f"Person{number}" for number in range(8)]
    ids = {await registered(door, name): name for name in names}
    door.risk.listed = {}
    await worked(door)
    assert not await waiting(door)
    door.risk.listed = {"Person3 Canary": SANCTIONS, "Person6 Canary": SANCTIONS}
    await list_changes(door)
    await worked(door)
    assert sorted(ids[row.customer_id] for row in await waiting(door)) == ["Person3", "Person6"]
    (row,) = (await door("ListRescreenings")).rescreenings
    assert (row.screened, row.referred, row.skipped, row.completed) == (8, 2, 0, True)
    (end,) = kept(door, events.RescreeningCompleted)
    assert (end.list_id, end.version_id, end.screened) == ("un", "v1", 8)
    await worked(door)
    assert len(door.risk.screened) == 16


async def test_a_message_that_comes_twice_begins_one_pass_and_another_change_another(
    door: Door,
) -> None:
    door.risk.listed = {"Ada Canary": SANCTIONS}
    await registered(door, "Ada")
    await list_changes(door, position=5)
    await worked(door)
    await list_changes(door, position=5)
    await worked(door)
    await list_changes(door, "v2", position=6)
    await worked(door)
    assert len(kept(door, events.RescreeningCompleted)) == 2
    assert len(kept(door, events.CustomerScreeningReferred)) == 1


async def test_a_pass_that_breaks_off_goes_on_and_does_nothing_twice(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Risk fails at every third question; each time the batch is begun again."""
    monkeypatch.setattr(screening, "BATCH_SIZE", 2)
    everybody = [await registered(door, f"Person{number}") for number in range(7)]
    door.risk.listed = {}
    await worked(door)
    door.risk.listed = {"Person1 Canary": SANCTIONS, "Person5 Canary": SANCTIONS}
    await list_changes(door)
    asked, ask = [0], door.risk.ScreenName

    async def sometimes(request: Any, timeout: float) -> Any:
        asked[0] += 1
        if asked[0] % 3 == 0:
            raise Unavailable("SERVICE_AWAY", "risk cannot be reached")
        return await ask(request, timeout)

    monkeypatch.setattr(door.risk, "ScreenName", sometimes)
    broken = 0
    for _ in range(40):
        try:
            await worked(door)
            break
        except Error:
            broken += 1
    assert broken
    by_pass = Counter(fact.customer_id for fact in kept(door, events.CustomerScreeningReferred))
    assert sorted(by_pass.values()) == [1, 1]
    (end,) = kept(door, events.RescreeningCompleted)
    assert (end.screened, end.referred) == (len(everybody), 2)
    ids = Counter(each.screening_id for each in door.risk.screened)
    assert len(ids) == 2 * len(everybody)


async def test_a_customer_who_changes_while_a_pass_is_broken_off_is_in_nobodys_way(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Risk has answered about Ada, not about Bea, so that both are asked about again; Ada is called
    otherwise by then."""
    ada, bea = await registered(door, "Ada"), await registered(door, "Bea")
    door.risk.listed = {}
    await worked(door)
    await list_changes(door)
    ask = door.risk.ScreenName

    async def not_bea(request: Any, timeout: float) -> Any:
        if request.subject_id == bea:
            raise Unavailable("SERVICE_AWAY", "risk cannot be reached")
        return await ask(request, timeout)

    with monkeypatch.context() as broken:
        broken.setattr(door.risk, "ScreenName", not_bea)
        with pytest.raises(Unavailable):
            await worked(door)
    await changed(door, ada, given_name="Augusta")
    await worked(door)
    about_ada = [each for each in door.risk.screened if each.subject_id == ada]
    by_id = {each.screening_id: each.name for each in about_ada}
    assert all(by_id[each.screening_id] == each.name for each in about_ada)
    (end,) = kept(door, events.RescreeningCompleted)
    assert end.screened == 2


async def test_without_a_list_everybody_stays_due(door: Door) -> None:
    await registered(door, "Ada")
    await door.node.caught_up()
    with pytest.raises(Refused, match="NO_ACTIVE_LIST"):
        await rescreenings(door.node.ports).work()
    assert kept(door, events.CustomerScreened) == []
    door.risk.listed = {}
    await worked(door)
    assert len(kept(door, events.CustomerScreened)) == 1


async def test_a_forgotten_customer_is_not_looked_for(door: Door) -> None:
    ada = await registered(door, "Ada")
    door.risk.listed = {}
    await worked(door)
    await list_changes(door)
    door.node.ports.keys.local.destroy(f"customer:{ada}")
    door.node.ports.keys.forget(f"customer:{ada}")
    await worked(door)
    (end,) = kept(door, events.RescreeningCompleted)
    assert (end.screened, end.skipped) == (0, 1)


async def decided(door: Door, customer_id: str, decision: str, open_hits: int = 0) -> None:
    message = risk.ScreeningHitDecided(
        hit_id="h" * 32,
        screening_id="s" * 32,
        subject_id=customer_id,
        decision=decision,
        decided_by="operator:orla",
        open_hits=open_hits,
    )
    await door.node.take_in(message, stream=f"screening_subject-{customer_id}")


async def test_what_an_officer_decides_in_risk_settles_it(door: Door) -> None:
    ada = await registered(door, "Ada")
    door.risk.listed = {"Ada Canary": SANCTIONS}
    await worked(door)
    await decided(door, ada, "FALSE_POSITIVE", open_hits=1)
    assert len(await waiting(door)) == 1
    await decided(door, ada, "FALSE_POSITIVE")
    assert not await waiting(door)
    (row,) = (await door("ListCustomerMatches")).screenings
    assert row.status == pb.CUSTOMER_SCREENING_STATUS_FALSE_POSITIVE
    assert row.decided_by == "operator:orla"


async def test_a_decision_about_somebody_who_does_not_wait_is_none_of_ours(door: Door) -> None:
    await decided(door, "nobody", "TRUE_MATCH")
    assert kept(door, events.CustomerScreeningResolved) == []


async def test_an_officer_settles_what_no_hit_settles(door: Door) -> None:
    ada = await registered(door, "Ada")
    door.risk.listed = {"Ada Canary": SANCTIONS}
    await worked(door)
    (row,) = await waiting(door)
    fields: dict[str, Any] = {
        "customer_id": ada,
        "decision": pb.CUSTOMER_SCREENING_STATUS_FALSE_POSITIVE,
    }
    with pytest.raises(NotFound, match="CUSTOMER_SCREENING_NOT_FOUND"):
        await door("ResolveCustomerMatch", screening_id="0" * 32, as_=OFFICER, **fields)
    for _ in range(2):
        await door("ResolveCustomerMatch", screening_id=row.screening_id, as_=OFFICER, **fields)
    assert not await waiting(door)
    assert len(kept(door, events.CustomerScreeningResolved)) == 1


# Laws of the deciders


def told(decider: Any, asked: Sequence[Command], facts: list[Fact] | None = None) -> list[Fact]:
    """The facts of commands, each given twice, which must not do more."""
    made = facts if facts is not None else []
    for command in asked:
        for _ in range(2):
            made += decider.decide(decider.fold(made), command, CONTEXT)
    return made


said = st.sampled_from([*Screening, None])
records = st.builds(
    commands.RecordCustomerScreening,
    customer_id=st.just("ada"),
    screening_id=st.sampled_from(["s1", "s2", "s3"]),
    due_position=st.integers(0, 4),
    screening=said,
)
resolves = st.builds(
    commands.ResolveCustomerScreening,
    customer_id=st.just("ada"),
    screening_id=st.just("s1"),
    decision=st.sampled_from(["TRUE_MATCH", "FALSE_POSITIVE"]),
    open_hits=st.integers(0, 1),
    by=st.just("operator:orla"),
)


@given(st.lists(st.one_of(records, resolves), max_size=20))
def test_people_look_at_one_thing_at_a_time_and_each_is_settled_once(
    asked: list[Command],
) -> None:
    facts = told(CUSTOMER_SCREENING, asked)
    waits = False
    for fact in facts:
        if isinstance(fact, events.CustomerScreeningReferred):
            assert not waits
            assert fact.reason is not Screening.CLEAR
            waits = True
        if isinstance(fact, events.CustomerScreeningResolved):
            assert waits
            waits = False
    positions = [f.due_position for f in facts if isinstance(f, events.CustomerScreened)]
    assert positions == sorted(set(positions))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9, unique=True))
def test_a_pass_counts_every_customer_once(steps: list[int]) -> None:
    """Batches in order, each offered twice; a batch from elsewhere is refused."""
    begin = commands.BeginRescreening(rescreening_id="r", list_id="un", version_id="v")
    facts = told(RESCREENING, [begin])
    before = ""
    for step in sorted(steps):
        batch = commands.AdvanceRescreening(
            rescreening_id="r", after=before, through=str(step), screened=1, referred=0, skipped=0
        )
        told(RESCREENING, [batch], facts)
        before = str(step)
    end = commands.AdvanceRescreening(
        rescreening_id="r", after=before, through="", screened=0, referred=0, skipped=0
    )
    told(RESCREENING, [end], facts)
    (done,) = [each for each in facts if isinstance(each, events.RescreeningCompleted)]
    assert done.screened == len(steps)
