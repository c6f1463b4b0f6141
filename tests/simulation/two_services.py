"""The world of the two small services: till decides and tells, points listens and reacts."""

from typing import Any

from chassis.config import Settings
from chassis.event_store.intake import StoreIntake
from chassis.kernel.errors import Unavailable
from chassis.parking import Parking
from chassis.ports import Ports
from chassis.service import Service
from chassis.simulation.services import Hosted
from chassis.taking_in import reactions_to
from tests.simulation import points, till
from tests.simulation.protos import POINTS, POINTS_RPC, POINTS_RPCS, TILL, TILL_RPC, TILL_RPCS

ADVICE_SECONDS = 0.3
STAND_IN = "STAND_IN"


class TillServicer:
    """The door of till."""

    def __init__(self, ports: Ports) -> None:
        self._application = ports.application
        self._advice = ports.rpc.stub(POINTS_RPC.stub, "points")

    async def Open(self, request: Any, context: Any) -> Any:
        command = till.Open(account_id=request.account_id, limit_minor=request.limit_minor)
        return await self._application.answer(
            command,
            render=lambda settled: TILL_RPCS.OpenResponse(position=settled.receipt.position),
        )

    async def Spend(self, request: Any, context: Any) -> Any:
        command = till.Spend(
            account_id=request.account_id,
            amount_minor=request.amount_minor,
            note=request.note,
            advised=await self._is_advised(request.account_id),
        )
        return await self._application.answer(
            command,
            render=lambda settled: TILL_RPCS.SpendResponse(
                approved=settled.state.approved,
                spent_minor=settled.state.spent_minor,
                position=settled.receipt.position,
            ),
        )

    async def _is_advised(self, account_id: str) -> bool:
        """Ask points in line; when it is slow or away, decide without."""
        try:
            request = POINTS_RPCS.AdviseRequest(account_id=account_id)
            await self._advice.Advise(request, timeout=ADVICE_SECONDS)
        except Unavailable:
            return False
        return True


class PointsServicer:
    """The door of points."""

    def __init__(self, ports: Ports) -> None:
        self._application = ports.application
        # An operator's rpc may run in another process than the subscriber.
        committer = ports.application._committer
        intake = StoreIntake(ports.database, committer, ports.clock)
        self._parking = Parking(reactions_to(points.POLICIES), intake, ports.clock)

    async def Advise(self, request: Any, context: Any) -> Any:
        found = await self._application.find(points.BALANCE, request.account_id)
        return POINTS_RPCS.AdviseResponse(points=0 if found is None else found.points)

    async def Explain(self, request: Any, context: Any) -> Any:
        answer = await self._application.answer(
            points.ExplainUnluckiness(account_id=request.account_id),
            render=lambda settled: POINTS_RPCS.ExplainResponse(position=settled.receipt.position),
        )
        await self._parking.redrive("till", f"account-{request.account_id}")
        return answer


def _till_rpcs(ports: Ports) -> Any:
    return [(TILL_RPC.add_to_server, TillServicer(ports), None)]


def _points_rpcs(ports: Ports) -> Any:
    return [(POINTS_RPC.add_to_server, PointsServicer(ports), None)]


SETTINGS = Settings()
TILL_SERVICE = Service(
    name="till",
    settings=Settings,
    deciders=(till.ACCOUNT,),
    public=TILL,
    timers=till.TIMERS,
    rpcs=_till_rpcs,
)
POINTS_SERVICE = Service(
    name="points",
    settings=Settings,
    deciders=(points.BALANCE,),
    public=POINTS,
    policies=points.POLICIES,
    timers=points.TIMERS,
    rpcs=_points_rpcs,
)
SERVICES = (TILL_SERVICE, POINTS_SERVICE)


def hosted(service: Service) -> Hosted:
    """How one of them runs."""
    return Hosted(lambda: service, SETTINGS)
