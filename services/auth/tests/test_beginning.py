"""The first start, and what follows from it."""

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from cards.auth.v1 import auth_service_pb2 as pb

from chassis import audit
from chassis.kernel.errors import Error
from services.auth.tests.conftest import Auth, started
from services.auth.use_cases.beginning import ADMINISTRATOR, GATEWAY, BootstrapLost


def read(path: Path) -> dict[str, dict[str, str]]:
    """What the first start wrote."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content: dict[str, dict[str, str]] = json.loads(path.read_text())
    return content


async def log_in_first(auth: Auth, credentials: dict[str, dict[str, str]]) -> Any:
    """The administrator logs in with both factors."""
    known = credentials[ADMINISTRATOR]
    asked = await auth.log_in(ADMINISTRATOR, known["password"])
    code = pyotp.TOTP(known["totp_seed"]).at(auth.clock.now())
    return (await auth.answer(asked.challenge.challenge_token, code)).tokens


async def test_the_first_people_can_log_in_with_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "first" / "bootstrap.json"
    async with started(tmp_path, bootstrap_path=path) as auth:
        credentials = read(path)
        tokens = await log_in_first(auth, credentials)
        assert tokens.assurance_level == 2
        gateway = await auth.log_in(GATEWAY, credentials[GATEWAY]["password"])
        assert gateway.tokens.assurance_level == 1


async def test_starting_again_changes_nothing_and_writes_a_lost_file_again(tmp_path: Path) -> None:
    path = tmp_path / "bootstrap.json"
    async with started(tmp_path, bootstrap_path=path) as auth:
        written, names = read(path), auth.names()
    async with started(tmp_path, bootstrap_path=path) as auth:
        assert auth.names() == names
    remove(path)
    async with started(tmp_path, bootstrap_path=path) as auth:
        assert read(path) == written
        assert auth.names() == names
        await log_in_first(auth, written)


async def test_a_file_that_is_lost_for_days_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "bootstrap.json"
    async with started(tmp_path, bootstrap_path=path) as auth:
        auth.clock.advance(timedelta(days=2))
        remove(path)
        with pytest.raises(BootstrapLost):
            await auth.node.service.prepare(auth.node.ports)  # type: ignore[misc]


def remove(path: Path) -> None:
    path.unlink()


async def test_without_a_path_nobody_is_registered(auth: Auth) -> None:
    assert "IdentityRegistered" not in auth.names()


async def test_the_audit_log_is_verified_and_a_tampered_one_is_found(auth: Auth) -> None:
    await auth.register("agent.li")
    asked = pb.VerifyAuditLogRequest()
    first = await auth.ask(auth.auth, "VerifyAuditLog", asked)
    assert (first.intact, first.size) == (True, 1)
    await auth.register("agent.wang")
    asked.known_checkpoint = first.checkpoint
    second = await auth.ask(auth.auth, "VerifyAuditLog", asked)
    assert (second.intact, second.size) == (True, 2)
    key = auth.node.ports.keys.audit_key.public_key()
    old, new = (
        audit.open_checkpoint(each.checkpoint, "cards/auth", key) for each in (first, second)
    )
    assert audit.extends(1, 2, list(second.consistency_proof), old.root, new.root)

    with auth.node.world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET leaf = x'00' WHERE leaf_index = 0")
    third = await auth.ask(auth.auth, "VerifyAuditLog", asked)
    assert not third.intact
    assert third.problems[0] == "the first 1 leaves are not those that were signed"
    asked.known_checkpoint = first.checkpoint.replace("auth", "else")
    with pytest.raises(Error, match="CHECKPOINT_INVALID"):
        await auth.ask(auth.auth, "VerifyAuditLog", asked)
