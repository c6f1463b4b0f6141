"""The loyalty service, put together."""

from collections.abc import Mapping
from typing import Any

from chassis.ports import Ports
from chassis.service import Service
from services.loyalty import grpc_api, policies, projections, publishing, tables
from services.loyalty.config import LoyaltySettings
from services.loyalty.domain.events import UPCASTERS
from services.loyalty.domain.points_decisions import points_account
from services.loyalty.domain.rule_book import RULE_BOOK
from services.loyalty.rule_reader import RuleReader


def build() -> Service:
    """Loyalty with a memory of its own for the rules in force."""
    reader = RuleReader()
    decider = points_account(reader.in_force)

    async def describe(ports: Ports, id: str) -> Mapping[str, Any] | None:
        """Whose points these are."""
        account = await ports.application.peek(decider, id)
        return {"owner": account.customer_id} if account else None

    return Service(
        name="loyalty",
        settings=LoyaltySettings,
        deciders=(decider, RULE_BOOK),
        upcasters=UPCASTERS,
        public=publishing.PUBLIC,
        policies=policies.POLICIES,
        timers=policies.TIMERS,
        projections=projections.PROJECTIONS,
        tables=tables.METADATA,
        rpcs=lambda ports: grpc_api.rpcs(ports, decider),
        workers=lambda ports: [("follow_rule_book", lambda: reader.follow(ports))],
        resources={"PointsAccount": describe},
        prepare=reader.read,
    )


SERVICE = build()
