"""What happens to identities, log-ins, sessions, keys and policy sets. Ids and commitments only:
whatever somebody is verified with stands in rows that can be destroyed."""

from datetime import datetime
from enum import StrEnum

from chassis.kernel.events import Fact, Upcasters, fact


class IdentityKind(StrEnum):
    """What kind of principal somebody is. Services have keys of their own instead."""

    CARDHOLDER = "cardholder"
    OPERATOR = "operator"
    PARTNER = "partner"


class CredentialType(StrEnum):
    """How somebody shows who they are."""

    PASSWORD = "password"
    TOTP = "totp"


# Identities ---------------------------------------------------------------------------------------


@fact
class IdentityRegistered(Fact):
    """Somebody can be a principal from now on."""

    identity_id: str
    kind: IdentityKind
    customer_id: str
    login_name_hash: str
    roles: tuple[str, ...]
    registered_at: datetime


@fact
class EnrolmentStarted(Fact):
    """Credentials may be set by whoever holds the token of this enrolment."""

    identity_id: str
    enrolment_id: str
    expires_at: datetime


@fact
class PasswordEnrolled(Fact):
    """A password is set. `commitment` is a keyed hash of its verifier."""

    identity_id: str
    enrolment_id: str
    credential_id: str
    parameter_id: str
    pepper_version: int
    commitment: str
    suffices_alone: bool
    enrolled_at: datetime


@fact
class PasswordRehashed(Fact):
    """The verifier of a password was replaced by one of today's parameters."""

    identity_id: str
    credential_id: str
    parameter_id: str
    pepper_version: int
    commitment: str


@fact
class TotpEnrolmentStarted(Fact):
    """A seed was given out. `commitment` is a keyed hash of it."""

    identity_id: str
    enrolment_id: str
    credential_id: str
    commitment: str
    started_at: datetime


@fact
class TotpConfirmationFailed(Fact):
    """The first code was wrong."""

    identity_id: str
    credential_id: str
    attempt_id: str


@fact
class TotpConfirmed(Fact):
    """The first code was right; `step` is the one it belongs to, never to be accepted again."""

    identity_id: str
    credential_id: str
    step: int
    confirmed_at: datetime


@fact
class CredentialRevoked(Fact):
    """A credential is never to be used again."""

    identity_id: str
    credential_id: str
    revoked_at: datetime


@fact
class RoleAssigned(Fact):
    """Somebody has a role more."""

    identity_id: str
    role: str


@fact
class RoleRevoked(Fact):
    """Somebody has a role less."""

    identity_id: str
    role: str


# Log-in names -------------------------------------------------------------------------------------


@fact
class LoginNameClaimed(Fact):
    """A login name, known by its keyed hash, belongs to an identity."""

    login_name_hash: str
    identity_id: str


@fact
class LogInFailed(Fact):
    """Somebody did not succeed in logging in; `identity_id` is empty for an unknown name."""

    login_name_hash: str
    identity_id: str
    attempt_id: str
    factor: CredentialType
    consecutive_failures: int
    failed_at: datetime
    locked_until: datetime | None


@fact
class FactorsAccepted(Fact):
    """All factors were right, in a log-in or an enrolment. `totp_step` is 0 where no code was
    asked for; no code of that step or an earlier one is accepted again."""

    login_name_hash: str
    identity_id: str
    occasion_id: str
    totp_credential_id: str
    totp_step: int


# Sessions -----------------------------------------------------------------------------------------


@fact
class SessionChallenged(Fact):
    """The password was right, a second factor is asked for."""

    version = 2
    session_id: str
    identity_id: str
    login_name_hash: str
    kind: IdentityKind
    customer_id: str
    password_credential_id: str
    totp_credential_id: str
    challenged_at: datetime
    expires_at: datetime


@fact
class ChallengeFailed(Fact):
    """A second factor was wrong."""

    session_id: str
    identity_id: str
    attempt_id: str


@fact
class LoggedIn(Fact):
    """A session began, with the checks that were passed, of the credentials that are named."""

    version = 2
    session_id: str
    identity_id: str
    kind: IdentityKind
    customer_id: str
    assurance_level: int
    factors: tuple[CredentialType, ...]
    credential_ids: tuple[str, ...]
    totp_step: int
    logged_in_at: datetime
    expires_at: datetime
    idle_limit_seconds: int


@fact
class SessionRefreshed(Fact):
    """The refresh token was exchanged for that of the next generation."""

    session_id: str
    identity_id: str
    generation: int
    refreshed_at: datetime


@fact
class SessionRevoked(Fact):
    """A session ended before its time."""

    session_id: str
    identity_id: str
    reason: str
    revoked_at: datetime


# Keys ---------------------------------------------------------------------------------------------


@fact
class SigningKeyRotated(Fact):
    """Access tokens are signed with another key from `active_from` on; it is published at once.

    `public_key` is the x of its JWK.
    """

    key_id: str
    public_key: str
    active_from: datetime


@fact
class KeyEncryptionKeyRotated(Fact):
    """Data keys are wrapped by this version from now on; older ones only decrypt."""

    key_encryption_key_version: int


@fact
class DataKeysRewrapped(Fact):
    """So many data keys are wrapped by this version that were not before."""

    key_encryption_key_version: int
    batch_id: str
    rewrapped: int


@fact
class DataKeyCreated(Fact):
    """There is a data key for a subject and purpose."""

    subject: str
    purpose: str
    data_key_version: int
    key_encryption_key_version: int


@fact
class DataKeysDestroyed(Fact):
    """What was sealed under the data keys of a subject can never be read again.

    `destroyed_keys` are `<purpose>/<version>`.
    """

    subject: str
    certificate_id: str
    destroyed_keys: tuple[str, ...]
    destroyed_by: str
    destroyed_at: datetime


# Policy sets --------------------------------------------------------------------------------------


@fact
class PolicySetProposed(Fact):
    """A policy set is put forward. `built_in` says that it came with the service."""

    policy_set_hash: str
    text: str
    proposed_by: str
    built_in: bool


@fact
class PolicySetActivated(Fact):
    """Doors decide by this policy set from now on."""

    policy_set_hash: str
    activated_by: str
    activated_at: datetime


UPCASTERS: Upcasters = {
    # Which credentials these were of was not kept.
    "SessionChallenged.v1": lambda fields: {**fields, "password_credential_id": ""},
    "LoggedIn.v1": lambda fields: {**fields, "credential_ids": []},
}
