"""A case, told as given facts, when command, then facts."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.codec import Codec, StateCodec
from chassis.kernel.decider import Context
from chassis.kernel.errors import AlreadyExists, Error, Forbidden, NotFound, Refused
from chassis.kernel.events import Command, Fact
from chassis.recorded import Meta
from services.support.domain.case import (
    CASE,
    AssignCase,
    Case,
    CloseCase,
    LinkFact,
    OpenCase,
    PostMessage,
)
from services.support.domain.events import (
    Author,
    CaseAssigned,
    CaseClosed,
    CaseFactLinked,
    CaseKind,
    CaseOpened,
    CasePosted,
    CaseReopened,
    CaseState,
    Priority,
    Resolution,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CONTEXT = Context(now=NOW, actor="test:1", new_id=lambda: "unused")


def open_(customer: str = "c", kind: CaseKind = CaseKind.QUESTION) -> OpenCase:
    return OpenCase(
        case_id="case",
        customer_id=customer,
        account_id="a",
        kind=kind,
        card_id="",
        charge_id="",
        opened_by="customer:c",
    )


def post(message: str, author: Author = Author.HOLDER, *, internal: bool = False) -> PostMessage:
    return PostMessage(
        case_id="case",
        message_id=message,
        author=author,
        author_id="somebody",
        internal=internal,
        sealed_body="sealed",
    )


def link(event: str) -> LinkFact:
    return LinkFact(case_id="case", event_id=event, fact="CardReplaced")


def assign(agent: str) -> AssignCase:
    return AssignCase(case_id="case", agent_id=agent, assigned_by="operator:1")


def close(resolution: Resolution = Resolution.RESOLVED) -> CloseCase:
    return CloseCase(case_id="case", resolution=resolution, closed_by="operator:1")


def after(*commands: Command) -> Case:
    """The case after commands, each of which is repeated and must then change nothing."""
    state = CASE.initial
    for asked in commands:
        state = CASE.fold(CASE.decide(state, asked, CONTEXT), state)
        assert CASE.decide(state, asked, CONTEXT) == []
    return state


def then(state: Case, asked: Command) -> Sequence[Fact]:
    return CASE.decide(state, asked, CONTEXT)


def kinds(facts: Sequence[Fact]) -> list[type[Fact]]:
    return [type(fact) for fact in facts]


@pytest.mark.parametrize(
    ("kind", "queue", "priority"),
    [
        (CaseKind.LOST_CARD, "cards", Priority.URGENT),
        (CaseKind.UNRECOGNISED_CHARGE, "disputes", Priority.HIGH),
        (CaseKind.QUESTION, "general", Priority.NORMAL),
    ],
)
def test_a_case_goes_to_the_queue_of_its_kind(
    kind: CaseKind, queue: str, priority: Priority
) -> None:
    (opened,) = then(CASE.initial, open_(kind=kind))
    assert isinstance(opened, CaseOpened)
    assert (opened.queue, opened.priority, opened.opened_at) == (queue, priority, NOW)


def test_a_case_is_not_opened_for_somebody_else_under_the_same_name() -> None:
    with pytest.raises(AlreadyExists, match="CASE_IS_ANOTHERS"):
        then(after(open_()), open_(customer="other"))


@pytest.mark.parametrize("asked", [post("m"), assign("x"), close()])
def test_nothing_is_done_in_a_case_that_is_not_there(asked: Command) -> None:
    with pytest.raises(NotFound, match="CASE_NOT_FOUND"):
        then(CASE.initial, asked)


def test_a_fact_about_no_case_is_passed_over() -> None:
    assert then(CASE.initial, link("e1")) == []
    assert kinds(then(after(open_()), link("e1"))) == [CaseFactLinked]


def test_both_say_something_and_only_agents_leave_notes() -> None:
    state = after(open_(), post("1"), post("2", Author.AGENT))
    assert kinds(then(state, post("3", Author.AGENT, internal=True))) == [CasePosted]
    with pytest.raises(Forbidden, match="INTERNAL_IS_FOR_AGENTS"):
        then(state, post("3", internal=True))


def test_a_holder_opens_a_closed_case_again_and_an_agent_does_not() -> None:
    closed = after(open_(), assign("ann"), close())
    with pytest.raises(Refused, match="CASE_CLOSED"):
        then(closed, post("1", Author.AGENT))
    with pytest.raises(Refused, match="CASE_CLOSED"):
        then(closed, assign("bob"))
    assert kinds(then(closed, post("1", Author.AGENT, internal=True))) == [CasePosted]
    facts = then(closed, post("1"))
    assert kinds(facts) == [CaseReopened, CasePosted]
    reopened = CASE.fold(facts, closed)
    assert (reopened.state, reopened.agent_id) == (CaseState.ASSIGNED, "ann")
    assert reopened.resolution is None


def test_a_case_can_be_given_on_and_is_closed_once() -> None:
    state = after(open_(), assign("ann"))
    assert kinds(then(state, assign("bob"))) == [CaseAssigned]
    assert kinds(then(state, close())) == [CaseClosed]
    closed = after(open_(), close())
    assert then(closed, close()) == []
    with pytest.raises(Refused, match="CASE_CLOSED_OTHERWISE"):
        then(closed, close(Resolution.WITHDRAWN))


few = st.integers(0, 4).map(str)
commands = st.one_of(
    st.builds(open_),
    st.builds(
        lambda message, author, internal: post(message, author, internal=internal),
        few,
        st.sampled_from(list(Author)),
        st.booleans(),
    ),
    st.builds(link, few),
    st.builds(assign, few),
    st.builds(close, st.sampled_from(list(Resolution))),
)


@given(st.lists(commands, max_size=25))
def test_whatever_happens_a_message_is_posted_once_and_facts_survive_storage(
    asked: list[Command],
) -> None:
    state, facts = CASE.initial, list[Fact]()
    for each in asked:
        try:
            decided = CASE.decide(state, each, CONTEXT)
        except Error:
            continue  # What is refused changes nothing.
        state = CASE.fold(decided, state)
        assert CASE.decide(state, each, CONTEXT) == []
        facts += decided
    posted = [fact.message_id for fact in facts if isinstance(fact, CasePosted)]
    assert len(posted) == len(set(posted)) == len(state.messages)
    assert not facts or isinstance(facts[0], CaseOpened)
    codec = Codec(CASE.facts, CASE.commands)
    meta = Meta(NOW, "test:1")
    assert CASE.fold(codec.decode(*codec.encode(fact, meta))[0] for fact in facts) == state
    states = StateCodec(Case)
    assert states.decode(states.encode(state)) == state
