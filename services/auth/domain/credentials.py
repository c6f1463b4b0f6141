"""Somebody, and what they show it with: the state of an identity."""

from dataclasses import replace
from datetime import datetime

from chassis.kernel.events import Fact, value
from services.auth.domain.events import (
    CredentialRevoked,
    CredentialType,
    IdentityKind,
    PasswordEnrolled,
    PasswordRehashed,
    TotpConfirmationFailed,
    TotpConfirmed,
    TotpEnrolmentStarted,
)


@value
class Credential:
    """`state` is enrolling, active or revoked."""

    credential_id: str
    type: CredentialType
    state: str
    changed_at: datetime
    suffices_alone: bool = False
    failures: int = 0
    attempt_id: str = ""
    parameter_id: str = ""
    pepper_version: int = 0


@value
class Identity:
    """`identity_id` is empty until they are registered."""

    identity_id: str = ""
    kind: IdentityKind = IdentityKind.CARDHOLDER
    customer_id: str = ""
    login_name_hash: str = ""
    roles: tuple[str, ...] = ()
    registered_at: datetime | None = None
    enrolment_id: str = ""
    enrolment_expires_at: datetime | None = None
    credentials: tuple[Credential, ...] = ()

    @property
    def subject(self) -> str:
        """Their name as a principal."""
        return f"{self.kind}:{self.identity_id}"

    def active(self, type: CredentialType) -> Credential | None:
        """Their credential of a type that is in use."""
        for each in self.credentials:
            if each.type is type and each.state == "active":
                return each
        return None

    def credential(self, credential_id: str) -> Credential | None:
        """Their credential with an id."""
        for each in self.credentials:
            if each.credential_id == credential_id:
                return each
        return None


def evolved(held: tuple[Credential, ...], fact: Fact) -> tuple[Credential, ...]:
    """The credentials after a fact."""
    match fact:
        case PasswordEnrolled():
            made = Credential(
                credential_id=fact.credential_id,
                type=CredentialType.PASSWORD,
                state="active",
                changed_at=fact.enrolled_at,
                suffices_alone=fact.suffices_alone,
                parameter_id=fact.parameter_id,
                pepper_version=fact.pepper_version,
            )
            return (*held, made)
        case TotpEnrolmentStarted():
            made = Credential(
                credential_id=fact.credential_id,
                type=CredentialType.TOTP,
                state="enrolling",
                changed_at=fact.started_at,
            )
            return (*held, made)
        case PasswordRehashed():
            return _changed(
                held,
                fact.credential_id,
                parameter_id=fact.parameter_id,
                pepper_version=fact.pepper_version,
            )
        case TotpConfirmationFailed():
            failures = sum(e.failures for e in held if e.credential_id == fact.credential_id)
            return _changed(
                held, fact.credential_id, failures=failures + 1, attempt_id=fact.attempt_id
            )
        case TotpConfirmed():
            at = fact.confirmed_at
            return _changed(held, fact.credential_id, state="active", changed_at=at)
        case CredentialRevoked():
            at = fact.revoked_at
            return _changed(held, fact.credential_id, state="revoked", changed_at=at)
        case _:
            raise TypeError(type(fact).__name__)


def _changed(
    held: tuple[Credential, ...], credential_id: str, **changes: object
) -> tuple[Credential, ...]:
    return tuple(
        replace(each, **changes) if each.credential_id == credential_id else each  # type: ignore[arg-type]
        for each in held
    )
