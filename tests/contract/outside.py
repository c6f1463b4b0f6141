"""Somebody outside: knows addresses, protos and credentials; speaks gRPC and nothing else."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pyotp
from cards.auth.v1 import auth_service_pb2 as auth
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from chassis.tokens import SigningKey
from demo.system import System
from tests.contract.contracts import Rpc, rpc

RPC_SECONDS = 20.0
STREAM_SECONDS = 1.5
"""How long a stream that stays open is listened to."""
RENEW_BEFORE_SECONDS = 200.0
WAIT_SECONDS = 180.0
POLL_SECONDS = 0.1
CODE_SECONDS = 30
LOG_IN_ATTEMPTS = 3
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

Metadata = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What became of a call: the bytes of every answer, or the status with its details."""

    code: grpc.StatusCode
    answers: tuple[bytes, ...] = ()
    text: str = ""
    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: frozenset[str] = frozenset()
    trailers: bytes = b""

    @property
    def ok(self) -> bool:
        return self.code is grpc.StatusCode.OK

    def __str__(self) -> str:
        return f"{self.code.name} {self.reason} {sorted(self.fields)} {self.text}"


@dataclass(frozen=True)
class Done:
    """A change that was answered with OK."""

    rpc: Rpc
    request: Message
    by: str
    answer: bytes

    @property
    def response(self) -> Any:
        return self.rpc.response.FromString(self.answer)


@dataclass
class Person:
    """Somebody who logged in."""

    login_name: str
    password: str
    seed: str
    identity_id: str
    tokens: auth.Tokens

    @property
    def seconds_left(self) -> float:
        ends_at = self.tokens.access_token_expires_at.ToDatetime(UTC)
        return (ends_at - datetime.now(UTC)).total_seconds()


class Outsider:
    """Calls rpcs of a system as whoever is named, and remembers what was said."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.people: dict[str, Person] = {}
        self.done: list[Done] = []
        self.answered: set[str] = set()
        """Rpcs that were answered with OK."""
        self.errors: list[bytes] = []
        self._keys = 0
        options = [
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ]
        self.channels = {
            name: grpc.insecure_channel(server.address, options)
            for name, server in system.services.items()
        }

    def close(self) -> None:
        for channel in self.channels.values():
            channel.close()

    # Who asks ----------------------------------------------------------------------------------

    def token(self, by: str) -> str:
        """The access token of a person, or one of a service, `service:<name>`."""
        kind, _, service = by.partition(":")
        if kind != "service":
            return self.people[by].tokens.access_token
        key = SigningKey.load(self.system.keys.signing_key_path(service))
        return key.sign(by, now=datetime.now(UTC), token_id=f"contract-{service}")

    def renew(self) -> None:
        """Exchange the tokens that would end during the next test."""
        for person in self.people.values():
            if person.seconds_left < RENEW_BEFORE_SECONDS:
                request = auth.RefreshSessionRequest(refresh_token=person.tokens.refresh_token)
                person.tokens = self.ask("auth.RefreshSession", request).tokens

    def enrol(self, name: str, login_name: str, password: str, registered: Any) -> Person:
        """Set a password and one-time codes by an enrolment token, and log in with both."""
        token = registered.enrolment_token
        self.ask(
            "auth.EnrolPassword",
            auth.EnrolPasswordRequest(enrolment_token=token, password=password),
        )
        enrolled = self.ask("auth.EnrolTotp", auth.EnrolTotpRequest(enrolment_token=token))
        codes = pyotp.parse_uri(enrolled.provisioning_uri)
        assert isinstance(codes, pyotp.TOTP)
        # The code of the step before is good too, and leaves the present one for the log-in.
        before = datetime.now(UTC) - timedelta(seconds=CODE_SECONDS)
        confirm = auth.ConfirmTotpRequest(
            enrolment_token=token, credential_id=enrolled.credential_id, code=codes.at(before)
        )
        self.ask("auth.ConfirmTotp", confirm)
        return self.log_in(name, login_name, password, codes.secret, registered.identity_id)

    def log_in(
        self, name: str, login_name: str, password: str, seed: str, identity_id: str
    ) -> Person:
        """Log in, from now on under `name`."""
        request = auth.LogInRequest(login_name=login_name, password=password)
        for _ in range(LOG_IN_ATTEMPTS):
            found = self.ask("auth.LogIn", request)
            if found.WhichOneof("result") == "challenge":
                second = auth.AnswerChallengeRequest(
                    challenge_token=found.challenge.challenge_token,
                    totp_code=pyotp.TOTP(seed).now(),
                )
                answer = self.call(rpc("auth.AnswerChallenge"), second)
                if answer.reason == "CODE_USED":
                    time.sleep(CODE_SECONDS - time.time() % CODE_SECONDS)
                    continue
                assert answer.ok, answer
                found = auth.AnswerChallengeResponse.FromString(answer.answers[0])
            self.people[name] = Person(login_name, password, seed, identity_id, found.tokens)
            return self.people[name]
        raise AssertionError(f"{name} cannot log in")

    # Asking ------------------------------------------------------------------------------------

    def key(self) -> str:
        """An idempotency key that nobody has used."""
        self._keys += 1
        return f"contract-{self._keys}"

    def ask(self, name: str, request: Message, by: str = "") -> Any:
        """The answer of `<service>.<Rpc>`, which has to be OK."""
        found = rpc(name)
        if found.mutating and not request.idempotency_key:  # type: ignore[attr-defined]
            request.idempotency_key = self.key()  # type: ignore[attr-defined]
        answer = self.call(found, request, by=by, enough=1)
        assert answer.ok, f"{name}: {answer}"
        return found.response.FromString(answer.answers[0])

    def call(
        self,
        called: Rpc,
        request: Message | bytes | Sequence[Message | bytes],
        *,
        by: str = "",
        metadata: Metadata | None = None,
        seconds: float | None = RPC_SECONDS,
        patience: float = STREAM_SECONDS,
        enough: int = 0,
    ) -> Answer:
        """Call an rpc with any bytes. A stream of answers is listened to until the status, for
        `patience` seconds; or, for longer, until there are `enough` answers."""
        requests = [request] if isinstance(request, Message | bytes) else request
        raw = [each if isinstance(each, bytes) else each.SerializeToString() for each in requests]
        if metadata is None:
            metadata = [("authorization", f"Bearer {self.token(by)}")] if by else []
        channel = self.channels[called.service]
        answers: list[bytes] = []
        try:
            if called.streams or called.converses:
                self._listen(
                    channel,
                    called,
                    raw,
                    metadata,
                    answers,
                    RPC_SECONDS if enough else patience,
                    enough,
                )
            else:
                ask: Any = channel.unary_unary(called.path, None, None)
                answers.append(ask(raw[0], timeout=seconds, metadata=metadata))
        except grpc.RpcError as failure:
            answer = self._failed(failure, answers)
            if not (called.streams and answer.code is grpc.StatusCode.DEADLINE_EXCEEDED):
                return answer
        self.answered.add(str(called))
        if called.acknowledges and isinstance(request, Message):
            self.done.append(Done(called, request, by, answers[0]))
        return Answer(grpc.StatusCode.OK, tuple(answers))

    def _listen(
        self,
        channel: Any,
        called: Rpc,
        raw: list[bytes],
        metadata: Metadata,
        answers: list[bytes],
        patience: float,
        enough: int,
    ) -> None:
        kind = "stream_stream" if called.converses else "unary_stream"
        sent: Iterator[bytes] | bytes = iter(raw) if called.converses else raw[0]
        stream = getattr(channel, kind)(called.path)(sent, timeout=patience, metadata=metadata)
        for each in stream:
            answers.append(each)
            if len(answers) == enough:
                stream.cancel()
                return

    def _failed(self, failure: Any, answers: list[bytes]) -> Answer:
        trailers = dict(failure.trailing_metadata() or ())
        raw: Any = trailers.get("grpc-status-details-bin", b"")
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status_pb2.Status.FromString(raw).details:
            # A detail of another type leaves both as they are.
            detail.Unpack(info)
            detail.Unpack(bad)
        self.errors += [raw, repr(trailers).encode(), (failure.details() or "").encode()]
        return Answer(
            code=failure.code(),
            answers=tuple(answers),
            text=failure.details() or "",
            reason=info.reason,
            domain=info.domain,
            metadata=dict(info.metadata),
            fields=frozenset(each.field for each in bad.field_violations),
            trailers=raw,
        )

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """Wait until something holds, and give it."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = holds()
            if found:
                return found
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"within {WAIT_SECONDS:.0f} s it never held that {what}")
