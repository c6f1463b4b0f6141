"""Between auth's values and the messages of its protos."""

from collections.abc import Mapping
from datetime import datetime

from cards.auth.v1 import auth_service_pb2 as pb

from chassis.answers import timestamp
from services.auth.domain.credentials import Credential, Identity
from services.auth.domain.events import CredentialType, IdentityKind
from services.auth.domain.session import ENDED
from services.auth.queries import ListedSession
from services.auth.use_cases.logging_in import Challenge, Tokens

KINDS: Mapping[int, IdentityKind] = {
    pb.IDENTITY_KIND_CARDHOLDER: IdentityKind.CARDHOLDER,
    pb.IDENTITY_KIND_OPERATOR: IdentityKind.OPERATOR,
    pb.IDENTITY_KIND_PARTNER: IdentityKind.PARTNER,
}
_KINDS = {kind: number for number, kind in KINDS.items()}

_TYPES: Mapping[CredentialType, pb.CredentialType.ValueType] = {
    CredentialType.PASSWORD: pb.CREDENTIAL_TYPE_PASSWORD,
    CredentialType.TOTP: pb.CREDENTIAL_TYPE_TOTP,
}
_STATES: Mapping[str, pb.CredentialState.ValueType] = {
    "enrolling": pb.CREDENTIAL_STATE_ENROLLING,
    "active": pb.CREDENTIAL_STATE_ACTIVE,
    "revoked": pb.CREDENTIAL_STATE_REVOKED,
}
EXPIRED = "expired"


def identity(state: Identity) -> pb.Identity:
    """Somebody, as they are shown."""
    assert state.registered_at is not None
    return pb.Identity(
        identity_id=state.identity_id,
        kind=pb.IdentityKind.ValueType(_KINDS[state.kind]),
        roles=state.roles,
        customer_id=state.customer_id,
        credentials=[_credential(each) for each in state.credentials],
        registered_at=timestamp(state.registered_at),
    )


def _credential(state: Credential) -> pb.Credential:
    return pb.Credential(
        credential_id=state.credential_id,
        type=_TYPES[state.type],
        state=_STATES[state.state],
        changed_at=timestamp(state.changed_at),
    )


def tokens(held: Tokens) -> pb.Tokens:
    """What somebody holds after logging in."""
    return pb.Tokens(
        access_token=held.access_token,
        access_token_expires_at=timestamp(held.access_token_expires_at),
        refresh_token=held.refresh_token,
        session_id=held.session.session_id,
        assurance_level=held.session.assurance_level,
    )


def challenge(asked: Challenge) -> pb.Challenge:
    """What is asked for."""
    return pb.Challenge(
        challenge_token=asked.token,
        methods=[pb.CREDENTIAL_TYPE_TOTP],
        expires_at=timestamp(asked.expires_at),
    )


def session(listed: ListedSession, now: datetime) -> pb.Session:
    """A session in a list; one that nobody ended may have come to its end by itself."""
    over = listed.state != ENDED and now >= listed.expires_at
    return pb.Session(
        session_id=listed.session_id,
        identity_id=listed.identity_id,
        state=ENDED if over else listed.state,
        assurance_level=listed.assurance_level,
        started_at=timestamp(listed.started_at),
        refreshed_at=timestamp(listed.refreshed_at),
        expires_at=timestamp(listed.expires_at),
        end_reason=EXPIRED if over else listed.end_reason,
    )
