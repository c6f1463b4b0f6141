"""What every message carries besides its payload: its subject and headers, written and read."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.bus import Message
from chassis.policies import About
from chassis.recorded import Recorded

MESSAGE_ID = "Nats-Msg-Id"
EPOCH = "Cards-Epoch"
POSITION = "Cards-Position"
PREVIOUS_POSITION = "Cards-Previous-Position"
STREAM = "Cards-Stream"
STREAM_VERSION = "Cards-Stream-Version"
TYPE = "Cards-Type"
OCCURRED_AT = "Cards-Occurred-At"
CORRELATION_ID = "Cards-Correlation-Id"
CAUSATION_ID = "Cards-Causation-Id"
EVENT_ID = "Cards-Event-Id"
TRACEPARENT = "traceparent"

SUBJECT_WORDS = 5
"""`cards.<service>.v<n>.<fact_in_snake_case>.<partition>`."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """`ChargeAuthorised` → `charge_authorised`."""
    return _HUMP.sub("_", name).lower()


def service_of(type_name: str) -> str:
    """The service that owns a public message: `cards.accounts.v1.ChargeCleared` → `accounts`."""
    return type_name.split(".")[1]


def stream_of(service: str) -> str:
    """The JetStream stream that holds what a service says."""
    return service.upper()


def subjects_of(service: str) -> str:
    """The pattern of everything that a service says."""
    return f"cards.{service}.>"


def headers_of(recorded: Recorded, type_name: str, previous: int) -> dict[str, str]:
    """The headers of the message about `recorded`; `previous` is the position of the public fact
    before it in its partition, 0 if it is the first."""
    meta = recorded.meta
    epoch, position = str(recorded.epoch), str(recorded.position)
    headers = {
        MESSAGE_ID: f"{recorded.service}:{epoch}:{position}",
        EPOCH: epoch,
        POSITION: position,
        PREVIOUS_POSITION: str(previous),
        STREAM: recorded.stream,
        STREAM_VERSION: str(recorded.stream_version),
        TYPE: type_name,
        OCCURRED_AT: meta.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        EVENT_ID: recorded.event_id,
    }
    if meta.correlation_id:
        headers[CORRELATION_ID] = meta.correlation_id
    if meta.causation_id:
        headers[CAUSATION_ID] = meta.causation_id
    if meta.traceparent:
        headers[TRACEPARENT] = meta.traceparent
    return headers


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """Where a fact stands in a service's history; a later epoch is later whatever the position."""

    epoch: int
    position: int


NOWHERE = Place(0, 0)
"""Before everything: epochs begin at 1."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message of another service with its headers read."""

    message: Message
    source: str
    place: Place
    previous: int
    partition: int
    type_name: str
    stream: str

    @property
    def occurred_at(self) -> datetime:
        """When the fact was recorded by its service."""
        return datetime.fromisoformat(self.message.headers[OCCURRED_AT])

    @property
    def event_id(self) -> str:
        return self.message.headers[EVENT_ID]

    @property
    def correlation_id(self) -> str:
        return self.message.headers.get(CORRELATION_ID, "")

    @property
    def traceparent(self) -> str:
        return self.message.headers.get(TRACEPARENT, "")

    def about(self) -> About:
        """What a policy is told besides the message. Raises ValueError or KeyError."""
        return About(
            source=self.source,
            epoch=self.place.epoch,
            position=self.place.position,
            event_id=self.event_id,
            stream=self.stream,
            stream_version=int(self.message.headers[STREAM_VERSION]),
            occurred_at=self.occurred_at,
            correlation_id=self.correlation_id,
        )


def place_of(message: Message) -> Place:
    """Where the fact of a message stands. Raises ValueError if the headers do not say."""
    try:
        return Place(int(message.headers[EPOCH]), int(message.headers[POSITION]))
    except KeyError as error:
        raise ValueError(f"no header {error}") from None


def read(message: Message) -> Incoming:
    """Read subject and headers. Raises ValueError if it is not a message of this system."""
    words = message.subject.split(".")
    if len(words) != SUBJECT_WORDS or words[0] != "cards":
        raise ValueError("the subject is not cards.<service>.v<n>.<fact>.<partition>")
    headers = message.headers
    try:
        return Incoming(
            message=message,
            source=words[1],
            place=Place(int(headers[EPOCH]), int(headers[POSITION])),
            previous=int(headers[PREVIOUS_POSITION]),
            partition=int(words[4]),
            type_name=headers[TYPE],
            stream=headers[STREAM],
        )
    except KeyError as error:
        raise ValueError(f"no header {error}") from None
