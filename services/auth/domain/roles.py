"""Which roles there are and for which kind of identity."""

from chassis.kernel.errors import Invalid, Refused
from services.auth.domain.events import IdentityKind

ROLES: dict[str, IdentityKind] = {
    "holder": IdentityKind.CARDHOLDER,
    "agent": IdentityKind.OPERATOR,
    "analyst": IdentityKind.OPERATOR,
    "compliance_officer": IdentityKind.OPERATOR,
    "operator": IdentityKind.OPERATOR,
    "programme_manager": IdentityKind.OPERATOR,
    "administrator": IdentityKind.OPERATOR,
    "auditor": IdentityKind.OPERATOR,
    "gateway": IdentityKind.PARTNER,
}
"""Role → the kind it is for. `gateway` is the network's switch."""

FIRST_ROLES: dict[IdentityKind, tuple[str, ...]] = {IdentityKind.CARDHOLDER: ("holder",)}
"""What everybody of a kind is given when registered."""


def check_role(role: str, kind: IdentityKind, field: str) -> None:
    """Raises Invalid ROLE_UNKNOWN and Refused ROLE_NOT_FOR_KIND."""
    meant_for = ROLES.get(role)
    if meant_for is None:
        raise Invalid("ROLE_UNKNOWN", "there is no such role", field=field)
    if meant_for is not kind:
        raise Refused("ROLE_NOT_FOR_KIND", f"that role is for {meant_for}s only", field=field)
