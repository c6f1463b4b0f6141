"""The rules in force, kept in memory for decisions, and never trusted for longer than is safe."""

from datetime import UTC, datetime, timedelta

from chassis.kernel.errors import Unavailable
from chassis.ports import Ports
from services.loyalty.domain.rule_book import (
    ACTIVATION_LEAD,
    HOUSE_PROGRAMME,
    RULE_BOOK,
    RuleBook,
)
from services.loyalty.domain.rules import RuleSet

REFRESH_SECONDS = 5.0
CLOCK_ALLOWANCE = timedelta(seconds=10)
"""By so much may the clocks of two processes of this service differ."""


class RuleReader:
    """What was last read of the rule book, and until when that is all there can be.

    A rule set takes effect no sooner than ACTIVATION_LEAD after its activation. So whatever was
    activated after we read takes effect after `_known_until`, and before it we know everything.
    """

    def __init__(self) -> None:
        self._known: tuple[RuleBook, datetime] = (RuleBook(), datetime.min.replace(tzinfo=UTC))

    def in_force(self, at: datetime) -> RuleSet:
        """The rules in force at an instant. Raises Unavailable when that is not known yet."""
        book, known_until = self._known
        if at >= known_until:
            raise Unavailable("RULES_NOT_READ", "the rules in force then are not known yet")
        return book.in_force(at)

    async def read(self, ports: Ports) -> None:
        """Read the book now."""
        started = ports.clock.now()
        book = await ports.application.find(RULE_BOOK, HOUSE_PROGRAMME)
        self._known = (book or RuleBook(), started + ACTIVATION_LEAD - CLOCK_ALLOWANCE)

    async def follow(self, ports: Ports) -> None:
        """Read the book again and again, for ever."""
        while True:
            await self.read(ports)
            await ports.sleep(REFRESH_SECONDS)
