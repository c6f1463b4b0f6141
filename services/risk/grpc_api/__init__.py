"""The door of risk: request → command → answer rendered from state."""

from cards.risk.v1 import screening_service_pb2
from cards.risk.v1.risk_service_pb2 import DESCRIPTOR
from cards.risk.v1.risk_service_pb2_grpc import add_RiskServiceServicer_to_server
from cards.risk.v1.screening_service_pb2_grpc import add_ScreeningServiceServicer_to_server

from chassis.ports import Ports
from chassis.service import Rpcs
from services.risk.grpc_api.charges import RiskApi
from services.risk.grpc_api.screening import ScreeningApi

__all__ = ["RiskApi", "ScreeningApi", "rpcs"]


def rpcs(ports: Ports, charges: RiskApi) -> Rpcs:
    """What is served."""
    screening = screening_service_pb2.DESCRIPTOR.services_by_name["ScreeningService"]
    return [
        (add_RiskServiceServicer_to_server, charges, DESCRIPTOR.services_by_name["RiskService"]),
        (add_ScreeningServiceServicer_to_server, ScreeningApi(ports), screening),
    ]
