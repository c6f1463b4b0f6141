"""The door of auth: three proto services."""

from cards.auth.v1 import auth_service_pb2, key_service_pb2, policy_service_pb2
from cards.auth.v1.auth_service_pb2_grpc import add_AuthServiceServicer_to_server
from cards.auth.v1.key_service_pb2_grpc import add_KeyServiceServicer_to_server
from cards.auth.v1.policy_service_pb2_grpc import add_PolicyServiceServicer_to_server

from chassis.checkpointing import Checkpointer
from chassis.ports import Ports
from chassis.service import Rpcs
from services.auth.grpc_api.auth_api import AuthApi
from services.auth.grpc_api.key_api import KeyApi
from services.auth.grpc_api.policy_api import PolicyApi
from services.auth.use_cases.safe import safe_of


def rpcs(ports: Ports, checkpointer: Checkpointer) -> Rpcs:
    """Everything that auth answers."""
    safe = safe_of(ports)
    return (
        (
            add_AuthServiceServicer_to_server,
            AuthApi(ports, safe, checkpointer),
            auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"],
        ),
        (
            add_KeyServiceServicer_to_server,
            KeyApi(ports, safe),
            key_service_pb2.DESCRIPTOR.services_by_name["KeyService"],
        ),
        (
            add_PolicyServiceServicer_to_server,
            PolicyApi(ports),
            policy_service_pb2.DESCRIPTOR.services_by_name["PolicyService"],
        ),
    )
