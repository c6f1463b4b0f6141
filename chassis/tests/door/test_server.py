"""Health, reflection, TLS and an orderly end."""

import asyncio
import datetime
import os
import signal
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from chassis import call as calls
from chassis.config import Settings
from chassis.grpc_client import Rpc, channel_credentials
from chassis.interceptors import permission
from chassis.interceptors.method import BadDescription, describe
from chassis.permission import Permissions, PolicySource
from chassis.ports import SystemClock
from chassis.tests.door.conftest import PATIENCE_SECONDS, Doorway, doorway, until
from chassis.tests.door.echo import modules
from chassis.tests.door.refusals import refusal

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def status(door: Doorway, service: str = "door.echo.v1.EchoService") -> Any:
    stub = health_pb2_grpc.HealthStub(door.channel)
    return (await stub.Check(health_pb2.HealthCheckRequest(service=service))).status


async def gone(door: Doorway) -> None:
    """Ask until nobody answers."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await status(door)
            await asyncio.sleep(0.02)


async def test_health_is_told_per_service_and_needs_no_token(door: Doorway) -> None:
    assert await status(door) == SERVING
    assert await status(door, "") == SERVING
    with pytest.raises(grpc.aio.AioRpcError, match="NOT_FOUND"):
        await status(door, "no.such.Service")


async def test_health_follows_readiness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.health.READY_CHECK_SECONDS", 0.02)
    state: list[Any] = [True]

    async def ready() -> bool:
        if isinstance(state[0], Exception):
            raise state[0]
        return bool(state[0])

    async def seen(wanted: Any) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await status(door) != wanted:  # noqa: ASYNC110 - a poll is the point.
                await asyncio.sleep(0.01)

    async with doorway(ready=ready) as door:
        assert await status(door) == SERVING
        state[0] = False
        await seen(NOT_SERVING)
        state[0] = True
        await seen(SERVING)
        state[0] = OSError("the disk is gone")
        await seen(NOT_SERVING)


async def test_reflection_tells_what_is_served(door: Doorway) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(door.channel)
    answers = stub.ServerReflectionInfo(
        iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    )
    names = {each.name for each in (await answers.read()).list_services_response.service}
    assert "door.echo.v1.EchoService" in names
    assert "grpc.health.v1.Health" in names


async def test_an_unknown_rpc_is_unimplemented(door: Doorway) -> None:
    call = door.channel.unary_unary("/door.echo.v1.EchoService/Nothing")(b"", timeout=20)
    assert (await refusal(call)).code == "UNIMPLEMENTED"


async def test_no_task_waits_for_each_rpc(door: Doorway) -> None:
    # Such tasks are all gone through at every call: the more rpcs, the dearer each of them.
    await status(door)
    waiting = [repr(task) for task in asyncio.all_tasks()]
    assert not [each for each in waiting if "_request_registered_call" in each]


async def test_what_runs_when_the_server_stops_is_finished() -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def wait(request: Any) -> None:
        begun.set()
        await go.wait()

    async with doorway(drain_notice_seconds=2.0, drain_grace_seconds=30.0) as door:
        door.api.behave = wait
        call = asyncio.ensure_future(door.stub.Ping(door.pb.PingRequest(), timeout=30))
        await begun.wait()
        stopping = asyncio.create_task(door.server.stop())
        # For a while others can see that we are going, and are still served.
        while (told := await status(door)) == SERVING:
            pass
        assert told == NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError, match="UNAVAILABLE"):
            await gone(door)
        late = await refusal(door.stub.Ping(door.pb.PingRequest(), timeout=20))
        assert late.code == "UNAVAILABLE"
        go.set()
        await call
        await stopping


async def test_what_comes_as_the_server_closes_is_told_to_ask_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chassis.grpc_server.REFUSAL_SECONDS", 2.0)
    async with doorway(drain_notice_seconds=0.0) as door:
        stopping = asyncio.create_task(door.server.stop())
        with pytest.raises(grpc.aio.AioRpcError):
            await gone(door)
        watch = door.pb.WatchRequest(account_id="acc-1")
        for call in (door.stub.Ping(door.pb.PingRequest()), door.stub.Watch(watch).read()):
            told = await refusal(call)
            assert (told.code, told.reason, told.domain) == (
                "UNAVAILABLE",
                "DRAINING",
                "echo.cards",
            )
        await stopping


async def test_sigterm_stops_the_server() -> None:
    async with doorway() as door:
        other = door.server
        await other.stop()
        running = asyncio.create_task(other.run())
        before = other.port
        await until(lambda: other.port != before)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, PATIENCE_SECONDS)
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(each)


async def test_two_processes_may_share_a_port_if_they_say_so() -> None:
    async with (
        doorway(reuse_port=True) as first,
        doorway(reuse_port=True, listen=f"127.0.0.1:{first.server.port}") as second,
    ):
        assert second.server.port == first.server.port
    async with doorway() as first:
        with pytest.raises(RuntimeError):
            async with doorway(listen=f"127.0.0.1:{first.server.port}"):
                pass


def test_an_object_that_nobody_resolves_is_found_out_at_the_start() -> None:
    method = modules()[0].DESCRIPTOR.services_by_name["EchoService"].methods_by_name["Echo"]
    unresolved: Any = permission.layer(Permissions(PolicySource()), {})
    with pytest.raises(BadDescription):
        unresolved(describe("echo", method), None)


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.path = folder / "ca.pem"
        certificate = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self._save(self.path, certificate.sign(self._key, hashes.SHA256()))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Paths of a certificate for `name` and localhost, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.DNSName(name), x509.DNSName("localhost")]
        certificate = self._builder(subject, key.public_key()).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        path, key_path = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        self._save(path, certificate.sign(self._key, hashes.SHA256()))
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return path, key_path

    def _builder(self, subject: x509.Name, key: Any) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
        )

    def _save(self, path: Path, certificate: x509.Certificate) -> None:
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def secure(door: Doorway, authority: Authority, name: str | None) -> Any:
    """A channel over TLS, with the certificate of `name` or with none."""
    certificate, key = authority.issue(name) if name else (None, None)
    credentials = grpc.ssl_channel_credentials(
        authority.path.read_bytes(),
        key.read_bytes() if key else None,
        certificate.read_bytes() if certificate else None,
    )
    return grpc.aio.secure_channel(f"localhost:{door.server.port}", credentials)


async def test_with_mutual_tls_a_token_needs_the_certificate_of_its_service(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("echo")
    origins: list[str] = []

    async def note(request: Any) -> None:
        origins.append(calls.current().origin)

    async with doorway(
        tls_certificate_path=certificate, tls_key_path=key, tls_ca_path=authority.path
    ) as door:
        door.api.behave = note
        stub = type(door.stub)
        sweep = door.pb.SweepRequest()
        async with secure(door, authority, "support") as channel:
            await stub(channel).Sweep(sweep, metadata=door.service("support"), timeout=20)
            assert origins == ["localhost,support"]
            told = await refusal(
                stub(channel).Sweep(sweep, metadata=door.service("accounts"), timeout=20)
            )
            assert (told.code, told.reason) == ("UNAUTHENTICATED", "TOKEN_OF_ANOTHER")
        async with secure(door, authority, None) as channel:
            told = await refusal(stub(channel).Ping(door.pb.PingRequest(), timeout=20))
            assert told.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
        told = await refusal(door.stub.Ping(door.pb.PingRequest(), timeout=20))
        assert told.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")


async def test_services_speak_to_one_another_over_mutual_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours, our_key = authority.issue("echo")
    theirs, their_key = authority.issue("support")
    async with doorway(
        tls_certificate_path=ours, tls_key_path=our_key, tls_ca_path=authority.path
    ) as door:
        settings = Settings(
            tls_certificate_path=theirs, tls_key_path=their_key, tls_ca_path=authority.path
        )
        address = {"echo": f"localhost:{door.server.port}"}
        credentials = channel_credentials(settings)
        rpc = Rpc(
            address, SystemClock(), token=lambda: door.service_token("support"),
            credentials=credentials,
        )  # fmt: skip
        await rpc.stub(type(door.stub), "echo").Sweep(door.pb.SweepRequest())
        await rpc.close()


async def test_a_renewed_certificate_is_taken_up(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("echo")
    async with doorway(tls_certificate_path=certificate, tls_key_path=key) as door:
        async with secure(door, authority, None) as channel:
            await type(door.stub)(channel).Ping(door.pb.PingRequest(), timeout=20)
        # Another authority and another certificate, at the same paths.
        renewed = Authority(tmp_path)
        renewed.issue("echo")
        async with secure(door, renewed, None) as channel:
            await type(door.stub)(channel).Ping(door.pb.PingRequest(), timeout=20)
