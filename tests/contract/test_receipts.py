"""Every mutation says where its effect stands, and whoever looks there finds it."""

from typing import Any

import pytest
from cards.feed.v1 import feed_service_pb2 as feed
from cards.support.v1 import events_pb2

from tests.contract.contracts import facts, rpcs
from tests.contract.outside import Done, Outsider
from tests.contract.story import Story
from tests.contract.wire import Wire

pytestmark = [pytest.mark.serial, pytest.mark.usefixtures("calm")]

WITHOUT_EVENT = ("RedriveStream", "SkipMessage")
"""They say where the log stood: what was parked may have led to no event at all."""


def receipts(story: Story) -> list[Done]:
    return [each for each in story.outsider.done if each.rpc.name not in WITHOUT_EVENT]


def test_every_mutation_promises_a_receipt() -> None:
    for each in rpcs():
        if each.mutating:
            field: Any = each.method.output_type.fields_by_name["receipt"]
            assert field.message_type.full_name == "cards.type.v1.Receipt", each


def test_receipts_are_complete(story: Story) -> None:
    for each in receipts(story):
        receipt = each.response.receipt
        assert len(receipt.event_id) == 32, each
        assert receipt.stream, each
        assert receipt.stream_version >= 1, each
        assert receipt.epoch == 1, each
        assert receipt.position >= 1, each


def test_one_place_is_one_event(story: Story) -> None:
    """Two receipts name the same event exactly if they name the same place of the same log."""
    places: dict[tuple[str, int, int], set[tuple[str, str, int]]] = {}
    events: dict[str, set[tuple[str, int, int]]] = {}
    for each in receipts(story):
        receipt = each.response.receipt
        place = (each.rpc.service, receipt.epoch, receipt.position)
        stands = (receipt.event_id, receipt.stream, receipt.stream_version)
        places.setdefault(place, set()).add(stands)
        events.setdefault(receipt.event_id, set()).add(place)
    assert all(len(found) == 1 for found in places.values()), places
    assert all(len(found) == 1 for found in events.values()), events


def changed_nothing(receipt: Any, service: str, wire: Wire) -> bool:
    """Whether there was nothing left to do: the receipt then says where log and stream stood."""
    of_stream = [
        (int(told.headers["Cards-Stream-Version"]), int(told.headers["Cards-Position"]))
        for told in wire.of(service)
        if told.headers["Cards-Stream"] == receipt.stream
    ]
    return bool(of_stream) and all(
        (version <= receipt.stream_version) == (position < receipt.position)
        for version, position in of_stream
    )


def test_what_a_receipt_names_is_in_the_feed_and_on_nats(
    outsider: Outsider, story: Story, wire: Wire
) -> None:
    """Public facts, that is; what is not public has a place that nothing public takes."""
    public = 0
    for each in receipts(story):
        receipt, service = each.response.receipt, each.rpc.service
        request = feed.FeedRequest(after_position=receipt.position - 1, limit=1)
        called = next(r for r in rpcs() if str(r) == f"{service}.Feed")
        answer = outsider.call(called, request, by="operator")
        found = [feed.FeedResponse.FromString(raw) for raw in answer.answers]
        here = [fact for fact in found if fact.position == receipt.position]
        told = wire.at(service, receipt.epoch, receipt.position)
        assert bool(here) == (told is not None), each
        if told is None:
            continue
        headers = here[0].headers
        if headers["Cards-Stream"] != receipt.stream and changed_nothing(receipt, service, wire):
            continue
        public += 1
        assert headers["Cards-Event-Id"] == receipt.event_id
        assert headers["Cards-Stream"] == receipt.stream
        assert headers["Cards-Stream-Version"] == str(receipt.stream_version)
        assert headers["Cards-Epoch"] == str(receipt.epoch)
        assert headers["Cards-Type"] in facts()
        assert (told.subject, told.payload) == (here[0].subject, here[0].payload)
        assert told.headers == dict(headers)
    assert public > 30, "the story tells the public something"


def test_who_says_something_in_a_conversation_is_told_where_it_stands(
    story: Story, wire: Wire
) -> None:
    [said] = [each.said for each in story.heard if each.WhichOneof("response") == "said"]
    told = wire.at("support", said.receipt.epoch, said.receipt.position)
    assert told is not None
    assert told.headers["Cards-Event-Id"] == said.receipt.event_id
    posted = events_pb2.CasePosted.FromString(told.payload)
    assert posted.message_id == said.message_id
    assert posted.case_id == story.holders["Ada"].case_id


def test_what_has_no_key_has_a_receipt_all_the_same(story: Story) -> None:
    """Secrets are in the requests of these, so neither they nor a hash of them is kept. What comes
    in pieces has no key either: it is known by its content."""
    keyless = {str(each.rpc) for each in story.outsider.done if not each.rpc.mutating}
    known_by_content = {str(each) for each in rpcs() if each.method.client_streaming}
    acknowledged = {str(each) for each in rpcs() if each.acknowledges and not each.mutating}
    assert keyless == acknowledged - known_by_content
