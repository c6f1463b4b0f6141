"""Who is let in when there is more to do than can be done: whoever can still be served in time.

How long a call will take is foretold from two moving estimates: what the rpc takes when little
else runs, and how much longer every call takes for each one that is already in flight.
"""

from collections.abc import Callable
from typing import Any

from chassis.grpc_errors import RETRY_AFTER
from chassis.interceptors.method import AdmissionClass, Handler, Inbound, Layer, MethodDescription
from chassis.kernel.errors import Exhausted

SHARES = {
    AdmissionClass.CRITICAL: 1.0,
    AdmissionClass.AUTHORISE: 0.8,
    AdmissionClass.QUERY: 0.5,
    AdmissionClass.BATCH: 0.25,
}
"""The part of the remaining time, and of the places, that a class may count on."""
LEARNING_RATE = 0.05
QUIET_RATE = 0.001
"""How fast the estimate of the quiet duration follows upwards; downwards it follows at once."""
MIN_CROWD = 8
"""Fewer calls in flight say nothing of how much one delays another, and none is refused."""
MIN_RETRY_MS = 50
MAX_RETRY_MS = 2_000


class Admission:
    """Counts what is in flight and foretells. One for all rpcs of a server."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        max_in_flight: int,
        max_streams: int,
        refused: Callable[[str, str], None] = lambda admission_class, reason: None,
    ) -> None:
        self.in_flight = 0
        self.streams = 0
        self.delay_seconds = 0.0
        self._monotonic = monotonic
        self._max_in_flight = max_in_flight
        self._max_streams = max_streams
        self._refused = refused

    def layer(self, method: MethodDescription, following: Handler) -> Handler:
        """Put admission round one rpc."""
        if method.response_streaming:
            return self._round_stream(method, following)
        return self._round_call(method, following)

    def _round_call(self, method: MethodDescription, following: Handler) -> Handler:
        monotonic = self._monotonic
        share = SHARES[method.admission_class]
        places = max(MIN_CROWD, int(self._max_in_flight * share))
        quiet_seconds = 0.0

        async def admit(inbound: Inbound) -> Any:
            nonlocal quiet_seconds
            started = monotonic()
            before = self.in_flight
            if before >= MIN_CROWD:
                if before >= places:
                    raise self._too_much(method, "TOO_MANY_IN_FLIGHT", self.delay_seconds * before)
                deadline = inbound.call.deadline
                if deadline is not None:
                    expected = quiet_seconds + self.delay_seconds * before
                    over = expected - (deadline - started) * share
                    if over > 0.0:
                        raise self._too_much(method, "OVERLOADED", over)
            self.in_flight = before + 1
            learn = True
            try:
                return await following(inbound)
            except Exception:
                # A refusal is quick, and says nothing of how long the work takes.
                learn = False
                raise
            finally:
                self.in_flight -= 1
                if learn:
                    took = monotonic() - started
                    if took < quiet_seconds or quiet_seconds == 0.0:
                        quiet_seconds = took
                    else:
                        quiet_seconds += QUIET_RATE * (took - quiet_seconds)
                    delay = (took - quiet_seconds) / max(before, MIN_CROWD)
                    # Without a crowd a delay proves nothing, but none proves that it is over.
                    if before >= MIN_CROWD or delay < self.delay_seconds:
                        self.delay_seconds += LEARNING_RATE * (delay - self.delay_seconds)

        return admit

    def _round_stream(self, method: MethodDescription, following: Handler) -> Handler:
        places = int(self._max_streams * SHARES[method.admission_class])

        async def admit(inbound: Inbound) -> Any:
            if self.streams >= places:
                raise self._too_much(method, "TOO_MANY_STREAMS", 1.0)
            self.streams += 1
            try:
                return await following(inbound)
            finally:
                self.streams -= 1

        return admit

    def _too_much(self, method: MethodDescription, reason: str, seconds: float) -> Exhausted:
        self._refused(method.admission_class, reason)
        retry_ms = min(MAX_RETRY_MS, max(MIN_RETRY_MS, int(seconds * 1000)))
        text = "more is asked of this service than it can do now; try later"
        return Exhausted(reason, text, **{RETRY_AFTER: str(retry_ms)})


def layer(admission: Admission) -> Layer:
    """The layer of `admission`."""
    return admission.layer
