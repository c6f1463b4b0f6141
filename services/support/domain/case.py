"""One case: opened once per matter, conversed in, assigned, closed, opened again by its holder."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import singledispatch

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import AlreadyExists, Exhausted, Forbidden, NotFound, Refused
from chassis.kernel.events import Command, Fact, command, value
from chassis.kernel.ids import derive
from chassis.kernel.persistent_map import PersistentMap
from services.support.domain.events import (
    FACTS,
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

MESSAGES_LIMIT = 10_000
"""So much may be said in one case."""
LINKS_LIMIT = 1_000
"""So many facts of others may belong to one case; later ones are not linked."""

QUEUES = {
    CaseKind.LOST_CARD: ("cards", Priority.URGENT),
    CaseKind.UNRECOGNISED_CHARGE: ("disputes", Priority.HIGH),
    CaseKind.QUESTION: ("general", Priority.NORMAL),
}

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def lost_card_case_id(card_id: str) -> str:
    """The one case about a lost card."""
    return derive("case", CaseKind.LOST_CARD, card_id)


def unrecognised_charge_case_id(customer_id: str, charge_id: str) -> str:
    """The one case in which a customer does not recognise a charge."""
    return derive("case", CaseKind.UNRECOGNISED_CHARGE, customer_id, charge_id)


# Commands -----------------------------------------------------------------------------------------


@command
class OpenCase(Command):
    case_id: str
    customer_id: str
    account_id: str
    kind: CaseKind
    card_id: str
    charge_id: str
    opened_by: str


@command
class PostMessage(Command):
    """Say something; `author_id` is the principal who says it."""

    case_id: str
    message_id: str
    author: Author
    author_id: str
    internal: bool
    sealed_body: str


@command
class LinkFact(Command):
    """Note that a fact of another service belongs to a case, if there is such a case."""

    case_id: str
    event_id: str
    fact: str


@command
class AssignCase(Command):
    case_id: str
    agent_id: str
    assigned_by: str


@command
class CloseCase(Command):
    case_id: str
    resolution: Resolution
    closed_by: str


# State --------------------------------------------------------------------------------------------


@value
class Case:
    """A case. `messages` and `links` name what was said and what facts belong to it."""

    case_id: str = ""
    customer_id: str = ""
    account_id: str = ""
    kind: CaseKind = CaseKind.QUESTION
    card_id: str = ""
    charge_id: str = ""
    queue: str = ""
    priority: Priority = Priority.NORMAL
    state: CaseState = CaseState.OPEN
    agent_id: str = ""
    resolution: Resolution | None = None
    opened_at: datetime = _BEGINNING
    messages: PersistentMap[bool] = PersistentMap()
    links: PersistentMap[bool] = PersistentMap()


def evolve(state: Case, fact: Fact) -> Case:
    """The case after a fact."""
    return _after(fact, state)


@singledispatch
def _after(fact: Fact, state: Case) -> Case:
    raise TypeError(type(fact).__name__)


@_after.register
def _(fact: CaseOpened, state: Case) -> Case:
    return replace(
        state,
        case_id=fact.case_id,
        customer_id=fact.customer_id,
        account_id=fact.account_id,
        kind=fact.kind,
        card_id=fact.card_id,
        charge_id=fact.charge_id,
        queue=fact.queue,
        priority=fact.priority,
        opened_at=fact.opened_at,
    )


@_after.register
def _(fact: CasePosted, state: Case) -> Case:
    return replace(state, messages=state.messages.set(fact.message_id, True))


@_after.register
def _(fact: CaseFactLinked, state: Case) -> Case:
    return replace(state, links=state.links.set(fact.event_id, True))


@_after.register
def _(fact: CaseAssigned, state: Case) -> Case:
    return replace(state, state=CaseState.ASSIGNED, agent_id=fact.agent_id)


@_after.register
def _(fact: CaseClosed, state: Case) -> Case:
    return replace(state, state=CaseState.CLOSED, resolution=fact.resolution)


@_after.register
def _(fact: CaseReopened, state: Case) -> Case:
    # Whoever had the case has it again.
    reopened = CaseState.ASSIGNED if state.agent_id else CaseState.OPEN
    return replace(state, state=reopened, resolution=None)


# Deciding -----------------------------------------------------------------------------------------


def decide(state: Case, asked: Command, context: Context) -> Sequence[Fact]:
    """The facts that a command leads to."""
    return _decide(asked, state, context)


@singledispatch
def _decide(asked: Command, state: Case, context: Context) -> Sequence[Fact]:
    raise TypeError(type(asked).__name__)


@_decide.register
def _open(asked: OpenCase, state: Case, context: Context) -> Sequence[Fact]:
    if state.case_id:
        same = (state.customer_id, state.kind) == (asked.customer_id, asked.kind)
        if not same:
            raise AlreadyExists("CASE_IS_ANOTHERS", "there is a case of this name about another")
        return []
    queue, priority = QUEUES[asked.kind]
    return [
        CaseOpened(
            case_id=asked.case_id,
            customer_id=asked.customer_id,
            account_id=asked.account_id,
            kind=asked.kind,
            card_id=asked.card_id,
            charge_id=asked.charge_id,
            queue=queue,
            priority=priority,
            opened_by=asked.opened_by,
            opened_at=context.now,
        )
    ]


@_decide.register
def _post(asked: PostMessage, state: Case, context: Context) -> Sequence[Fact]:
    _require_case(state)
    if asked.message_id in state.messages:
        return []
    if asked.internal and asked.author is not Author.AGENT:
        raise Forbidden("INTERNAL_IS_FOR_AGENTS", "only agents leave internal notes")
    if len(state.messages) >= MESSAGES_LIMIT:
        raise Exhausted("TOO_MANY_MESSAGES", "so much cannot be said in one case; open another")
    facts: list[Fact] = []
    if state.state is CaseState.CLOSED and not asked.internal:
        if asked.author is Author.AGENT:
            raise Refused("CASE_CLOSED", "this case is closed; its holder can open it again")
        facts.append(CaseReopened(case_id=state.case_id, customer_id=state.customer_id))
    facts.append(
        CasePosted(
            case_id=state.case_id,
            customer_id=state.customer_id,
            message_id=asked.message_id,
            author=asked.author,
            author_id=asked.author_id,
            internal=asked.internal,
            sealed_body=asked.sealed_body,
        )
    )
    return facts


@_decide.register
def _link(asked: LinkFact, state: Case, context: Context) -> Sequence[Fact]:
    known = asked.event_id in state.links or len(state.links) >= LINKS_LIMIT
    if not state.case_id or known:
        return []
    return [
        CaseFactLinked(
            case_id=state.case_id,
            customer_id=state.customer_id,
            event_id=asked.event_id,
            fact=asked.fact,
        )
    ]


@_decide.register
def _assign(asked: AssignCase, state: Case, context: Context) -> Sequence[Fact]:
    _require_case(state)
    if state.state is CaseState.CLOSED:
        raise Refused("CASE_CLOSED", "this case is closed; its holder can open it again")
    if state.agent_id == asked.agent_id:
        return []
    return [
        CaseAssigned(
            case_id=state.case_id,
            customer_id=state.customer_id,
            agent_id=asked.agent_id,
            assigned_by=asked.assigned_by,
        )
    ]


@_decide.register
def _close(asked: CloseCase, state: Case, context: Context) -> Sequence[Fact]:
    _require_case(state)
    if state.state is CaseState.CLOSED:
        if state.resolution is not asked.resolution:
            raise Refused("CASE_CLOSED_OTHERWISE", "this case was closed with another resolution")
        return []
    return [
        CaseClosed(
            case_id=state.case_id,
            customer_id=state.customer_id,
            resolution=asked.resolution,
            closed_by=asked.closed_by,
        )
    ]


def _require_case(state: Case) -> None:
    if not state.case_id:
        raise NotFound("CASE_NOT_FOUND", "there is no such case")


CASE = Decider(
    category="case",
    state=Case,
    initial=Case(),
    decide=decide,
    evolve=evolve,
    identify=lambda asked: asked.case_id,
    commands=(OpenCase, PostMessage, LinkFact, AssignCase, CloseCase),
    facts=FACTS,
)
