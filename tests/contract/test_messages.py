"""Every message on NATS is what the protos promise, and the feed says the same, byte for byte."""

import re
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from google.protobuf.message_factory import GetMessageClass

from tests.contract.contracts import SERVICES, facts, snake
from tests.contract.outside import Outsider
from tests.contract.story import Story
from tests.contract.wire import Told, Wire, feed_of

pytestmark = [pytest.mark.serial, pytest.mark.usefixtures("calm")]

PARTITIONS = 64
ALWAYS = frozenset(
    {
        *("Nats-Msg-Id", "Cards-Epoch", "Cards-Position", "Cards-Previous-Position"),
        *("Cards-Stream", "Cards-Stream-Version", "Cards-Type", "Cards-Occurred-At"),
        "Cards-Event-Id",
    }
)
WITH_A_CAUSE = frozenset({"Cards-Correlation-Id", "Cards-Causation-Id", "traceparent"})
"""Only where there is one: nobody asked for what a service does at its first start."""
ID = re.compile(r"[0-9a-f]{32}")
SAMPLED = 1
WORKING_BY_ITSELF = frozenset({"accounts"})
"""Works through clearing files and closes business days, which begins no trace."""
WHOLE = re.compile(r"0|[1-9][0-9]*")
NEVER_SEEN = {
    "cards.accounts.v1.CardExpired": "no card is good for less than a month",
    "cards.accounts.v1.DisputeCreditFinalised": "no dispute lasts for less than two cycles",
    "cards.accounts.v1.HoldExpired": "no hold is shorter than an hour",
    "cards.loyalty.v1.PointsExpired": "points last until the end of a month at least",
}
"""Public facts that the story cannot bring about, each with the reason."""


def test_the_subject_says_what_the_type_says(wire: Wire) -> None:
    for told in wire.messages:
        package, _, name = told.headers["Cards-Type"].rpartition(".")
        cards, service, version, fact, partition = told.subject.split(".")
        assert (cards, service, version) == ("cards", told.service, "v1")
        assert package == f"cards.{service}.{version}"
        assert fact == snake(name)
        assert WHOLE.fullmatch(partition)
        assert int(partition) < PARTITIONS


def test_the_payload_is_the_fact_that_the_type_names(wire: Wire) -> None:
    for told in wire.messages:
        kind = GetMessageClass(facts()[told.headers["Cards-Type"]])
        message = kind.FromString(told.payload)
        assert message.SerializeToString(deterministic=True) == told.payload
        known = kind.FromString(told.payload)
        known.DiscardUnknownFields()
        assert known == message, "a field that the proto does not have"
        assert message.ListFields()


def test_headers_are_complete_and_well_formed(wire: Wire) -> None:
    now = datetime.now(UTC)
    for told in wire.messages:
        headers = told.headers
        assert ALWAYS <= headers.keys() <= ALWAYS | WITH_A_CAUSE, told
        _, epoch, position = told.place
        assert headers["Nats-Msg-Id"] == f"{told.service}:{epoch}:{position}"
        assert ID.fullmatch(headers["Cards-Event-Id"]), told
        assert datetime.fromisoformat(headers["Cards-Occurred-At"]) <= now
        assert headers["Cards-Occurred-At"].endswith("Z")
        for name in ("Cards-Epoch", "Cards-Position", "Cards-Stream-Version"):
            assert int(headers[name]) >= 1, told


def test_a_reaction_names_its_cause(wire: Wire) -> None:
    """What follows from another's fact names that fact, and belongs to the same story."""
    by_event = {told.headers["Cards-Event-Id"]: told for told in wire.messages}
    reactions = 0
    for told in wire.messages:
        cause = by_event.get(told.headers.get("Cards-Causation-Id", ""))
        if cause is not None and cause.service != told.service:
            reactions += 1
            correlated = cause.headers["Cards-Correlation-Id"]
            assert told.headers["Cards-Correlation-Id"] == correlated, told
            if "traceparent" in cause.headers:
                assert trace_of(told) == trace_of(cause) != "", told
            else:
                # Nobody called for what a service does by itself when its time has come.
                assert cause.service in WORKING_BY_ITSELF, cause
    assert reactions > 20


def trace_of(told: Told) -> str:
    """The trace that a message belongs to; every trace is recorded here."""
    version, trace, _, flags = told.headers["traceparent"].split("-")
    assert version == "00"
    assert int(flags, 16) & SAMPLED
    return trace


def test_no_two_messages_are_one(wire: Wire) -> None:
    for name in ("Nats-Msg-Id", "Cards-Event-Id"):
        counted = Counter(told.headers[name] for told in wire.messages)
        assert counted.most_common(1)[0][1] == 1


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_missing_between_two_messages_of_a_partition(wire: Wire, service: str) -> None:
    last: dict[str, int] = {}
    for told in wire.of(service):
        partition = told.subject.rpartition(".")[2]
        assert int(told.headers["Cards-Previous-Position"]) == last.get(partition, 0), told
        last[partition] = told.place[2]
    places = [told.place for told in wire.of(service)]
    assert all(before < after for before, after in pairwise(places))
    assert last, f"{service} says something"


def test_versions_of_a_stream_go_up(wire: Wire) -> None:
    last: dict[tuple[str, str], int] = {}
    for told in wire.messages:
        stream = (told.service, told.headers["Cards-Stream"])
        version = int(told.headers["Cards-Stream-Version"])
        assert version > last.get(stream, 0), told
        last[stream] = version


@pytest.mark.parametrize("service", SERVICES)
def test_the_stream_says_what_the_feed_says(outsider: Outsider, wire: Wire, service: str) -> None:
    said: list[Told] = wire.of(service)
    fed = feed_of(outsider, service)
    assert fed == said


def test_everything_public_is_said_at_least_once(wire: Wire, story: Story) -> None:
    seen = {told.headers["Cards-Type"] for told in wire.messages}
    unseen = facts().keys() - seen
    print(f"{len(seen)} of {len(facts())} public facts seen; never: {sorted(unseen)}")
    assert unseen == NEVER_SEEN.keys()
