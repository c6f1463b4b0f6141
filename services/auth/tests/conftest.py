"""auth on a real store, and somebody who enrols and logs in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cards.auth.v1 import auth_service_pb2 as pb
from pydantic import SecretStr

from chassis.call import Call, Principal, entered
from chassis.crypto.passwords import Parameters
from chassis.kernel.clock import FixedClock
from chassis.testing.harness import TestNode, call, running
from services.auth.app import service
from services.auth.config import AuthSettings
from services.auth.use_cases.codes import generator_of

CHEAP = Parameters("for-tests", 64, 1, 1)
ADMINISTRATOR = Principal("operator:admin", "operator", ("administrator",), "", 2)
OTHER_ADMINISTRATOR = Principal("operator:other", "operator", ("administrator",), "", 2)
PASSWORD = "a pass phrase that nobody has"


class Auth:
    """auth as its callers see it."""

    def __init__(self, node: TestNode) -> None:
        self.node = node
        self.clock: FixedClock = node.clock
        servicers = node.service.rpcs(node.ports)
        self.auth: Any = servicers[0][1]
        self.keys: Any = servicers[1][1]
        self.policies: Any = servicers[2][1]
        self.slept: list[float] = []
        node.ports.sleep = self._sleep  # type: ignore[method-assign]

    async def _sleep(self, seconds: float) -> None:
        """Time stands still in these tests."""
        self.slept.append(seconds)

    async def ask(
        self, api: Any, name: str, request: Any, *, by: Principal = ADMINISTRATOR, key: str = "k"
    ) -> Any:
        """One call by somebody, as the door would let it in."""
        body = sha256(request.SerializeToString(deterministic=True)).digest()
        with entered(call(f"auth.{name}", key, principal=by, body=body)):
            return await getattr(api, name)(request, None)

    async def anonymously(self, name: str, request: Any) -> Any:
        """One call by nobody."""
        with entered(Call(method=f"auth.{name}", correlation_id="correlation")):
            return await getattr(self.auth, name)(request, None)

    async def register(
        self,
        login_name: str,
        *,
        kind: int = pb.IDENTITY_KIND_OPERATOR,
        roles: tuple[str, ...] = ("agent",),
        customer_id: str = "",
    ) -> pb.RegisterIdentityResponse:
        """Register somebody."""
        request = pb.RegisterIdentityRequest(
            idempotency_key=login_name,
            kind=kind,  # type: ignore[arg-type]
            login_name=login_name,
            roles=roles,
            customer_id=customer_id,
        )
        answer = await self.ask(self.auth, "RegisterIdentity", request, key=login_name)
        assert isinstance(answer, pb.RegisterIdentityResponse)
        return answer

    async def enrol(self, token: str, password: str = PASSWORD) -> Any:
        """Set the password."""
        request = pb.EnrolPasswordRequest(enrolment_token=token, password=password)
        return await self.anonymously("EnrolPassword", request)

    async def enrol_codes(self, token: str) -> Any:
        """Enrol an authenticator; gives what makes its codes."""
        begun = await self.anonymously("EnrolTotp", pb.EnrolTotpRequest(enrolment_token=token))
        codes = generator_of(begun.provisioning_uri)
        confirm = pb.ConfirmTotpRequest(
            enrolment_token=token,
            credential_id=begun.credential_id,
            code=codes.at(self.clock.now(), counter_offset=-1),
        )
        await self.anonymously("ConfirmTotp", confirm)
        return codes

    async def log_in(self, login_name: str, password: str = PASSWORD) -> Any:
        """First step."""
        request = pb.LogInRequest(login_name=login_name, password=password)
        return await self.anonymously("LogIn", request)

    async def answer(self, challenge_token: str, code: str) -> Any:
        """Second step."""
        request = pb.AnswerChallengeRequest(challenge_token=challenge_token, totp_code=code)
        return await self.anonymously("AnswerChallenge", request)

    async def refresh(self, token: str) -> Any:
        """New tokens."""
        request = pb.RefreshSessionRequest(refresh_token=token)
        return await self.anonymously("RefreshSession", request)

    def names(self) -> list[str]:
        """What happened, by name, in order."""
        return [type(fact).__name__ for fact in self.node.facts()]


def settings(folder: Path, **more: Any) -> AuthSettings:
    """Settings of a test."""
    return AuthSettings(root_key=SecretStr("5e" * 32), **more)


@asynccontextmanager
async def started(folder: Path, **more: Any) -> AsyncIterator[Auth]:
    """auth, started on the store in a folder; may be started again on the same one."""
    async with running(service(CHEAP), folder, settings=settings(folder, **more)) as node:
        yield Auth(node)


@pytest.fixture
async def auth(tmp_path: Path) -> AsyncIterator[Auth]:
    async with started(tmp_path) as made:
        yield made
