"""The support service, put together."""

from collections.abc import Mapping
from typing import Any

from chassis.ports import Ports
from chassis.service import Service
from services.support import grpc_api, policies, projections, publishing, tables
from services.support.config import SupportSettings
from services.support.domain.case import CASE
from services.support.domain.events import UPCASTERS


async def describe_case(ports: Ports, id: str) -> Mapping[str, Any] | None:
    """Whose case it is, and who has it."""
    case = await ports.application.find(CASE, id)
    return {"owner": case.customer_id, "agent": case.agent_id} if case else None


async def describe_customer(ports: Ports, id: str) -> Mapping[str, Any] | None:
    """A customer is their own, heard of or not."""
    return {"owner": id}


SERVICE = Service(
    name="support",
    settings=SupportSettings,
    deciders=(CASE,),
    upcasters=UPCASTERS,
    public=publishing.PUBLIC,
    policies=policies.POLICIES,
    projections=projections.PROJECTIONS,
    tables=tables.METADATA,
    rpcs=grpc_api.rpcs,
    resources={"Case": describe_case, "Customer": describe_customer},
)
