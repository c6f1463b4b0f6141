"""A clearing record that waits for somebody: queued once, resolved once."""

from dataclasses import replace

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact, command, value
from services.accounts.domain.clearing.events import (
    ClearingRecordQueued,
    ClearingRecordResolved,
)
from services.accounts.domain.clearing.values import ClearingRecord, ItemKind, Resolution

# commands


@command
class QueueClearingRecord(Command):
    """Put a record by, to be worked by somebody."""

    item_id: str
    file_id: str
    line: int
    record_id: str
    kind: ItemKind
    reason: str
    field: str = ""
    record: ClearingRecord | None = None


@command
class ResolveClearingRecord(Command):
    """Decide about a record, in one unit with what that posts."""

    item_id: str
    resolution: Resolution
    reason: str = ""
    programme_id: str = ""
    account_id: str = ""
    card_id: str = ""
    charge_id: str = ""


# state


@value
class ClearingItem:
    """`item_id` is empty until a record is queued, `resolution` None until it is resolved."""

    item_id: str = ""
    file_id: str = ""
    line: int = 0
    record_id: str = ""
    kind: ItemKind = ItemKind.UNMATCHED
    reason: str = ""
    field: str = ""
    record: ClearingRecord | None = None
    resolution: Resolution | None = None
    resolution_reason: str = ""
    resolved_by: str = ""
    account_id: str = ""
    card_id: str = ""
    charge_id: str = ""


# evolve


def evolve(state: ClearingItem, fact: Fact) -> ClearingItem:
    """The item after a fact."""
    if isinstance(fact, ClearingRecordResolved):
        return replace(
            state,
            resolution=fact.resolution,
            resolution_reason=fact.reason,
            resolved_by=fact.resolved_by,
            account_id=fact.account_id,
            card_id=fact.card_id,
            charge_id=fact.charge_id,
        )
    assert isinstance(fact, ClearingRecordQueued)
    return ClearingItem(
        item_id=fact.item_id,
        file_id=fact.file_id,
        line=fact.line,
        record_id=fact.record_id,
        kind=fact.kind,
        reason=fact.reason,
        field=fact.field,
        record=fact.record,
    )


# decide


def decide(
    state: ClearingItem, command: QueueClearingRecord | ResolveClearingRecord, context: Context
) -> tuple[Fact, ...]:
    """Queue once, resolve once. Raises NotFound, or Refused when it was resolved otherwise."""
    if isinstance(command, ResolveClearingRecord):
        return _resolve(state, command, context)
    if state.item_id:
        return ()
    record = command.record
    return (
        ClearingRecordQueued(
            item_id=command.item_id,
            file_id=command.file_id,
            line=command.line,
            record_id=command.record_id,
            kind=command.kind,
            reason=command.reason,
            field=command.field,
            last_four=record.last_four if record else "",
            amount=record.amount if record else None,
            record=record,
        ),
    )


def _resolve(
    state: ClearingItem, command: ResolveClearingRecord, context: Context
) -> tuple[Fact, ...]:
    if not state.item_id:
        raise NotFound("CLEARING_ITEM_NOT_FOUND", "there is no such record", field="item_id")
    asked = (command.resolution, command.account_id, command.card_id, command.charge_id)
    if state.resolution is not None:
        done = (state.resolution, state.account_id, state.card_id, state.charge_id)
        if done == asked:
            return ()
        raise Refused("CLEARING_ITEM_RESOLVED", f"the record is {state.resolution.lower()} already")
    record, posts = state.record, command.resolution is not Resolution.REJECTED
    if posts and (record is None or state.kind is ItemKind.EXCEPTION):
        raise Refused("CLEARING_ITEM_NOT_POSTABLE", "an exception can only be rejected")
    return (
        ClearingRecordResolved(
            item_id=state.item_id,
            file_id=state.file_id,
            record_id=state.record_id,
            resolution=command.resolution,
            reason=command.reason,
            resolved_by=context.actor,
            programme_id=command.programme_id,
            account_id=command.account_id,
            card_id=command.card_id,
            charge_id=command.charge_id,
            record_kind=record.kind if record and posts else None,
            amount=record.amount if record and posts else None,
            posting_date=record.posting_date if record and posts else None,
        ),
    )


CLEARING_ITEM: Decider[ClearingItem] = Decider(
    category="clearing_item",
    state=ClearingItem,
    initial=ClearingItem(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.item_id),
    commands=(QueueClearingRecord, ResolveClearingRecord),
    facts=(ClearingRecordQueued, ClearingRecordResolved),
)
