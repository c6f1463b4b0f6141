"""A logged-in session with a running system: who we are, and stubs of its services."""

import asyncio
import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pyotp
from cards.auth.v1 import auth_service_pb2 as auth
from cards.auth.v1.auth_service_pb2_grpc import AuthServiceStub

from chassis.grpc_client import Rpc
from chassis.kernel.errors import Error, Exhausted, Unauthenticated, Unavailable
from chassis.ports import SystemClock

RENEW_BEFORE_SECONDS = 120.0
RENEW_AGAIN_SECONDS = 5.0
LOG_IN_ATTEMPTS = 3
TOTP_STEP_SECONDS = 30.0
RPC_SECONDS = 10.0
PRIVATE = 0o600
DESCRIPTION = Path("var") / "system" / "system.json"
CUSTOMER_ID = re.compile("[0-9a-f]{32}")
CREDENTIALS = ("bootstrap.json", "staff.json", "holders.json")


class NotRunning(Exception):
    """There is no system where one was looked for; the text says what to do."""


@dataclass(frozen=True)
class SystemAddress:
    """Where the services of a system are, and the folder with its keys and first credentials."""

    services: dict[str, str]
    keys: Path
    nats: str
    store: str

    @classmethod
    def read(cls, path: Path = DESCRIPTION) -> Self:
        """From the description that `make up` leaves. Raises NotRunning."""
        try:
            found = json.loads(path.read_text())
        except FileNotFoundError:
            raise NotRunning(f"no system runs here ({path} is missing): make up") from None
        return cls(found["services"], Path(found["keys"]), found["nats"], found["store"])

    def nats_password(self, user: str) -> str:
        """Of a user at NATS."""
        stored = json.loads((self.keys / "secrets.json").read_text())
        return str(stored["nats"][user])

    def credentials(self, login_name: str) -> dict[str, str]:
        """Password and, where there is one, TOTP seed of an identity of this machine."""
        for name in CREDENTIALS:
            path = self.keys / name
            stored: dict[str, dict[str, str]] = (
                json.loads(path.read_text()) if path.exists() else {}
            )
            if login_name in stored:
                return stored[login_name]
        if CUSTOMER_ID.fullmatch(login_name):
            raise NotRunning(
                f"customer {login_name} cannot log in here yet: cards customer enrol {login_name}"
            )
        known = "operator, second-operator, gateway, or the id of a customer"
        raise NotRunning(f"nobody here is called {login_name}; there are {known}")

    def names(self) -> dict[str, str]:
        """Identity id → login name, of everybody who can log in here."""
        paths = (self.keys / name for name in CREDENTIALS)
        files = (json.loads(path.read_text()) for path in paths if path.exists())
        return {
            known["identity_id"]: name
            for stored in files
            for name, known in stored.items()
            if "identity_id" in known
        }

    def session_path(self, login_name: str) -> Path:
        """Where the tokens of a session are kept between commands."""
        return self.keys / f"{login_name}.session.json"


def write_privately(path: Path, content: Any) -> None:
    """Put JSON there at once, readable by its owner only."""
    beside = path.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
    beside.replace(path)


class Session:
    """One identity, logged in; the access token is renewed before it expires, and kept between
    sessions, because a one-time code is good once.

    Use it as an asynchronous context manager. Stubs raise `chassis.kernel.errors`.
    """

    def __init__(self, address: SystemAddress, login_name: str) -> None:
        self._address = address
        self._login_name = login_name
        self._anonymous = Rpc(address.services, SystemClock())
        self._rpc = Rpc(address.services, SystemClock(), token=lambda: self._access)
        self._access = ""
        self._refresh = ""
        self._ends_at = datetime.min.replace(tzinfo=UTC)
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if not await self._resume():
            await self.log_in()
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
        await self._rpc.close()
        await self._anonymous.close()

    def stub(self, stub: Any, service: str, timeout_seconds: float = RPC_SECONDS) -> Any:
        """A stub of a generated class, with our token on every call."""
        return self._rpc.stub(stub, service, timeout_seconds)

    @property
    def access_token(self) -> str:
        """The token as it is now; good for a few minutes."""
        return self._access

    @property
    def _auth(self) -> Any:
        return self._anonymous.stub(AuthServiceStub, "auth", RPC_SECONDS)

    async def log_in(self) -> None:
        """Show password and, if it is asked for, a one-time code."""
        known = self._address.credentials(self._login_name)
        request = auth.LogInRequest(login_name=self._login_name, password=known["password"])
        for attempt in range(1, LOG_IN_ATTEMPTS + 1):
            answer = await self._auth.LogIn(request)
            if answer.WhichOneof("result") == "tokens":
                return self._take(answer.tokens)
            code = pyotp.TOTP(known["totp_seed"]).now()
            second = auth.AnswerChallengeRequest(
                challenge_token=answer.challenge.challenge_token, totp_code=code
            )
            try:
                return self._take((await self._auth.AnswerChallenge(second)).tokens)
            except Error:
                # A code is good once; whoever logged in a moment ago waits for the next.
                if attempt == LOG_IN_ATTEMPTS:
                    raise
                await asyncio.sleep(TOTP_STEP_SECONDS)
        return None

    async def _resume(self) -> bool:
        """Go on with the session of the command before, if it still can."""
        path = self._address.session_path(self._login_name)
        if not path.exists():
            return False
        kept = json.loads(path.read_text())
        self._access, self._refresh = kept["access"], kept["refresh"]
        self._ends_at = datetime.fromisoformat(kept["ends_at"])
        if self._seconds_left() > RENEW_BEFORE_SECONDS:
            return True
        try:
            await self._exchange()
        except Unauthenticated:
            return False
        return True

    def _take(self, tokens: auth.Tokens) -> None:
        self._access = tokens.access_token
        self._refresh = tokens.refresh_token
        self._ends_at = tokens.access_token_expires_at.ToDatetime(UTC)
        kept = {
            "access": self._access,
            "refresh": self._refresh,
            "ends_at": self._ends_at.isoformat(),
        }
        write_privately(self._address.session_path(self._login_name), kept)

    def _seconds_left(self) -> float:
        return (self._ends_at - SystemClock().now()).total_seconds()

    async def _exchange(self) -> None:
        request = auth.RefreshSessionRequest(refresh_token=self._refresh)
        self._take((await self._auth.RefreshSession(request)).tokens)

    async def _renew(self) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(max(pause, self._seconds_left() - RENEW_BEFORE_SECONDS))
            try:
                # Another command may have exchanged our token meanwhile; then its tokens are kept.
                if not await self._resume():
                    await self.log_in()
            except (Unavailable, Exhausted):
                # The access token is good for a while yet; we try again before it ends.
                pause = RENEW_AGAIN_SECONDS
