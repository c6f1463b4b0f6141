"""Who is calling, for what, and how long they wait: what the door knows of an rpc."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from chassis.kernel import ids

ANONYMOUS = "anonymous"
SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks. `subject` is `<kind>:<id>`; `customer_id` is empty for whoever is no
    customer; `assurance_level` is 1 to 3, 0 where nobody logged in.

    A service that acts for a person is the principal and names the person in `on_behalf_of`.
    """

    subject: str
    kind: str
    roles: tuple[str, ...] = ()
    customer_id: str = ""
    assurance_level: int = 0
    on_behalf_of: "Principal | None" = None

    @property
    def scope(self) -> str:
        """Within which idempotency keys are told apart: the subject, and for whom it acts."""
        if self.on_behalf_of is None:
            return self.subject
        return f"{self.subject} for {self.on_behalf_of.subject}"

    @property
    def person(self) -> "Principal":
        """Whose wish it is in the end: the person a service acts for, else the caller."""
        return self.on_behalf_of or self


NOBODY = Principal(subject=ANONYMOUS, kind=ANONYMOUS)


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """One rpc. The door fills it in on the way; behind the door it is only read.

    `method` is `<service>.<RpcName>`, the name policies know it by. `deadline` is an instant of
    the monotonic clock in seconds, None where nobody waits (streams). `request_hash` is SHA-256
    of the method and the request's canonical bytes, and `idempotency_key` the caller's name for
    the request; both are empty where an rpc changes nothing. `origin` says from where: the peer's
    certified names, else its address. `person_token` is what lets us act for that person.
    `wanted` is asked by the writer, in its own thread, before it carries the call out.
    """

    method: str
    principal: Principal = NOBODY
    correlation_id: str = ""
    deadline: float | None = None
    traceparent: str = ""
    idempotency_key: str = ""
    request_hash: bytes = b""
    origin: str = ""
    person_token: str = field(default="", repr=False)
    wanted: Callable[[], bool] | None = field(default=None, repr=False)


_current: ContextVar[Call] = ContextVar("call")
enter = _current.set


def current() -> Call:
    """The call that runs now. Raises LookupError outside of any."""
    return _current.get()


def current_or_none() -> Call | None:
    """The call that runs now, if one does."""
    return _current.get(None)


@contextmanager
def entered(call: Call) -> Iterator[Call]:
    """Run the block as this call: for workers, which nobody called, and for tests."""
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


def derived_id(*parts: str) -> str:
    """The id of what this call brings about: a retry with the same key names the same thing.

    Give `parts` where one call brings about several things. Raises LookupError outside of a call.
    """
    call = _current.get()
    return ids.derive(call.principal.scope, call.method, call.idempotency_key, *parts)
