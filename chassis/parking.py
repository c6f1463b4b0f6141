"""What becomes of parked messages: try them again, or give the first one up."""

from dataclasses import dataclass, replace

from chassis.background import TRANSIENT
from chassis.envelope import read
from chassis.intake import REDRIVEN, SKIPPED, Intake, Parked, reason_of, row
from chassis.kernel.clock import Clock
from chassis.kernel.errors import NotFound
from chassis.recorded import Meta
from chassis.taking_in import Reactions, work_for
from chassis.work import Audit, Work

PARKED_PAGE = 100
"""Parked messages that are read at a time."""


@dataclass(frozen=True, slots=True)
class Redriven:
    """How far it went: `done` messages are no longer parked; `reason` is why the next one still is,
    empty when none waits any more."""

    done: int
    reason: str = ""


class Parking:
    """Carries parked messages out, in order, each in one unit with the change of its inbox row.

    It may run in another process than the subscriber: while anything of a stream is parked the
    subscriber parks what follows, and what it parks too late it tries again by itself.
    """

    def __init__(self, reactions: Reactions, intake: Intake, clock: Clock) -> None:
        self._reactions = reactions
        self._intake = intake
        self._clock = clock

    async def redrive(self, source: str, stream: str, audit: Audit | None = None) -> Redriven:
        """Try a stream's parked messages again, until none is left or one is refused again.
        `audit` says who asked, and is noted with each. Raises transient errors."""
        done = 0
        while waiting := await self._intake.parked(source, stream, PARKED_PAGE):
            for parked in waiting:
                reason = await self._try_again(parked, audit)
                if reason:
                    return Redriven(done, reason)
                done += 1
        return Redriven(done)

    async def skip(self, source: str, stream: str, audit: Audit) -> Redriven:
        """Give up the first parked message of a stream for ever, and try those behind it.
        Raises NotFound if none is parked, and transient errors."""
        waiting = await self._intake.parked(source, stream, 1)
        if not waiting:
            raise NotFound("NOTHING_PARKED", "no message of this stream is parked")
        meta = Meta(occurred_at=self._clock.now(), actor=audit.actor)
        given_up = replace(waiting[0].inbox, outcome=SKIPPED)
        await self._intake.submit(Work(commands=(), meta=meta, inbox=(given_up,), audit=audit))
        rest = await self.redrive(source, stream, audit)
        return Redriven(rest.done + 1, rest.reason)

    async def _try_again(self, parked: Parked, audit: Audit | None) -> str:
        """Carry one message out; gives the reason if it is refused again."""
        try:
            incoming = read(parked.message)
            redriven = row(incoming, REDRIVEN)
            policies = self._reactions.get(incoming.type_name, ())
            work = work_for(incoming, policies, self._clock, (redriven,))
            await self._intake.submit(replace(work, audit=audit))
        except TRANSIENT:
            raise
        except Exception as error:
            reason = reason_of(error)
            await self._intake.park(replace(parked, reason=reason))
            return reason
        return ""
