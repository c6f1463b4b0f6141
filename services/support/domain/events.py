"""What happens in a case."""

from datetime import datetime
from enum import StrEnum

from chassis.kernel.events import Fact, Upcasters, fact


class CaseKind(StrEnum):
    """What a case is about."""

    LOST_CARD = "LOST_CARD"
    UNRECOGNISED_CHARGE = "UNRECOGNISED_CHARGE"
    QUESTION = "QUESTION"


class Priority(StrEnum):
    """How urgent a case is."""

    URGENT = "URGENT"
    HIGH = "HIGH"
    NORMAL = "NORMAL"


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    CLOSED = "CLOSED"


class Resolution(StrEnum):
    """How a case ended."""

    RESOLVED = "RESOLVED"
    WITHDRAWN = "WITHDRAWN"
    DUPLICATE = "DUPLICATE"


class Author(StrEnum):
    """Who said something."""

    HOLDER = "HOLDER"
    AGENT = "AGENT"


@fact
class CaseOpened(Fact):
    """Somebody needs help. `opened_by` is a principal: the holder, an agent or a policy."""

    case_id: str
    customer_id: str
    account_id: str
    kind: CaseKind
    card_id: str
    charge_id: str
    queue: str
    priority: Priority
    opened_by: str
    opened_at: datetime


@fact
class CasePosted(Fact):
    """Something was said; the text is sealed under the customer's key. An internal note is for
    agents only."""

    case_id: str
    customer_id: str
    message_id: str
    author: Author
    author_id: str
    internal: bool
    sealed_body: str


@fact
class CaseFactLinked(Fact):
    """A fact of another service belongs to the case."""

    case_id: str
    customer_id: str
    event_id: str
    fact: str


@fact
class CaseAssigned(Fact):
    """An agent has the case."""

    case_id: str
    customer_id: str
    agent_id: str
    assigned_by: str


@fact
class CaseClosed(Fact):
    """The case is closed."""

    case_id: str
    customer_id: str
    resolution: Resolution
    closed_by: str


@fact
class CaseReopened(Fact):
    """The holder came back to a closed case."""

    case_id: str
    customer_id: str


FACTS: tuple[type[Fact], ...] = (
    CaseOpened,
    CasePosted,
    CaseFactLinked,
    CaseAssigned,
    CaseClosed,
    CaseReopened,
)

UPCASTERS: Upcasters = {}
