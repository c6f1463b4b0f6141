"""What is read from, and written to, auth's rows beside its log."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from chassis.event_store.rows import instant
from services.auth.domain.events import CredentialType
from services.auth.tables import (
    data_keys,
    key_encryption_keys,
    sessions,
    signing_keys,
    verifiers,
)

# Verifiers ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerifierRow:
    """What a credential is verified with; `verifier` is a secret."""

    credential_id: str
    identity_id: str
    type: CredentialType
    verifier: str = field(repr=False)
    parameter_id: str = ""
    pepper_version: int = 0


def find_verifier(connection: Connection, credential_id: str) -> VerifierRow | None:
    """The verifier of a credential, if it is there still."""
    row = connection.execute(
        select(verifiers).where(verifiers.c.credential_id == credential_id)
    ).first()
    if row is None:
        return None
    return VerifierRow(
        row.credential_id,
        row.identity_id,
        CredentialType(row.type),
        row.verifier,
        row.parameter_id,
        row.pepper_version,
    )


def put_verifier(connection: Connection, row: VerifierRow) -> None:
    """Store a verifier in place of the one before it."""
    delete_verifier(connection, row.credential_id)
    connection.execute(
        verifiers.insert().values(
            credential_id=row.credential_id,
            identity_id=row.identity_id,
            type=row.type.value,
            verifier=row.verifier,
            parameter_id=row.parameter_id,
            pepper_version=row.pepper_version,
        )
    )


def delete_verifier(connection: Connection, credential_id: str) -> None:
    """Destroy the verifier of a credential."""
    connection.execute(verifiers.delete().where(verifiers.c.credential_id == credential_id))


def delete_verifiers_of(connection: Connection, identity_id: str) -> None:
    """Destroy every verifier of an identity."""
    connection.execute(verifiers.delete().where(verifiers.c.identity_id == identity_id))


# Keys ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WrappedDataKey:
    """A data key as it is stored."""

    subject: str
    purpose: str
    version: int
    key_encryption_key_version: int
    wrapped: str


def _wrapped(row: Any) -> WrappedDataKey:
    return WrappedDataKey(
        row.subject, row.purpose, row.version, row.key_encryption_key_version, row.wrapped
    )


def find_data_key(
    connection: Connection, subject: str, purpose: str, version: int
) -> WrappedDataKey | None:
    """A data key; version 0 is the newest."""
    query = (
        select(data_keys)
        .where(data_keys.c.subject == subject, data_keys.c.purpose == purpose)
        .order_by(data_keys.c.version.desc())
    )
    if version:
        query = query.where(data_keys.c.version == version)
    row = connection.execute(query).first()
    return None if row is None else _wrapped(row)


def insert_data_key(connection: Connection, row: WrappedDataKey) -> None:
    """Store a new data key."""
    connection.execute(
        data_keys.insert().values(
            subject=row.subject,
            purpose=row.purpose,
            version=row.version,
            key_encryption_key_version=row.key_encryption_key_version,
            wrapped=row.wrapped,
        )
    )


def delete_data_keys(connection: Connection, subject: str) -> None:
    """Destroy the data keys of a subject."""
    connection.execute(data_keys.delete().where(data_keys.c.subject == subject))


def data_keys_wrapped_before(
    connection: Connection, version: int, limit: int
) -> list[WrappedDataKey]:
    """Data keys that an older key-encryption key wraps, at most `limit`."""
    rows = connection.execute(
        select(data_keys)
        .where(data_keys.c.key_encryption_key_version < version)
        .order_by(data_keys.c.key_encryption_key_version, data_keys.c.subject)
        .limit(limit)
    )
    return [_wrapped(row) for row in rows]


def count_data_keys_wrapped_before(connection: Connection, version: int) -> int:
    """How many data keys an older key-encryption key wraps."""
    older = data_keys.c.key_encryption_key_version < version
    return connection.scalar(select(func.count()).select_from(data_keys).where(older)) or 0


def replace_wrapping(connection: Connection, old: WrappedDataKey, new: WrappedDataKey) -> None:
    """Put another wrapping in place of `old`, unless the key was destroyed or wrapped meanwhile."""
    connection.execute(
        data_keys.update()
        .where(
            data_keys.c.subject == old.subject,
            data_keys.c.purpose == old.purpose,
            data_keys.c.version == old.version,
            data_keys.c.wrapped == old.wrapped,
        )
        .values(key_encryption_key_version=new.key_encryption_key_version, wrapped=new.wrapped)
    )


def find_key_encryption_key(connection: Connection, version: int) -> str | None:
    """A key-encryption key, wrapped by the root key."""
    return connection.scalar(
        select(key_encryption_keys.c.wrapped).where(key_encryption_keys.c.version == version)
    )


def insert_key_encryption_key(connection: Connection, version: int, wrapped: str) -> None:
    """Store a new key-encryption key."""
    connection.execute(key_encryption_keys.insert().values(version=version, wrapped=wrapped))


def find_signing_key(connection: Connection, key_id: str) -> str | None:
    """A private signing key, wrapped by the root key."""
    return connection.scalar(select(signing_keys.c.wrapped).where(signing_keys.c.key_id == key_id))


def insert_signing_key(connection: Connection, key_id: str, wrapped: str) -> None:
    """Store a new signing key."""
    connection.execute(signing_keys.insert().values(key_id=key_id, wrapped=wrapped))


# Sessions -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session as it is listed."""

    session_id: str
    identity_id: str
    state: str
    assurance_level: int
    position: int
    started_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    end_reason: str


def list_sessions(
    connection: Connection, identity_id: str, before: int | None, limit: int
) -> list[ListedSession]:
    """Sessions of an identity, newest first, those that began before a position of the log."""
    query = (
        select(sessions)
        .where(sessions.c.identity_id == identity_id)
        .order_by(sessions.c.position.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(sessions.c.position < before)
    return [
        ListedSession(
            row.session_id,
            row.identity_id,
            row.state,
            row.assurance_level,
            row.position,
            instant(row.started_at),
            instant(row.refreshed_at),
            instant(row.expires_at),
            row.end_reason,
        )
        for row in connection.execute(query)
    ]
