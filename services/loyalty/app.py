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

RULES = RuleReader()
POINTS_ACCOUNT = points_account(RULES.in_force)


async def describe_points_account(ports: Ports, id: str) -> Mapping[str, Any] | None:
    """Whose points these are."""
    account = await ports.application.peek(POINTS_ACCOUNT, id)
    return {"owner": account.customer_id} if account else None


SERVICE = Service(
    name="loyalty",
    settings=LoyaltySettings,
    deciders=(POINTS_ACCOUNT, RULE_BOOK),
    upcasters=UPCASTERS,
    public=publishing.PUBLIC,
    policies=policies.POLICIES,
    timers=policies.TIMERS,
    projections=projections.PROJECTIONS,
    tables=tables.METADATA,
    rpcs=lambda ports: grpc_api.rpcs(ports, POINTS_ACCOUNT),
    workers=lambda ports: [("rules", lambda: RULES.follow(ports))],
    resources={"PointsAccount": describe_points_account},
    prepare=RULES.read,
)
