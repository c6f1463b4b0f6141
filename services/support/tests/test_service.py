"""The support service on a real store: cases open by themselves, and people converse in them."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import events_pb2 as accounts
from cards.support.v1 import support_service_pb2 as pb
from sqlalchemy import select

from chassis.call import Principal, entered
from chassis.event_store.tables import audit
from chassis.kernel.errors import Forbidden, Invalid, NotFound, Refused
from chassis.testing.harness import TestNode, call, running
from services.support.app import SERVICE
from services.support.domain.case import lost_card_case_id
from services.support.domain.events import CaseOpened, CasePosted
from services.support.grpc_api import SupportApi

HOLDER = Principal("holder:h1", "holder", ("holder",), customer_id="customer-1", assurance_level=1)
STRANGER = Principal("holder:h2", "holder", ("holder",), customer_id="customer-2")
AGENT = Principal("operator:ann", "operator", ("agent",), assurance_level=2)
WORDS = "I lost it in the number 9 bus"
NO_CONTEXT: Any = None
LIMIT_SECONDS = 60.0


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[TestNode]:
    async with running(SERVICE, tmp_path) as node:
        yield node


@pytest.fixture
def api(node: TestNode) -> SupportApi:
    return SupportApi(node.ports)


async def lose_a_card(node: TestNode) -> str:
    """A card is reported lost and replaced; the id of the case."""
    card: Any = {"account_id": "a", "customer_id": "customer-1", "card_id": "card-1"}
    await node.take_in(accounts.CardReportedLost(**card, reason="LOST"))
    await node.take_in(accounts.CardReplaced(**card, replacement_card_id="card-2"))
    await node.caught_up()
    return lost_card_case_id("card-1")


async def say(
    node: TestNode,
    api: SupportApi,
    case_id: str,
    key: str,
    body: str,
    by: Principal,
    *,
    internal: bool = False,
) -> pb.PostMessageResponse:
    with entered(call("support.PostMessage", key, principal=by)):
        said = await api.PostMessage(
            pb.PostMessageRequest(
                idempotency_key=key, case_id=case_id, body=body, internal=internal
            ),
            NO_CONTEXT,
        )
    await node.caught_up()
    return said


async def see(api: SupportApi, case_id: str, by: Principal) -> pb.GetCaseResponse:
    with entered(call("support.GetCase", "", principal=by)):
        return await api.GetCase(pb.GetCaseRequest(case_id=case_id), NO_CONTEXT)


async def test_a_lost_card_opens_one_case_with_its_timeline(
    node: TestNode, api: SupportApi
) -> None:
    case_id = await lose_a_card(node)
    await lose_a_card(node)
    assert len([each for each in node.facts() if isinstance(each, CaseOpened)]) == 1
    seen = await see(api, case_id, AGENT)
    assert (seen.case.kind, seen.case.queue) == (pb.CASE_KIND_LOST_CARD, "cards")
    assert [(each.kind, each.detail) for each in seen.timeline][:3] == [
        (pb.TIMELINE_KIND_OPENED, "LOST_CARD"),
        (pb.TIMELINE_KIND_FACT, "CardReportedLost"),
        (pb.TIMELINE_KIND_FACT, "CardReplaced"),
    ]


async def test_a_replacement_without_a_lost_card_needs_no_case(node: TestNode) -> None:
    await node.take_in(accounts.CardReplaced(card_id="card-9", customer_id="customer-1"))
    assert node.facts() == []


async def test_holder_and_agent_converse_and_only_agents_see_notes(
    node: TestNode, api: SupportApi
) -> None:
    case_id = await lose_a_card(node)
    await say(node, api, case_id, "k1", WORDS, HOLDER)
    await say(node, api, case_id, "k2", "Caller sounded tired", AGENT, internal=True)
    await say(node, api, case_id, "k3", "A new card is on its way", AGENT)
    heard = {}
    for who in (HOLDER, AGENT):
        with entered(call("support.ListMessages", "", principal=who)):
            listed = await api.ListMessages(pb.ListMessagesRequest(case_id=case_id), NO_CONTEXT)
        heard[who.subject] = [(each.author, each.body) for each in listed.messages]
    assert heard["holder:h1"] == [
        (pb.AUTHOR_HOLDER, WORDS),
        (pb.AUTHOR_AGENT, "A new card is on its way"),
    ]
    assert heard["operator:ann"][1] == (pb.AUTHOR_AGENT, "Caller sounded tired")
    of_holder = await see(api, case_id, HOLDER)
    assert pb.TIMELINE_KIND_NOTE not in [each.kind for each in of_holder.timeline]


async def test_what_is_said_is_sealed_in_the_facts_and_gone_with_the_key(
    node: TestNode, api: SupportApi
) -> None:
    case_id = await lose_a_card(node)
    await say(node, api, case_id, "k1", WORDS, HOLDER)
    (posted,) = [each for each in node.facts() if isinstance(each, CasePosted)]
    assert WORDS not in repr(posted)
    node.ports.keys.local.destroy("customer:customer-1")
    node.ports.keys.forget("customer:customer-1")
    seen = await see(api, case_id, AGENT)
    assert seen.timeline[-1].message.message_id == posted.message_id
    assert seen.timeline[-1].message.body == ""


async def report(api: SupportApi, key: str, body: str = "") -> str:
    with entered(call("support.ReportUnrecognisedCharge", key, principal=HOLDER)):
        reported = await api.ReportUnrecognisedCharge(
            pb.ReportUnrecognisedChargeRequest(
                idempotency_key=key,
                customer_id="customer-1",
                account_id="a",
                charge_id="charge-1",
                body=body,
            ),
            NO_CONTEXT,
        )
    return reported.case_id


async def test_an_unrecognised_charge_has_one_case_however_often_it_is_reported(
    node: TestNode, api: SupportApi
) -> None:
    first = await report(api, "k1", "Not mine")
    second = await report(api, "k2", "Still not mine")
    assert first == second
    await node.caught_up()
    seen = await see(api, first, HOLDER)
    assert seen.case.charge_id == "charge-1"
    bodies = [entry.message.body for entry in seen.timeline if entry.HasField("message")]
    assert bodies == ["Not mine", "Still not mine"]


async def test_a_case_can_be_seen_at_once_after_it_was_opened(api: SupportApi) -> None:
    case_id = await report(api, "k1")
    assert (await see(api, case_id, HOLDER)).case.state == pb.CASE_STATE_OPEN


async def test_a_question_opens_a_case_and_a_charge_needs_its_own_rpc(
    node: TestNode, api: SupportApi
) -> None:
    request = pb.OpenCaseRequest(
        idempotency_key="k1",
        customer_id="customer-1",
        kind=pb.CASE_KIND_QUESTION,
        body="What is my limit?",
    )
    with entered(call("support.OpenCase", "k1", principal=HOLDER)):
        opened = await api.OpenCase(request, NO_CONTEXT)
        request.kind = pb.CASE_KIND_UNRECOGNISED_CHARGE
        with pytest.raises(Invalid, match="KIND_NEEDS_ANOTHER_RPC"):
            await api.OpenCase(request, NO_CONTEXT)
    assert await node.resources()["Case"](opened.case_id) == {"owner": "customer-1", "agent": ""}
    assert await node.resources()["Case"]("nothing") is None


async def test_a_case_is_given_closed_and_opened_again(node: TestNode, api: SupportApi) -> None:
    case_id = await lose_a_card(node)
    with entered(call("support.AssignCase", "k1", principal=AGENT)):
        assigned = await api.AssignCase(
            pb.AssignCaseRequest(idempotency_key="k1", case_id=case_id), NO_CONTEXT
        )
    assert assigned.agent_id == AGENT.subject
    with entered(call("support.CloseCase", "k2", principal=AGENT)):
        await api.CloseCase(
            pb.CloseCaseRequest(
                idempotency_key="k2", case_id=case_id, resolution=pb.RESOLUTION_RESOLVED
            ),
            NO_CONTEXT,
        )
    await node.caught_up()
    closed = (await see(api, case_id, AGENT)).case
    assert (closed.state, closed.resolution) == (pb.CASE_STATE_CLOSED, pb.RESOLUTION_RESOLVED)
    await say(node, api, case_id, "k3", "It happened again", HOLDER)
    (again,) = (await cases(api, AGENT, agent_id=AGENT.subject)).cases
    assert (again.state, again.resolution) == (
        pb.CASE_STATE_ASSIGNED,
        pb.RESOLUTION_UNSPECIFIED,
    )


async def cases(api: SupportApi, by: Principal, **fields: Any) -> pb.ListCasesResponse:
    with entered(call("support.ListCases", "", principal=by)):
        return await api.ListCases(pb.ListCasesRequest(**fields), NO_CONTEXT)


async def test_cases_are_listed_by_queue_and_customer_and_a_holder_sees_their_own(
    node: TestNode, api: SupportApi
) -> None:
    lost = await lose_a_card(node)
    charge = await report(api, "k1")
    await node.caught_up()
    assert [each.case_id for each in (await cases(api, AGENT, queue="cards")).cases] == [lost]
    mine = await cases(api, HOLDER, customer_id="customer-1", page_size=1)
    rest = await cases(
        api, HOLDER, customer_id="customer-1", page_size=1, page_token=mine.next_page_token
    )
    assert [each.case_id for each in [*mine.cases, *rest.cases]] == [charge, lost]
    for wrong in ({"customer_id": "customer-1"}, {"queue": "cards"}, {"agent_id": "x"}):
        with pytest.raises(Forbidden, match="NOT_YOUR_CASES"):
            await cases(api, STRANGER, **wrong)


class Caller:
    """One end of a conversation; what it says is queued, what it hears is read."""

    def __init__(self, api: SupportApi, principal: Principal) -> None:
        self._said: asyncio.Queue[pb.ConverseRequest | None] = asyncio.Queue(maxsize=10)
        self._call = call("support.Converse", "", principal=principal)
        self._heard = api.Converse(self._requests(), NO_CONTEXT)

    async def _requests(self) -> AsyncIterator[pb.ConverseRequest]:
        while (request := await self._said.get()) is not None:
            yield request

    def join(self, case_id: str, after: int = 0) -> None:
        self._said.put_nowait(
            pb.ConverseRequest(join=pb.ConverseRequest.Join(case_id=case_id, after_cursor=after))
        )

    def say(self, say_id: str, body: str, *, internal: bool = False) -> None:
        said = pb.ConverseRequest.Say(say_id=say_id, body=body, internal=internal)
        self._said.put_nowait(pb.ConverseRequest(say=said))

    async def hear(self) -> pb.ConverseResponse:
        with entered(self._call):
            async with asyncio.timeout(LIMIT_SECONDS):
                return await anext(self._heard)

    async def message(self) -> pb.Message:
        """The next thing that somebody said."""
        while True:
            heard = await self.hear()
            if heard.HasField("message"):
                return heard.message

    async def hear_out(self) -> None:
        """Until there is no more, which may be an error."""
        async for _ in self._heard:
            pass

    async def leave(self) -> None:
        await self._heard.aclose()


async def test_a_conversation_is_heard_by_both_ends(node: TestNode, api: SupportApi) -> None:
    case_id = await lose_a_card(node)
    await say(node, api, case_id, "k1", WORDS, HOLDER)
    agent, holder = Caller(api, AGENT), Caller(api, HOLDER)
    agent.join(case_id)
    first = await agent.message()
    assert first.body == WORDS
    holder.join(case_id, first.cursor)
    agent.say("1", "Only for us", internal=True)
    agent.say("2", "Where did you get off?")
    assert (await agent.hear()).said.say_id == "1"
    assert (await agent.hear()).said.say_id == "2"
    await node.caught_up()
    assert (await holder.message()).body == "Where did you get off?"
    assert [(await agent.message()).body for _ in range(2)] == [
        "Only for us",
        "Where did you get off?",
    ]
    # Said again after a lost connection, it is posted once.
    agent.say("2", "Where did you get off?")
    repeated = (await agent.hear()).said
    assert len([each for each in node.facts() if isinstance(each, CasePosted)]) == 3
    assert repeated.say_id == "2"
    holder.say("1", "At the station")
    await holder.hear()
    await node.caught_up()
    assert (await agent.message()).body == "At the station"
    await agent.leave()
    await holder.leave()
    # What is said in a stream is on record as what is posted is.
    query = select(audit.c.leaf).order_by(audit.c.leaf_index)
    leaves = [
        json.loads(row.leaf)
        for row in await node.ports.database.read(lambda c: c.execute(query).all())
    ]
    told = [(each["action"], each["actor"], each["object"]) for each in leaves[-3:]]
    case = f"case-{case_id}"
    assert told == [
        *(("support.Converse", AGENT.subject, case) for _ in range(2)),
        ("support.Converse", HOLDER.subject, case),
    ]


async def test_other_words_under_the_name_of_what_was_said_are_refused(
    node: TestNode, api: SupportApi
) -> None:
    case_id = await lose_a_card(node)
    for body, internal in (("Not me either", False), (WORDS, True)):
        agent = Caller(api, AGENT)
        agent.join(case_id)
        agent.say("1", WORDS)
        assert (await agent.hear()).said.say_id == "1"
        agent.say("1", body, internal=internal)
        with pytest.raises(Refused, match="SAY_ID_REUSED"):
            await agent.hear_out()
    assert len([each for each in node.facts() if isinstance(each, CasePosted)]) == 1
    # The name is the speaker's and the case's own.
    holder = Caller(api, HOLDER)
    holder.join(case_id)
    holder.say("1", "It was me")
    while not (await holder.hear()).HasField("said"):
        pass
    await holder.leave()
    assert len([each for each in node.facts() if isinstance(each, CasePosted)]) == 2


async def test_two_ends_at_two_processes_hear_one_another(
    node: TestNode, api: SupportApi, tmp_path: Path
) -> None:
    case_id = await lose_a_card(node)
    async with running(SERVICE, tmp_path) as other:
        # Both ask the one key service.
        other.ports.keys = node.ports.keys
        agent, holder = Caller(api, AGENT), Caller(SupportApi(other.ports), HOLDER)
        agent.join(case_id)
        holder.join(case_id)
        holder.say("1", WORDS)
        assert (await holder.hear()).said.say_id == "1"
        await other.caught_up()
        assert (await agent.message()).body == (await holder.message()).body == WORDS
        await agent.leave()
        await holder.leave()


async def test_who_does_not_join_first_or_joins_anothers_case_is_refused(
    node: TestNode, api: SupportApi
) -> None:
    case_id = await lose_a_card(node)
    hasty = Caller(api, HOLDER)
    hasty.say("1", "Hello?")
    with pytest.raises(Invalid, match="JOIN_FIRST"):
        await hasty.hear()
    stranger = Caller(api, STRANGER)
    stranger.join(case_id)
    with pytest.raises(Forbidden, match="NOT_YOUR_CASES"):
        await stranger.hear()
    lost = Caller(api, AGENT)
    lost.join("nothing")
    with pytest.raises(NotFound, match="CASE_NOT_FOUND"):
        await lost.hear()
    twice = Caller(api, AGENT)
    twice.join(case_id)
    twice.join(case_id)
    with pytest.raises(Invalid, match="JOINED_ALREADY"):
        await twice.hear()


async def test_read_models_can_be_rebuilt(node: TestNode, api: SupportApi) -> None:
    case_id = await lose_a_card(node)
    await say(node, api, case_id, "k1", WORDS, HOLDER)
    before = await see(api, case_id, AGENT)
    for projector in node.projectors:
        await projector.rebuild()
    assert await see(api, case_id, AGENT) == before
