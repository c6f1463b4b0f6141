"""Registering somebody and setting their credentials."""

import unicodedata
from typing import Any

from chassis.crypto.passwords import Verifier
from chassis.kernel.errors import Invalid, NotFound, Refused, Unauthenticated
from chassis.kernel.events import Command
from chassis.kernel.ids import derive
from chassis.ports import Ports
from chassis.work import Settled
from services.auth import queries
from services.auth.domain.credentials import Credential, Identity
from services.auth.domain.enrolment import ConfirmTotp, EnrolPassword, EnrolTotp, check_enrolment
from services.auth.domain.events import CredentialRevoked, CredentialType, IdentityKind
from services.auth.domain.identity import IDENTITY, RegisterIdentity
from services.auth.domain.login_name import AcceptFactors, ClaimLoginName
from services.auth.domain.password_rules import check_password, normalised
from services.auth.queries import VerifierRow
from services.auth.use_cases import codes
from services.auth.use_cases.key_ring import IDENTITY_PREFIX
from services.auth.use_cases.safe import Safe
from services.auth.use_cases.units import Inside, settle

LOGIN_NAME_PURPOSE = "auth.login_name"
SEED_PURPOSE = "auth.totp"


def hash_of_login_name(safe: Safe, login_name: str) -> str:
    """The keyed hash that a login name is known by; case and compatible forms do not count."""
    normal = unicodedata.normalize("NFKC", login_name).strip().casefold()
    return safe.lookup_hash(LOGIN_NAME_PURPOSE, normal.encode())


def registration(
    safe: Safe,
    login_name: str,
    *,
    kind: IdentityKind,
    customer_id: str,
    roles: tuple[str, ...],
    identity_id: str,
    enrolment_id: str,
) -> tuple[Command, Command]:
    """What registers somebody under a login name that is free."""
    name_hash = hash_of_login_name(safe, login_name)
    return (
        ClaimLoginName(login_name_hash=name_hash, identity_id=identity_id),
        RegisterIdentity(
            identity_id=identity_id,
            kind=kind,
            customer_id=customer_id,
            login_name_hash=name_hash,
            roles=roles,
            enrolment_id=enrolment_id,
        ),
    )


class Enrolling:
    """Setting credentials by an enrolment token."""

    def __init__(self, ports: Ports, safe: Safe) -> None:
        self._ports = ports
        self._safe = safe

    async def enrol_password(self, token: str, password: str) -> tuple[Credential, Settled]:
        """Set the password, or find it set by the same enrolment. Raises Unauthenticated
        ENROLMENT_INVALID, Invalid PASSWORD_…, Exhausted HASHING_BUSY."""
        identity, enrolment_id = await self._enrolment(token)
        suffices_alone = check_password(password)
        if hash_of_login_name(self._safe, password) == identity.login_name_hash:
            raise Invalid("PASSWORD_HAS_CONTEXT", "that is the login name", field="password")
        credential_id = derive("password", identity.identity_id, enrolment_id)
        repeated = identity.credential(credential_id) is not None
        if repeated:
            verifier = await self._repeated(credential_id, password)
        else:
            verifier = await self._safe.hasher.hash(normalised(password))
        command = EnrolPassword(
            identity_id=identity.identity_id,
            enrolment_id=enrolment_id,
            credential_id=credential_id,
            parameter_id=verifier.parameter_id,
            pepper_version=verifier.pepper_version,
            commitment=self._safe.commitment(credential_id, verifier.text),
            suffices_alone=suffices_alone,
        )
        row = VerifierRow(
            credential_id,
            identity.identity_id,
            CredentialType.PASSWORD,
            verifier.text,
            verifier.parameter_id,
            verifier.pepper_version,
        )
        settled = await settle(self._ports, command, inside=_writing(row))
        if not (repeated or settled.facts):
            # Somebody was faster with the same token, perhaps with another password.
            await self._repeated(credential_id, password)
        return _held(settled.state, credential_id), settled

    async def enrol_totp(self, token: str) -> tuple[str, str, Settled]:
        """Give out a seed: the credential, the provisioning URI. Raises Unauthenticated
        ENROLMENT_INVALID, Refused ALREADY_CONFIRMED."""
        identity, enrolment_id = await self._enrolment(token)
        credential_id = derive("totp", identity.identity_id, enrolment_id)
        held = identity.credential(credential_id)
        if held is not None and held.state != "enrolling":
            raise Refused("ALREADY_CONFIRMED", "the seed is shown until it is confirmed")
        if held is not None:
            seed = await self.seed(identity, credential_id)
        else:
            seed = self._ports.random.randbytes(codes.SEED_BYTES)
        sealed = await self._safe.seal(
            f"{IDENTITY_PREFIX}{identity.identity_id}", SEED_PURPOSE, seed, credential_id
        )
        command = EnrolTotp(
            identity_id=identity.identity_id,
            enrolment_id=enrolment_id,
            credential_id=credential_id,
            commitment=self._safe.commitment(credential_id, codes.seed_text(seed)),
        )
        row = VerifierRow(credential_id, identity.identity_id, CredentialType.TOTP, sealed)
        settled = await settle(self._ports, command, inside=_writing(row))
        if held is None and not settled.facts:
            # Somebody was faster with the same token; there is one seed, and it is theirs.
            seed = await self.seed(settled.state, credential_id)
        label = f"{identity.kind} {identity.identity_id[:8]}"
        return credential_id, codes.provisioning_uri(seed, label), settled

    async def confirm_totp(self, token: str, credential_id: str, code: str) -> Settled:
        """Show the first code. Raises Unauthenticated ENROLMENT_INVALID, CODE_USED, Invalid
        CODE_WRONG, NotFound CREDENTIAL_UNKNOWN, Exhausted TOO_MANY_TRIES."""
        identity, enrolment_id = await self._enrolment(token)
        held = identity.credential(credential_id)
        seed = await self.seed(identity, credential_id)
        step = codes.matching_step(seed, code, self._ports.clock.now())
        commands: list[Command] = []
        if step and held is not None and held.state == "enrolling":
            commands.append(
                AcceptFactors(
                    login_name_hash=identity.login_name_hash,
                    occasion_id=enrolment_id,
                    complete=True,
                    totp_credential_id=credential_id,
                    totp_step=step,
                )
            )
        confirm = ConfirmTotp(
            identity_id=identity.identity_id,
            enrolment_id=enrolment_id,
            credential_id=credential_id,
            attempt_id=self._ports.ids.new(),
            step=step,
        )
        settled = await settle(self._ports, *commands, confirm, inside=_writing(None))
        if _held(settled.state, credential_id).state != "active":
            raise Invalid("CODE_WRONG", "that code is wrong", field="code")
        return settled

    async def seed(self, identity: Identity, credential_id: str) -> bytes:
        """The seed of codes of a credential. Raises NotFound CREDENTIAL_UNKNOWN."""
        row = await self._row(credential_id)
        if row is None or row.identity_id != identity.identity_id:
            raise NotFound("CREDENTIAL_UNKNOWN", "there is no such enrolment of codes")
        subject = f"{IDENTITY_PREFIX}{identity.identity_id}"
        return await self._safe.open(subject, SEED_PURPOSE, row.verifier, credential_id)

    async def _enrolment(self, token: str) -> tuple[Identity, str]:
        identity_id, enrolment_id = self._safe.handles.read_enrolment(token)
        identity = await self._ports.application.find(IDENTITY, identity_id) or Identity()
        check_enrolment(identity, enrolment_id, self._ports.clock.now())
        return identity, enrolment_id

    async def _repeated(self, credential_id: str, password: str) -> Verifier:
        """The verifier that is there, if it is of this password: one enrolment, one password."""
        row = await self._row(credential_id)
        known = Verifier(row.verifier, row.parameter_id, row.pepper_version) if row else None
        if known is None or not await self._safe.hasher.verify(normalised(password), known):
            raise Unauthenticated("ENROLMENT_INVALID", "this enrolment has set a password already")
        return known

    async def _row(self, credential_id: str) -> VerifierRow | None:
        return await self._ports.database.read(
            lambda connection: queries.find_verifier(connection, credential_id)
        )


def _writing(row: VerifierRow | None) -> Inside:
    """Store a verifier with the fact of its enrolment, and destroy those that were revoked."""

    def inside(connection: Any, settled: Settled) -> None:
        for fact in settled.facts:
            if isinstance(fact, CredentialRevoked):
                queries.delete_verifier(connection, fact.credential_id)
        if settled.facts and row is not None:
            queries.put_verifier(connection, row)

    return inside


def _held(state: Identity, credential_id: str) -> Credential:
    held = state.credential(credential_id)
    assert held is not None
    return held
