"""What is known about other limits: what the holder can pay, what waits, what was reduced."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from chassis.kernel.persistent_map import PersistentMap


class ChangeKind(StrEnum):
    """Whether the holder asked for it, or the house offers it."""

    REQUEST = "REQUEST"
    OFFER = "OFFER"


class ReviewOutcome(StrEnum):
    """What a review led to; PROPOSED waits for somebody to confirm an offer."""

    KEPT = "KEPT"
    OFFERED = "OFFERED"
    PROPOSED = "PROPOSED"
    RAISED = "RAISED"
    LOWERED = "LOWERED"


@value
class Pending:
    """A change that people have to decide; `proposed_by` is empty until somebody is for it."""

    change_id: str
    kind: ChangeKind
    limit_minor: int
    proposed_by: str = ""


@value
class Offer:
    """A higher limit that the holder may accept up to and with `expires_on`."""

    offer_id: str
    limit_minor: int
    expires_on: date


@value
class Reduction:
    """Until `consequences_from` what exceeds the lower limit only has no consequences."""

    previous_minor: int
    consequences_from: date


@value
class CreditLine:
    """`capacity_minor` is what the holder can pay in a month, as of `capacity_on`. `done` says
    under the id of each request and offer what it was for."""

    capacity_minor: int = 0
    capacity_on: date | None = None
    changed_on: date | None = None
    reviewed_on: date | None = None
    pending: Pending | None = None
    offer: Offer | None = None
    reductions: tuple[Reduction, ...] = ()
    done: PersistentMap[str] = PersistentMap()

    def limit_with_consequences(self, limit_minor: int, day: date) -> int:
        """The limit above which a fee may be charged on a day: a lower one counts 45 days after it
        was told only (12 CFR 1026.9(c)(2)(vi))."""
        before = [each.previous_minor for each in self.reductions if day < each.consequences_from]
        return max([limit_minor, *before])
