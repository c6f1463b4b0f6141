"""The door: a frame in, its answer out, whatever the frame holds and whatever goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from google.protobuf.wrappers_pb2 import BytesValue

from chassis.call import Call, Principal, entered
from chassis.framed_server import Hangup, Peer
from chassis.grpc_server import Guard
from chassis.interceptors import telemetry
from chassis.interceptors.admission import Admission
from chassis.interceptors.method import Handler, Inbound, MethodDescription
from chassis.kernel.errors import Error, Forbidden
from chassis.logs import frames, log
from chassis.ports import Ports
from services.accounts.iso8583.answers import (
    ECHOED,
    FORMAT_ERROR,
    INOPERATIVE,
    MALFUNCTION,
    NOT_SUPPORTED,
    response_code,
)
from services.accounts.iso8583.charges import NetworkCharges
from services.accounts.iso8583.functions import (
    ALL,
    KNOWN,
    NETWORK_MANAGEMENT,
    Function,
    function_of,
    missing,
)
from services.accounts.iso8583.management import Management
from services.accounts.iso8583.message import (
    NOT_AUTHENTIC,
    Codec,
    Fields,
    Malformed,
    Message,
    answer_type,
    is_request,
)
from services.accounts.iso8583.reading import Reading
from services.accounts.iso8583.settling import Answer

SERVICE = "accounts"
PARTNER = "partner"
GATEWAY = "gateway"


@dataclass(kw_only=True)
class Door:
    """What all connections share: how to read and write, what to do, and whom to ask."""

    codec: Codec
    charges: NetworkCharges
    ports: Ports
    guard: Guard
    admission: Admission
    currencies: dict[str, str]
    deadline_seconds: float
    sign_on_required: bool = False
    turns: "Turns" = field(default_factory=lambda: Turns())

    def __post_init__(self) -> None:
        self.chains = {id(function): self._chain(function) for function in ALL}

    def _chain(self, function: Function) -> Handler:
        """A handler behind the same layers as an rpc: it is measured, and admitted or not."""
        method = MethodDescription(
            service=SERVICE,
            name=function.rpc,
            path=f"iso8583/{function.rpc}",
            request=BytesValue,
            request_streaming=False,
            response_streaming=False,
            mutating=True,
            admission_class=function.urgency,
            anonymous=False,
            resource_type="",
            resource_id=None,
        )

        async def permitted(inbound: Inbound) -> Answer:
            decision = self.guard.permissions.decide(
                inbound.call.principal, method.full, "Service", SERVICE
            )
            if not decision.allowed:
                raise Forbidden("NOT_PERMITTED", "this is not permitted", action=method.full)
            return await function.handle(self.charges, inbound.raw)

        async def told(inbound: Inbound) -> Answer:
            try:
                answer: Answer = await admitted(inbound)
            except Error as error:
                inbound.status = error.code
                raise
            except Malformed:
                inbound.status = "INVALID_ARGUMENT"
                raise
            return answer

        admitted = self.admission.layer(method, permitted)
        return telemetry.layer(self.guard.telemetry)(method, told)


class Connection:
    """One gateway's connection: a conversation of chassis.framed_server."""

    def __init__(self, door: Door, gateway: str, peer: Peer) -> None:
        self._door = door
        self._gateway = gateway
        self._peer = peer
        self._principal = Principal(f"{PARTNER}:{gateway}", PARTNER, (GATEWAY,))
        self._management = Management(gateway)

    async def answer(self, frame: bytes) -> bytes | None:
        """The answer to a message; None for what is none of ours to answer. Raises Hangup."""
        codec = self._door.codec
        try:
            message = await self._decoded(frame)
            if not is_request(message.mti):
                log("iso8583_ignored", level="warning", gateway=self._gateway, type=message.mti)
                return None
            answer = await self._answer(message)
        except Malformed as fault:
            return self._refused(fault)
        if answer is None:
            return None
        fields = _echo(message.fields) | answer
        return codec.encode(answer_type(message.mti), fields, message.mac_key)

    async def _decoded(self, frame: bytes) -> Message:
        """The message in a frame, authenticated by a key of the gateway. Raises Malformed."""
        codec, keys = self._door.codec, self._door.charges.keys
        try:
            await keys.know(self._gateway)
        except Error as error:
            # Nothing can be read without knowing by which key; a gateway connects again.
            raise Hangup("KEYS_UNKNOWN") from error
        try:
            return codec.decode(frame, keys.mac_keys(self._gateway))
        except Malformed as fault:
            # Another process may have taken a new key into use.
            if fault.why != NOT_AUTHENTIC or not await keys.learn(self._gateway):
                raise
        return codec.decode(frame, keys.mac_keys(self._gateway))

    def _refused(self, fault: Malformed) -> bytes | None:
        log(
            "iso8583_malformed",
            level="warning",
            gateway=self._gateway,
            type=fault.mti,
            field=fault.field,
            why=fault.why,
        )
        if not fault.mti:
            # Nobody can say what would answer this, nor what else is wrong with this line.
            raise Hangup("NOT_ISO_8583")
        if not is_request(fault.mti):
            return None
        answer: Answer = {39: FORMAT_ERROR}
        if fault.field:
            answer[44] = f"{fault.field:03d}"
        fields, keys = _echo(fault.fields) | answer, self._door.charges.keys
        newest = next(iter(keys.mac_keys(self._gateway)), None)
        return self._door.codec.encode(answer_type(fault.mti), fields, newest)

    async def _answer(self, message: Message) -> Answer | None:
        if message.kind not in KNOWN:
            raise Malformed("there is no such message", 0, message.mti, message.fields)
        function = function_of(message)
        if message.kind == NETWORK_MANAGEMENT and function is None:
            return self._management.answer(message)
        if self._door.sign_on_required and not self._management.signed_on:
            return {39: INOPERATIVE}
        if function is None:
            return {39: NOT_SUPPORTED}
        lacking = missing(message, function)
        if lacking:
            raise Malformed("a mandatory field is missing", lacking, message.mti, message.fields)
        return await self._carry_out(message, function)

    async def _carry_out(self, message: Message, function: Function) -> Answer | None:
        """Answers about one card are given in the order in which they were asked for; a reversal
        on the heels of what it reverses finds it."""
        door = self._door
        reading = Reading(message, self._gateway, door.ports.clock.now(), door.currencies)
        claim = Claim()
        call = self._call(reading, function, claim)
        chain = door.chains[id(function)]
        with entered(call):
            try:
                async with asyncio.timeout(door.deadline_seconds), door.turns.of(reading.number):
                    answer: Answer = await chain(Inbound(None, {}, reading, call))
                    return answer
            except TimeoutError:
                given_up = claim.give_up()
                log("iso8583_too_late", level="warning", gateway=self._gateway, begun=not given_up)
                # Before the store was ours nothing was done, and nothing will be. Afterwards
                # nobody knows what became of it; who hears nothing reverses it.
                return {39: INOPERATIVE} if given_up else None
            except Error as error:
                if error.code == "INTERNAL":
                    return self._malfunction(error)
                log("iso8583_refused", gateway=self._gateway, reason=error.reason)
                return {39: response_code(error)}
            except Malformed:
                raise
            except Exception as error:
                return self._malfunction(error)

    def _malfunction(self, error: Exception) -> Answer:
        log(
            "iso8583_failed",
            level="error",
            gateway=self._gateway,
            error=type(error).__name__,
            frames=frames(error),
        )
        return {39: MALFUNCTION}

    def _call(self, reading: Reading, function: Function, claim: "Claim") -> Call:
        guard = self._door.guard
        names = ",".join(self._peer.names) or self._peer.address
        return Call(
            method=f"{SERVICE}.{function.rpc}",
            principal=self._principal,
            correlation_id=guard.ids.new(),
            deadline=guard.clock.monotonic() + self._door.deadline_seconds,
            idempotency_key=reading.key,
            request_hash=reading.content_hash,
            origin=f"iso8583:{names}",
            wanted=claim.begin,
        )


class Claim:
    """Who was first: the writer, who begins to carry a message out, or the door, which gives up
    waiting for it. They are of two threads."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def begin(self) -> bool:
        """Whether it is to be carried out; from then on it is not given up."""
        # One operation of the interpreter: whoever comes second finds what the first has put there.
        return self._first.setdefault("by", "writer") == "writer"

    def give_up(self) -> bool:
        """Whether it is given up; from then on it is not carried out."""
        return self._first.setdefault("by", "door") == "door"


class Turns:
    """Whose turn it is: what concerns one card is done one after the other, in order."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, card: str) -> AsyncIterator[None]:
        """Wait for the turn of a card."""
        lock, waiting = self._locks.get(card) or (asyncio.Lock(), 0)
        self._locks[card] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            _, waiting = self._locks[card]
            if waiting == 1:
                del self._locks[card]
            else:
                self._locks[card] = (lock, waiting - 1)

    def __len__(self) -> int:
        return len(self._locks)


def _echo(fields: Fields) -> Answer:
    return {number: fields[number] for number in ECHOED if number in fields}
