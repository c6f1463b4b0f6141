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

    def holds(self, credential_ids: tuple[str, ...]) -> bool:
        """Whether all of these are theirs and in use."""
        in_use = {each.credential_id for each in self.credentials if each.state == "active"}
        return in_use.issuperset(credential_ids)


def evolved(held: tuple[Credential, ...], fact: Fact) -> tuple[Credential, ...]:
    """The credentials after a fact."""
    match fact:
        case PasswordEnrolled():
            return (*held, _password(fact))
        case TotpEnrolmentStarted():
            return (*held, _codes(fact))
        case PasswordRehashed():
            return tuple(
                replace(each, parameter_id=fact.parameter_id, pepper_version=fact.pepper_version)
                if each.credential_id == fact.credential_id
                else each
                for each in held
            )
        case TotpConfirmationFailed():
            return tuple(
                replace(each, failures=each.failures + 1, attempt_id=fact.attempt_id)
                if each.credential_id == fact.credential_id
                else each
                for each in held
            )
        case TotpConfirmed():
            return _moved(held, fact.credential_id, "active", fact.confirmed_at)
        case CredentialRevoked():
            return _moved(held, fact.credential_id, "revoked", fact.revoked_at)
        case _:
            raise TypeError(type(fact).__name__)


def _password(fact: PasswordEnrolled) -> Credential:
    return Credential(
        credential_id=fact.credential_id,
        type=CredentialType.PASSWORD,
        state="active",
        changed_at=fact.enrolled_at,
        suffices_alone=fact.suffices_alone,
        parameter_id=fact.parameter_id,
        pepper_version=fact.pepper_version,
    )


def _codes(fact: TotpEnrolmentStarted) -> Credential:
    return Credential(
        credential_id=fact.credential_id,
        type=CredentialType.TOTP,
        state="enrolling",
        changed_at=fact.started_at,
    )


def _moved(
    held: tuple[Credential, ...], credential_id: str, state: str, at: datetime
) -> tuple[Credential, ...]:
    return tuple(
        replace(each, state=state, changed_at=at) if each.credential_id == credential_id else each
        for each in held
    )
