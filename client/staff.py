"""The first staff of a new system, and holders of cards, enrolled by an administrator."""

import json
import secrets
from typing import Any

import pyotp
from cards.auth.v1 import auth_service_pb2 as auth
from cards.auth.v1.auth_service_pb2_grpc import AuthServiceStub

from chassis.ports import SystemClock
from client.session import Session, SystemAddress, write_privately

OPERATOR = "operator"
SECOND = "second-operator"
"""What one proposes another has to approve."""
ROLES = (
    "operator",
    "programme_manager",
    "analyst",
    "agent",
    "auditor",
    "compliance_officer",
)
PASSWORD_BYTES = 24
KEY_BYTES = 16


async def hire(address: SystemAddress) -> None:
    """Enrol two operators, with passwords and one-time codes, unless that was done before."""
    for name in (OPERATOR, SECOND):
        staff = {"kind": auth.IDENTITY_KIND_OPERATOR, "roles": ROLES}
        await _enrol_once(address, "staff.json", name, staff)


async def enrol_holder(address: SystemAddress, customer_id: str) -> bool:
    """Let a customer log in here with password and one-time code; whether that is new."""
    holder = {"kind": auth.IDENTITY_KIND_CARDHOLDER, "customer_id": customer_id}
    return await _enrol_once(address, "holders.json", customer_id, holder)


async def _enrol_once(
    address: SystemAddress, file: str, name: str, identity: dict[str, Any]
) -> bool:
    path = address.keys / file
    known = json.loads(path.read_text()) if path.exists() else {}
    if name in known:
        return False
    known[name] = await _enrol(address, name, identity)
    write_privately(path, known)
    return True


async def _enrol(address: SystemAddress, name: str, identity: dict[str, Any]) -> dict[str, str]:
    """Register somebody and set what they log in with; what they then know."""
    async with Session(address, "administrator") as administrator:
        stub = administrator.stub(AuthServiceStub, "auth")
        registered = await stub.RegisterIdentity(
            auth.RegisterIdentityRequest(
                idempotency_key=f"hire-{name}", login_name=name, **identity
            )
        )
        # Begun anew each time: if we broke off once, nobody knows the password set then.
        begun = await stub.StartEnrolment(
            auth.StartEnrolmentRequest(
                idempotency_key=secrets.token_hex(KEY_BYTES), identity_id=registered.identity_id
            )
        )
        token, password = begun.enrolment_token, secrets.token_urlsafe(PASSWORD_BYTES)
        await stub.EnrolPassword(
            auth.EnrolPasswordRequest(enrolment_token=token, password=password)
        )
        enrolled = await stub.EnrolTotp(auth.EnrolTotpRequest(enrolment_token=token))
        codes = pyotp.parse_uri(enrolled.provisioning_uri)
        assert isinstance(codes, pyotp.TOTP)
        # The code of the step before is accepted too; the present one is left for the log-in.
        code = codes.at(SystemClock().now(), counter_offset=-1)
        await stub.ConfirmTotp(
            auth.ConfirmTotpRequest(
                enrolment_token=token, credential_id=enrolled.credential_id, code=code
            )
        )
    return {
        "identity_id": registered.identity_id,
        "password": password,
        "totp_seed": codes.secret,
    }
