"""The first start: keys, policies, the first administrator and the gateway; repeatable."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from chassis.crypto.sealing import text_of
from chassis.kernel.errors import Unauthenticated
from chassis.kernel.ids import derive
from chassis.ports import Ports
from services.auth.domain.events import CredentialType, IdentityKind
from services.auth.domain.identity import IDENTITY
from services.auth.domain.key_encryption_keys import KEY_ENCRYPTION_KEYS
from services.auth.domain.key_encryption_keys import ONLY as ONLY_RING
from services.auth.domain.policy_sets import InstallPolicySet
from services.auth.domain.signing_keys import ONLY, SIGNING_KEYS
from services.auth.use_cases import codes
from services.auth.use_cases.deciding import built_in_text
from services.auth.use_cases.enrolling import Enrolling, registration
from services.auth.use_cases.safe import Safe
from services.auth.use_cases.units import ACTOR

FILE_MODE = 0o600
ADMINISTRATOR = "administrator"
GATEWAY = "gateway"

FIRST: Mapping[str, tuple[IdentityKind, tuple[str, ...], bool]] = {
    ADMINISTRATOR: (IdentityKind.OPERATOR, ("administrator", "operator"), True),
    GATEWAY: (IdentityKind.PARTNER, ("gateway",), False),
}
"""Login name → kind, roles, and whether a second factor is enrolled."""


class BootstrapLost(Exception):
    """The first identities were registered long ago, but the file with their credentials is gone;
    whoever still can log in starts an enrolment for the others."""


async def prepare(ports: Ports, safe: Safe) -> None:
    """Make the first keys, install the policy set of this version, register the first people."""
    await make_first_keys(ports, safe)
    await ports.application.execute(InstallPolicySet(text=built_in_text()), actor=ACTOR)
    path: Path | None = ports.settings.bootstrap_path
    if path is not None and _is_missing(path):
        await bootstrap(ports, safe, path)


async def make_first_keys(ports: Ports, safe: Safe) -> None:
    """A key-encryption key and a signing key, if there are none."""
    if await ports.application.find(KEY_ENCRYPTION_KEYS, ONLY_RING) is None:
        ring_command, inside = await safe.ring.rotation()
        await ports.application.execute(ring_command, actor=ACTOR, inside=inside)
    if await ports.application.find(SIGNING_KEYS, ONLY) is None:
        signing_command, inside = await safe.signer.rotation()
        await ports.application.execute(signing_command, actor=ACTOR, inside=inside)


async def bootstrap(ports: Ports, safe: Safe, path: Path) -> dict[str, dict[str, str]]:
    """Register the first administrator and the gateway, and write what they log in with to a new
    file of mode 600: per login name identity_id, password and, where there is one, totp_seed.

    May be repeated for a day, should the first time break off, and gives the same; later raises
    BootstrapLost.
    """
    try:
        credentials = {name: await _register(ports, safe, name) for name in FIRST}
    except Unauthenticated as failure:
        raise BootstrapLost from failure
    _write_privately(path, json.dumps(credentials, indent=2))
    return credentials


async def _register(ports: Ports, safe: Safe, login_name: str) -> dict[str, str]:
    kind, roles, with_codes = FIRST[login_name]
    identity_id, enrolment_id = derive("first", login_name), derive("enrolment", login_name)
    commands = registration(
        safe,
        login_name,
        kind=kind,
        customer_id="",
        roles=roles,
        identity_id=identity_id,
        enrolment_id=enrolment_id,
    )
    await ports.application.execute(*commands, actor=ACTOR)
    enrolling = Enrolling(ports, safe)
    token = safe.handles.enrolment(identity_id, enrolment_id)
    password = text_of(safe.first_secret(login_name))
    await enrolling.enrol_password(token, password)
    written = {"identity_id": identity_id, "password": password}
    if with_codes:
        written["totp_seed"] = await _enrol_codes(ports, enrolling, token, identity_id)
    return written


async def _enrol_codes(ports: Ports, enrolling: Enrolling, token: str, identity_id: str) -> str:
    identity = await ports.application.state(IDENTITY, identity_id)
    held = identity.active(CredentialType.TOTP)
    if held is not None:
        return codes.seed_text(await enrolling.seed(identity, held.credential_id))
    credential_id, uri, _ = await enrolling.enrol_totp(token)
    generator = codes.generator_of(uri)
    # The code of the step before: the present one is left for the first log-in.
    code = generator.at(ports.clock.now(), counter_offset=-1)
    await enrolling.confirm_totp(token, credential_id, code)
    return str(generator.secret)


def _is_missing(path: Path) -> bool:
    return not path.exists()


def _write_privately(path: Path, content: str) -> None:
    """Put the whole file there at once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
