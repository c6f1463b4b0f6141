"""Logging in: password, code, tokens; an unknown name takes the same way as a known one."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis.crypto.passwords import Verifier
from chassis.kernel.errors import Refused, Unauthenticated
from chassis.ports import Ports
from chassis.work import Settled
from services.auth import queries
from services.auth.domain.credentials import Identity
from services.auth.domain.enrolment import RehashPassword
from services.auth.domain.events import CredentialType
from services.auth.domain.identity import IDENTITY
from services.auth.domain.login_name import (
    LOGIN_NAME,
    AcceptFactors,
    LoginName,
    RefuseLogIn,
    refuse_locked,
)
from services.auth.domain.password_rules import normalised
from services.auth.domain.session import (
    ENDED,
    SESSION,
    FailChallenge,
    OpenSession,
    PassChallenge,
    RefreshSession,
    RevokeSession,
    Session,
    check_challenge,
)
from services.auth.queries import VerifierRow
from services.auth.use_cases import codes
from services.auth.use_cases.enrolling import Enrolling, hash_of_login_name
from services.auth.use_cases.safe import Safe
from services.auth.use_cases.units import settle

REFUSAL_SECONDS = 0.25
"""A refusal is told no sooner than this after it was asked for: what was in memory and what had to
be read makes a difference of a few milliseconds, which would tell a known name from another."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What somebody holds after logging in."""

    session: Session
    access_token: str = field(repr=False)
    access_token_expires_at: datetime
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A second factor is asked for."""

    token: str = field(repr=False)
    expires_at: datetime


class LoggingIn:
    """Log-in, challenge, refresh."""

    def __init__(self, ports: Ports, safe: Safe) -> None:
        self._ports = ports
        self._safe = safe
        self._enrolling = Enrolling(ports, safe)

    async def log_in(self, login_name: str, password: str) -> Tokens | Challenge:
        """First step. Raises Unauthenticated LOG_IN_FAILED, Refused LOG_IN_LOCKED,
        SECOND_FACTOR_REQUIRED, Exhausted HASHING_BUSY."""
        asked_at = self._ports.clock.monotonic()
        name_hash = hash_of_login_name(self._safe, login_name)
        name = await self._ports.application.find(LOGIN_NAME, name_hash) or LoginName()
        refuse_locked(name, self._ports.clock.now())
        # From here on nobody takes the same steps as somebody: look up, hash, write one fact.
        identity = await self._identity(name.identity_id or name_hash)
        held = identity.active(CredentialType.PASSWORD)
        row = await self._verifier(held.credential_id if held else name_hash)
        verifier = Verifier(row.verifier, row.parameter_id, row.pepper_version) if row else None
        if not await self._safe.hasher.verify(normalised(password), verifier):
            await self._refuse(name_hash)
            told_at = asked_at + REFUSAL_SECONDS
            await self._ports.sleep(max(0.0, told_at - self._ports.clock.monotonic()))
            raise Unauthenticated("LOG_IN_FAILED", "login name or password is wrong")
        assert held is not None
        assert verifier is not None
        codes_held = identity.active(CredentialType.TOTP)
        if codes_held is None and not held.suffices_alone:
            raise Refused("SECOND_FACTOR_REQUIRED", "enrol a second factor, or a longer password")
        totp_credential_id = codes_held.credential_id if codes_held else ""
        settled = await self._open(identity, held.credential_id, totp_credential_id)
        if self._safe.hasher.is_outdated(verifier):
            await self._rehash(identity, held.credential_id, password)
        session: Session = settled.state
        if session.state == "active":
            return await self._tokens(session)
        assert session.expires_at is not None
        return Challenge(self._safe.handles.challenge(session.session_id), session.expires_at)

    async def _refuse(self, name_hash: str) -> None:
        await settle(
            self._ports,
            RefuseLogIn(
                login_name_hash=name_hash,
                attempt_id=self._ports.ids.new(),
                factor=CredentialType.PASSWORD,
            ),
        )

    async def _open(
        self, identity: Identity, password_credential_id: str, totp_credential_id: str
    ) -> Settled:
        session_id = self._ports.ids.new()
        return await settle(
            self._ports,
            AcceptFactors(
                login_name_hash=identity.login_name_hash,
                occasion_id=session_id,
                complete=not totp_credential_id,
            ),
            OpenSession(
                session_id=session_id,
                identity_id=identity.identity_id,
                login_name_hash=identity.login_name_hash,
                kind=identity.kind,
                customer_id=identity.customer_id,
                password_credential_id=password_credential_id,
                totp_credential_id=totp_credential_id,
            ),
        )

    async def answer_challenge(self, token: str, code: str) -> Tokens:
        """Second step. Raises Unauthenticated CHALLENGE_INVALID, CODE_WRONG, CODE_USED, Refused
        LOG_IN_LOCKED."""
        session_id = self._safe.handles.read_challenge(token)
        session = await self._ports.application.find(SESSION, session_id) or Session()
        now = self._ports.clock.now()
        if session.state != "active":
            check_challenge(session, now)
        identity = await self._identity(session.identity_id)
        if not identity.holds(session.credential_ids):
            await self._end(session)
            raise Unauthenticated("CHALLENGE_INVALID", "that challenge has ended; log in again")
        seed = await self._enrolling.seed(identity, session.totp_credential_id)
        step = codes.matching_step(seed, code, now)
        name_hash = session.login_name_hash
        if not step:
            attempt_id = self._ports.ids.new()
            await settle(
                self._ports,
                RefuseLogIn(
                    login_name_hash=name_hash,
                    attempt_id=attempt_id,
                    factor=CredentialType.TOTP,
                ),
                FailChallenge(session_id=session_id, attempt_id=attempt_id),
            )
            raise Unauthenticated("CODE_WRONG", "that code is wrong")
        settled = await settle(
            self._ports,
            AcceptFactors(
                login_name_hash=name_hash,
                occasion_id=session_id,
                complete=True,
                totp_credential_id=session.totp_credential_id,
                totp_step=step,
            ),
            PassChallenge(session_id=session_id, totp_step=step),
        )
        return await self._tokens(settled.state)

    async def refresh(self, token: str) -> Tokens:
        """New tokens for a refresh token. Raises Unauthenticated REFRESH_TOKEN_INVALID,
        REFRESH_TOKEN_REUSED, SESSION_ENDED."""
        session_id, generation = self._safe.handles.read_refresh(token)
        settled = await settle(
            self._ports, RefreshSession(session_id=session_id, generation=generation)
        )
        session: Session = settled.state
        if session.state == ENDED:
            raise Unauthenticated(
                "REFRESH_TOKEN_REUSED", "that token was used before; the session has ended"
            )
        return await self._tokens(session)

    async def _tokens(self, session: Session) -> Tokens:
        """Raises Unauthenticated SESSION_ENDED when what the session rests on was replaced."""
        # Read now: a credential that was revoked amid the log-in lets nobody in.
        identity = await self._identity(session.identity_id)
        if not identity.holds(session.credential_ids):
            await self._end(session)
            raise Unauthenticated("SESSION_ENDED", "that session has ended; log in again")
        access = await self._safe.signer.access_token(session, identity)
        refresh = self._safe.handles.refresh(session.session_id, session.generation)
        return Tokens(session, access.text, access.expires_at, refresh)

    async def _end(self, session: Session) -> None:
        revoke = RevokeSession(session_id=session.session_id, reason="credential_revoked")
        await settle(self._ports, revoke)

    async def _rehash(self, identity: Identity, credential_id: str, password: str) -> None:
        verifier = await self._safe.hasher.hash(normalised(password))
        row = VerifierRow(
            credential_id,
            identity.identity_id,
            CredentialType.PASSWORD,
            verifier.text,
            verifier.parameter_id,
            verifier.pepper_version,
        )

        def inside(connection: Any, settled: Settled) -> None:
            if settled.facts:
                queries.put_verifier(connection, row)

        await settle(
            self._ports,
            RehashPassword(
                identity_id=identity.identity_id,
                credential_id=credential_id,
                parameter_id=verifier.parameter_id,
                pepper_version=verifier.pepper_version,
                commitment=self._safe.commitment(credential_id, verifier.text),
            ),
            inside=inside,
        )

    async def _identity(self, identity_id: str) -> Identity:
        return await self._ports.application.find(IDENTITY, identity_id) or Identity()

    async def _verifier(self, credential_id: str) -> VerifierRow | None:
        return await self._ports.database.read(
            lambda connection: queries.find_verifier(connection, credential_id)
        )
