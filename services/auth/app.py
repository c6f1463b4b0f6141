"""auth put together: one description from which serve, work, migrate and config run."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.checkpointing import Checkpointer
from chassis.crypto.passwords import OWASP_19M, Parameters
from chassis.ports import Ports
from chassis.service import Service, Worker
from services.auth import grpc_api, publishing, tables
from services.auth.config import AuthSettings
from services.auth.domain.data_keys import DATA_KEYS
from services.auth.domain.events import UPCASTERS
from services.auth.domain.identity import IDENTITY
from services.auth.domain.key_encryption_keys import KEY_ENCRYPTION_KEYS
from services.auth.domain.login_name import LOGIN_NAME
from services.auth.domain.policy_sets import POLICY_SETS
from services.auth.domain.session import SESSION
from services.auth.domain.signing_keys import SIGNING_KEYS
from services.auth.projections import PROJECTIONS
from services.auth.use_cases.beginning import prepare
from services.auth.use_cases.deciding import Deciding
from services.auth.use_cases.safe import open_safe, safe_of

LOG_NAME = "cards/auth"


def _checkpointer(ports: Ports) -> Checkpointer:
    key = safe_of(ports).audit_key
    return Checkpointer(ports.database, ports.clock, LOG_NAME, key)


def _workers(ports: Ports) -> Sequence[Worker]:
    return (
        ("checkpoints", _checkpointer(ports).run),
        ("signing keys", safe_of(ports).signer.run),
    )


async def describe_identity(ports: Ports, id: str) -> Mapping[str, Any] | None:
    """Whose an identity is: the customer's that they are, and their own."""
    identity = await ports.application.find(IDENTITY, id)
    if identity is None:
        return None
    return {"owner": identity.customer_id, "subject": identity.subject}


async def describe_session(ports: Ports, id: str) -> Mapping[str, Any] | None:
    """Whose a session is."""
    session = await ports.application.find(SESSION, id)
    if session is None:
        return None
    subject = f"{session.kind}:{session.identity_id}"
    return {"owner": session.customer_id, "subject": subject}


async def describe_purpose(ports: Ports, id: str) -> Mapping[str, Any] | None:
    """Which service a purpose of data keys belongs to."""
    return {"service": id.partition(".")[0]}


async def _policy_set(ports: Ports) -> tuple[str, str]:
    active = await Deciding(ports).policy_set()
    return active.text, active.policy_set_hash


async def _signing_keys(ports: Ports) -> str:
    jwks, _ = await safe_of(ports).signer.published()
    return jwks


def service(parameters: Parameters = OWASP_19M) -> Service:
    """auth, hashing passwords with these parameters; only tests and simulations give others."""
    return Service(
        name="auth",
        settings=AuthSettings,
        deciders=(
            IDENTITY,
            LOGIN_NAME,
            SESSION,
            SIGNING_KEYS,
            KEY_ENCRYPTION_KEYS,
            DATA_KEYS,
            POLICY_SETS,
        ),
        upcasters=UPCASTERS,
        projections=PROJECTIONS,
        public=publishing.PUBLIC,
        rpcs=lambda ports: grpc_api.rpcs(ports, _checkpointer(ports)),
        workers=_workers,
        resources={
            "Identity": describe_identity,
            "Session": describe_session,
            "Purpose": describe_purpose,
        },
        tables=tables.METADATA,
        prepare=lambda ports: prepare(ports, safe_of(ports)),
        keys=lambda world, settings, ports: open_safe(ports, settings, parameters),
        policy_set=_policy_set,
        signing_keys=_signing_keys,
    )


SERVICE = service()
