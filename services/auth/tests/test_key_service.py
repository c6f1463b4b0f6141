"""The key service: as another service uses it, and as somebody is forgotten."""

import json
from pathlib import Path
from typing import Any

import pytest
from cards.auth.v1 import key_service_pb2 as pb
from joserfc import jws
from joserfc.jwk import KeySet

from chassis.call import Principal
from chassis.crypto import KeyServiceClient, SealBroken
from chassis.kernel.errors import NotFound, Refused
from chassis.tokens import ALGORITHM
from services.auth.domain.events import DataKeysDestroyed
from services.auth.tests.conftest import Auth, started

ACCOUNTS = Principal("service:accounts", "service")
SUBJECT, PURPOSE, PLACE = "customer:c1", "accounts.personal", "CustomerRegistered.name"


class Rpc:
    """The key service without network: the stub that a service would hold."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self.asked: list[str] = []

    def stub(self, stub: Any, service: str) -> "Rpc":
        return self

    def __getattr__(self, name: str) -> Any:
        async def ask(request: Any) -> Any:
            self.asked.append(name)
            key = getattr(request, "idempotency_key", "")
            return await self._auth.ask(self._auth.keys, name, request, by=ACCOUNTS, key=key)

        return ask


def client(auth: Auth) -> KeyServiceClient:
    """Field encryption as accounts has it."""
    return KeyServiceClient(Rpc(auth), clock=auth.clock, lookup_secret=b"s" * 32)


async def destroy(auth: Auth, subject: str = SUBJECT, key: str = "d") -> Any:
    request = pb.DestroyDataKeysRequest(idempotency_key=key, subject=subject)
    return await auth.ask(auth.keys, "DestroyDataKeys", request, key=key)


async def rotate(auth: Auth, key: str) -> int:
    request = pb.RotateWrappingKeyRequest(idempotency_key=key)
    answer = await auth.ask(auth.keys, "RotateWrappingKey", request, key=key)
    return int(answer.version)


async def test_a_service_seals_and_another_process_of_it_opens(auth: Auth) -> None:
    sealed = await client(auth).seal(SUBJECT, PURPOSE, b"Zhang Wei", PLACE)
    assert await client(auth).open(SUBJECT, PURPOSE, sealed, PLACE) == b"Zhang Wei"
    with pytest.raises(SealBroken):
        await client(auth).open(SUBJECT, PURPOSE, sealed, "CustomerRegistered.email")
    assert auth.names().count("DataKeyCreated") == 1


async def test_a_data_key_is_made_once_and_remembered(auth: Auth) -> None:
    rpc = Rpc(auth)
    keys = KeyServiceClient(rpc, clock=auth.clock, lookup_secret=b"s" * 32)
    for _ in range(3):
        await keys.seal(SUBJECT, PURPOSE, b"x", PLACE)
    assert rpc.asked == ["GetDataKey", "CreateDataKey"]


async def test_after_destruction_nothing_opens_and_no_key_is_made_again(auth: Auth) -> None:
    sealed = await client(auth).seal(SUBJECT, PURPOSE, b"Zhang Wei", PLACE)
    kept = await client(auth).seal("customer:c2", PURPOSE, b"Li Na", PLACE)
    await destroy(auth)
    with pytest.raises(NotFound) as failure:
        await client(auth).open(SUBJECT, PURPOSE, sealed, PLACE)
    assert failure.value.reason == "KEY_DESTROYED"
    with pytest.raises(NotFound):
        await client(auth).seal(SUBJECT, PURPOSE, b"again", PLACE)
    assert await client(auth).open("customer:c2", PURPOSE, kept, PLACE) == b"Li Na"


async def test_the_certificate_says_what_was_destroyed_and_anybody_can_check_it(
    auth: Auth,
) -> None:
    await client(auth).seal(SUBJECT, PURPOSE, b"x", PLACE)
    answer = await destroy(auth)
    assert await destroy(auth) == answer
    (fact,) = [each for each in auth.node.facts() if isinstance(each, DataKeysDestroyed)]
    assert fact.destroyed_keys == ("accounts.personal/1",)
    jwks, _ = await auth.node.ports.keys.signer.published()
    shown = jws.deserialize_compact(
        answer.certificate.signed, KeySet.import_key_set(json.loads(jwks)), algorithms=[ALGORITHM]
    )
    assert json.loads(shown.payload) == {
        "iss": "auth",
        "jti": answer.certificate.certificate_id,
        "sub": SUBJECT,
        "destroyed_keys": ["accounts.personal/1"],
        "destroyed_by": "operator:admin",
        "destroyed_at": auth.clock.now().isoformat(),
    }
    asked = pb.GetCertificateRequest(subject=SUBJECT)
    again = await auth.ask(auth.keys, "GetCertificate", asked)
    assert again.certificate == answer.certificate


async def test_there_is_no_certificate_of_what_was_not_destroyed(auth: Auth) -> None:
    asked = pb.GetCertificateRequest(subject=SUBJECT)
    with pytest.raises(NotFound):
        await auth.ask(auth.keys, "GetCertificate", asked)
    await client(auth).seal(SUBJECT, PURPOSE, b"x", PLACE)
    with pytest.raises(Refused):
        await auth.ask(auth.keys, "GetCertificate", asked)


async def test_keys_are_rotated_and_wrapped_anew_while_they_are_used(auth: Auth) -> None:
    sealed = {
        f"customer:c{number}": await client(auth).seal(
            f"customer:c{number}", PURPOSE, str(number).encode(), PLACE
        )
        for number in range(5)
    }
    assert await rotate(auth, "r1") == 2
    assert await rotate(auth, "r1") == 2
    sealed["customer:c5"] = await client(auth).seal("customer:c5", PURPOSE, b"5", PLACE)
    counts = []
    for _ in range(3):
        answer = await auth.ask(auth.keys, "RewrapDataKeys", pb.RewrapDataKeysRequest(limit=3))
        counts.append((answer.rewrapped, answer.remaining))
        for subject, text in sealed.items():
            opened = await client(auth).open(subject, PURPOSE, text, PLACE)
            assert opened == subject[-1].encode()
    assert counts == [(3, 2), (2, 0), (0, 0)]


async def test_keys_outlive_the_process_but_not_their_root_key(tmp_path: Path) -> None:
    async with started(tmp_path) as auth:
        sealed = await client(auth).seal(SUBJECT, PURPOSE, b"Zhang Wei", PLACE)
    async with started(tmp_path) as auth:
        assert await client(auth).open(SUBJECT, PURPOSE, sealed, PLACE) == b"Zhang Wei"


async def test_no_data_key_stands_on_disk_in_clear_and_none_is_left_once_destroyed(
    tmp_path: Path,
) -> None:
    async with started(tmp_path) as auth:
        await client(auth).seal(SUBJECT, PURPOSE, b"x", PLACE)
        key = (await auth.node.ports.keys.ring.get(SUBJECT, PURPOSE, 0)).key
        with auth.node.world.engine.begin() as connection:
            sql = "SELECT wrapped FROM data_keys"
            (wrapped,) = connection.exec_driver_sql(sql).scalars()
        await destroy(auth)
        with auth.node.world.engine.begin() as connection:
            assert not connection.exec_driver_sql(sql).fetchall()
    stored = everything_in(tmp_path)
    assert key not in stored
    assert wrapped.encode() not in stored


def everything_in(folder: Path) -> bytes:
    """Every byte that is on disk."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_a_forgotten_identity_cannot_log_in(auth: Auth) -> None:
    made = await auth.register("agent.li")
    await auth.enrol_codes(made.enrolment_token)
    await auth.enrol(made.enrolment_token)
    await destroy(auth, f"identity:{made.identity_id}")
    with pytest.raises(Exception, match="LOG_IN_FAILED"):
        await auth.log_in("agent.li")
