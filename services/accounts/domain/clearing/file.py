"""A clearing file: received once, processed batch by batch, completed."""

from dataclasses import replace
from datetime import datetime

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Command, Fact, command, value
from services.accounts.domain.clearing.events import (
    ClearingBatchProcessed,
    ClearingFileCompleted,
    ClearingFileReceived,
)
from services.accounts.domain.clearing.values import FileFormat, NetworkTotal, Tally

# commands


@command
class ReceiveClearingFile(Command):
    """Take a whole file, whose records wait under `upload_id`."""

    file_id: str
    source: str
    reference: str
    name: str
    format: FileFormat
    digest: str
    upload_id: str
    records: int
    hash_total: int


@command
class RecordClearingBatch(Command):
    """Note what the records `first` to `last` came to, in one unit with what they post."""

    file_id: str
    first: int
    last: int
    tally: Tally
    totals: tuple[NetworkTotal, ...] = ()


# state


@value
class ClearingFile:
    """`file_id` is empty until the file is received; `processed` counts records."""

    file_id: str = ""
    source: str = ""
    reference: str = ""
    name: str = ""
    format: FileFormat = FileFormat.CSV
    digest: str = ""
    upload_id: str = ""
    records: int = 0
    hash_total: int = 0
    processed: int = 0
    tally: Tally = Tally()
    received_at: datetime | None = None
    completed: bool = False


# evolve


def evolve(state: ClearingFile, fact: Fact) -> ClearingFile:
    """The file after a fact."""
    match fact:
        case ClearingFileReceived():
            return ClearingFile(
                file_id=fact.file_id,
                source=fact.source,
                reference=fact.reference,
                name=fact.name,
                format=fact.format,
                digest=fact.digest,
                upload_id=fact.upload_id,
                records=fact.records,
                hash_total=fact.hash_total,
                received_at=fact.received_at,
            )
        case ClearingBatchProcessed():
            return replace(state, processed=fact.last, tally=state.tally.plus(fact.tally))
        case _:
            return replace(state, completed=True)


# decide


def decide(
    state: ClearingFile, command: ReceiveClearingFile | RecordClearingBatch, context: Context
) -> tuple[Fact, ...]:
    """Receive once, process in order. Raises Refused for other content or another order."""
    if isinstance(command, ReceiveClearingFile):
        return _receive(state, command, context)
    return _record_batch(state, command)


def _receive(
    state: ClearingFile, command: ReceiveClearingFile, context: Context
) -> tuple[Fact, ...]:
    if state.file_id:
        if state.digest == command.digest:
            return ()
        raise Refused(
            "CLEARING_FILE_REFERENCE_REUSED",
            "another file of this source has this reference",
            field="content",
        )
    received = ClearingFileReceived(
        file_id=command.file_id,
        source=command.source,
        reference=command.reference,
        name=command.name,
        format=command.format,
        digest=command.digest,
        upload_id=command.upload_id,
        records=command.records,
        hash_total=command.hash_total,
        received_at=context.now,
    )
    if command.records:
        return (received,)
    return (received, _completed(evolve(state, received)))


def _record_batch(state: ClearingFile, command: RecordClearingBatch) -> tuple[Fact, ...]:
    if not state.file_id:
        raise NotFound("CLEARING_FILE_NOT_FOUND", "there is no such clearing file")
    if command.last <= state.processed:
        return ()
    if command.first != state.processed + 1 or command.last > state.records:
        raise Refused("CLEARING_BATCH_OUT_OF_ORDER", "a file is processed from first to last")
    if command.tally.records != command.last - command.first + 1:
        raise Invalid("TALLY_WRONG", "every record of a batch comes to one thing")
    processed = ClearingBatchProcessed(
        file_id=state.file_id,
        first=command.first,
        last=command.last,
        tally=command.tally,
        totals=command.totals,
    )
    if command.last < state.records:
        return (processed,)
    return (processed, _completed(evolve(state, processed)))


def _completed(state: ClearingFile) -> ClearingFileCompleted:
    return ClearingFileCompleted(
        file_id=state.file_id,
        source=state.source,
        reference=state.reference,
        records=state.records,
        matched=state.tally.matched,
        forced=state.tally.forced,
        refunded=state.tally.refunded,
        duplicates=state.tally.duplicates,
        unmatched=state.tally.unmatched,
        exceptions=state.tally.exceptions,
    )


CLEARING_FILE: Decider[ClearingFile] = Decider(
    category="clearing_file",
    state=ClearingFile,
    initial=ClearingFile(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.file_id),
    commands=(ReceiveClearingFile, RecordClearingBatch),
    facts=(ClearingFileReceived, ClearingBatchProcessed, ClearingFileCompleted),
)
