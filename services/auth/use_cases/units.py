"""Carrying out commands whose requests must leave no trace: no stored answer, no request hash."""

from collections.abc import Callable
from typing import Any

from chassis import call
from chassis.kernel.events import Command
from chassis.ports import Ports
from chassis.recorded import Meta
from chassis.work import Audit, Settled, Work

ACTOR = "service:auth"
"""Who acts where nobody calls."""

Inside = Callable[[Any, Settled], None]


async def settle(ports: Ports, *commands: Command, inside: Inside | None = None) -> Settled:
    """Carry out commands of the call at the door, all or none, audited, and give what came of it.

    `inside` runs in the same transaction.
    """
    current = call.current_or_none()
    kept: list[Settled] = []

    def keep(settled: Settled) -> bytes:
        kept.append(settled)
        return b""

    await ports.application.submit(
        Work(
            commands=commands,
            meta=_meta(ports, current),
            render=keep,
            audit=_audit(current),
            inside=inside,
        )
    )
    return kept[-1]


def _meta(ports: Ports, current: call.Call | None) -> Meta:
    if current is None:
        return Meta(ports.clock.now(), ACTOR)
    return Meta(
        occurred_at=ports.clock.now(),
        actor=current.principal.scope,
        correlation_id=current.correlation_id,
        traceparent=current.traceparent,
    )


def _audit(current: call.Call | None) -> Audit | None:
    if current is None:
        return None
    person = current.principal.on_behalf_of
    return Audit(
        actor=current.principal.subject,
        on_behalf_of=person.subject if person is not None else "",
        action=current.method,
        object="",
        origin=current.origin,
        correlation_id=current.correlation_id,
    )
