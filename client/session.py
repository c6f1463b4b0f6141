"""A logged-in session with a running system: where it is, who we are, and stubs of its services."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Self, TypeVar

import pyotp
from cards.auth.v1 import auth_service_pb2 as auth
from cards.auth.v1.auth_service_pb2_grpc import AuthServiceStub

from chassis.grpc_client import Rpc
from chassis.kernel.errors import Error, Unavailable
from chassis.ports import SystemClock

S = TypeVar("S")

RENEW_BEFORE_SECONDS = 120.0
RENEW_AGAIN_SECONDS = 5.0
LOG_IN_ATTEMPTS = 3
TOTP_STEP_SECONDS = 30.0
DESCRIPTION = Path("var") / "system" / "system.json"


class NotRunning(Exception):
    """There is no system where one was looked for; the text says what to do."""


@dataclass(frozen=True)
class SystemAddress:
    """Where the services of a system are, and where its first credentials lie."""

    services: dict[str, str]
    keys: Path
    nats: str

    @classmethod
    def read(cls, path: Path = DESCRIPTION) -> Self:
        """From the description that `make up` leaves. Raises NotRunning."""
        try:
            found = json.loads(path.read_text())
        except FileNotFoundError:
            raise NotRunning(f"no system runs here ({path} is missing): make up") from None
        return cls(found["services"], Path(found["keys"]), found["nats"])

    @staticmethod
    def store_of(path: Path) -> str:
        """Which kind of store the system described there has."""
        return str(json.loads(path.read_text())["store"])

    def nats_password(self, user: str) -> str:
        """Of a user at NATS."""
        stored = json.loads((self.keys / "secrets.json").read_text())
        return str(stored["nats"][user])

    def credentials(self, name: str) -> dict[str, str]:
        """Login name, password and TOTP secret of one of the first identities."""
        stored: dict[str, dict[str, str]] = json.loads((self.keys / "bootstrap.json").read_text())
        return stored[name]


class Session:
    """One identity, logged in; the access token is renewed before it expires.

    Use it as an asynchronous context manager. Stubs raise `chassis.kernel.errors`.
    """

    def __init__(self, address: SystemAddress, identity: str) -> None:
        self._address = address
        self._identity = identity
        self._anonymous = Rpc(address.services, SystemClock())
        self._rpc = Rpc(address.services, SystemClock(), token=lambda: self._access)
        self._access = ""
        self._refresh = ""
        self._seconds_left = 0.0
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.log_in()
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
        await self._rpc.close()
        await self._anonymous.close()

    def stub(self, stub: Any, service: str, timeout_seconds: float = 10.0) -> Any:
        """A stub of a generated class, with our token on every call."""
        return self._rpc.stub(stub, service, timeout_seconds)

    @property
    def _auth(self) -> Any:
        return self._anonymous.stub(AuthServiceStub, "auth", 10.0)

    async def log_in(self) -> None:
        """Show password and one-time code."""
        known = self._address.credentials(self._identity)
        for attempt in range(1, LOG_IN_ATTEMPTS + 1):
            answer = await self._auth.LogIn(
                auth.LogInRequest(login_name=known["login_name"], password=known["password"])
            )
            if answer.WhichOneof("result") == "tokens":
                self._take(answer.tokens)
                return
            code = pyotp.TOTP(known["totp_secret"]).now()
            request = auth.AnswerChallengeRequest(
                challenge_token=answer.challenge.challenge_token, totp_code=code
            )
            try:
                self._take((await self._auth.AnswerChallenge(request)).tokens)
                return
            except Error:
                # A code is good once; whoever logged in a moment ago waits for the next.
                if attempt == LOG_IN_ATTEMPTS:
                    raise
                await asyncio.sleep(TOTP_STEP_SECONDS)

    def _take(self, tokens: auth.Tokens) -> None:
        self._access = tokens.access_token
        self._refresh = tokens.refresh_token
        ends_at = tokens.access_token_expires_at.ToDatetime(UTC)
        self._seconds_left = (ends_at - SystemClock().now()).total_seconds()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(max(1.0, self._seconds_left - RENEW_BEFORE_SECONDS))
            try:
                request = auth.RefreshSessionRequest(refresh_token=self._refresh)
                self._take((await self._auth.RefreshSession(request)).tokens)
            except Unavailable:
                # The access token is good for a while yet; we try again before it ends.
                self._seconds_left = RENEW_BEFORE_SECONDS + RENEW_AGAIN_SECONDS
