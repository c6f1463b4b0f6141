"""Clearing files: taken whole, put by, worked through batch by batch; and what was left over."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.kernel import ids
from chassis.kernel.decider import Context
from chassis.kernel.errors import Error, Exhausted, Invalid, NotFound, Refused
from chassis.ports import Ports
from chassis.recorded import Meta
from chassis.work import Settled, Work
from services.accounts.domain.account import charges
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.card_place import CARD_PLACE
from services.accounts.domain.clearing.file import (
    CLEARING_FILE,
    ClearingFile,
    ReceiveClearingFile,
    RecordClearingBatch,
)
from services.accounts.domain.clearing.item import (
    CLEARING_ITEM,
    ClearingItem,
    ResolveClearingRecord,
)
from services.accounts.domain.clearing.planning import TO_COME, Line, Place, Planner, post, to_come
from services.accounts.domain.clearing.values import (
    ClearingRecord,
    FileFormat,
    ItemKind,
    Resolution,
)
from services.accounts.domain.pan import PAN
from services.accounts.queries import clearing as queries
from services.accounts.use_cases.accounts import PAN_PURPOSE
from services.accounts.use_cases.clearing_formats import READERS
from services.accounts.use_cases.clearing_formats.columns import Reading
from services.accounts.use_cases.clearing_formats.records import line_of
from services.accounts.use_cases.programme_clock import latest_day, shown

M = TypeVar("M", bound=Message)
KeyedLine = tuple[Line, str, str]
"""A line, its record key and its content digest."""

FILE_BYTES_LIMIT = 32 * 1024 * 1024
"""A larger file is refused; it comes in parts."""
UPLOADS_LIMIT = 4
"""So many files may be on their way in at once, as each is held in memory whole."""
LINES_AT_ONCE = 500
"""So many lines are read, or put by, before others have their turn."""
BATCH_SIZES = (200, 200, 20, 1)
"""Records of one unit of work, which is stored whole or not at all. When one fails, because an
account changed meanwhile, it is planned anew, and then in smaller ones to find the culprit."""
FILES_AT_ONCE = 16
IDLE_SECONDS = 0.5
FILE_PURPOSE = "accounts.clearing_file"
ACTOR = "service:accounts"
DECIDED = (Refused, Invalid, NotFound)
"""What says that a record cannot be posted, and not that something is away."""


@dataclass
class ClearingFiles:
    """The steps around the decider of files; `uploads` counts what is on its way in."""

    ports: Ports
    uploads: int = 0

    # Taking a file in

    async def gather(self, chunks: AsyncIterator[bytes]) -> bytes:
        """A whole file. Raises Exhausted, or Invalid when it is too large."""
        if self.uploads >= UPLOADS_LIMIT:
            raise Exhausted("TOO_MANY_UPLOADS", "too many files are on their way in; try later")
        self.uploads += 1
        try:
            gathered = bytearray()
            async for chunk in chunks:
                gathered += chunk
                if len(gathered) > FILE_BYTES_LIMIT:
                    raise Invalid(
                        "CLEARING_FILE_TOO_LARGE",
                        f"a file has at most {FILE_BYTES_LIMIT} bytes",
                        field="content",
                    )
            return bytes(gathered)
        finally:
            self.uploads -= 1

    async def submit(
        self,
        content: bytes,
        form: FileFormat,
        name: str,
        render: Callable[[ClearingFile, bool, Settled], M],
    ) -> M:
        """Take a file: nothing of a malformed one is kept, one that is there is not taken again.
        `render` is told whether it was there."""
        reading = READERS[form](content)
        keyed = self.ports.keys.lookup_hash(FILE_PURPOSE, sha256(content).digest())
        file_id = ids.derive("clearing file", reading.source, reading.reference)
        upload_id = ids.derive("clearing upload", file_id, keyed)
        known = await self.ports.application.find(CLEARING_FILE, file_id)
        if known is not None and known.digest == keyed:
            records, hash_total = known.records, known.hash_total
        else:
            lines = await self._read(reading)
            records, hash_total = len(lines), reading.sums.hash_total
            if known is None:
                await self._put_by(upload_id, lines)
        command = ReceiveClearingFile(
            file_id=file_id,
            source=reading.source,
            reference=reading.reference,
            name=name,
            format=form,
            digest=keyed,
            upload_id=upload_id,
            records=records,
            hash_total=hash_total,
        )
        return await self.ports.application.answer(
            command,
            render=lambda settled: render(settled.state, not settled.facts, settled),
        )

    async def _read(self, reading: Reading) -> list[KeyedLine]:
        """Every line. Raises Invalid CLEARING_FILE_MALFORMED."""
        lines: list[KeyedLine] = []
        for _, raw in reading.lines:
            lines.append(line_of(len(lines) + 1, raw, reading.source, self._hash_of))
            if len(lines) % LINES_AT_ONCE == 0:
                await self.ports.sleep(0)
        return lines

    async def _put_by(self, upload_id: str, lines: Sequence[KeyedLine]) -> None:
        """In pieces, so that nobody waits long for the store. They count for nothing until the file
        is received, and putting them by again changes nothing."""
        for start in range(0, len(lines), LINES_AT_ONCE):
            piece = lines[start : start + LINES_AT_ONCE]
            await self.ports.database.write(partial(_put_lines, upload_id, piece))

    def _hash_of(self, number: str) -> str:
        hashed: str = self.ports.keys.lookup_hash(PAN_PURPOSE, number.encode())
        return hashed

    # Working it through

    async def run(self) -> None:
        """Work through files as they come, oldest first, for ever."""
        while True:
            await self.process_waiting()
            await self.ports.sleep(IDLE_SECONDS)

    async def process_waiting(self) -> None:
        """Work through the files that wait."""
        database = self.ports.database
        waiting = await database.read(lambda c: queries.unfinished(c, FILES_AT_ONCE))
        for file_id in waiting:
            while await self.process_batch(file_id):
                pass

    async def process_batch(self, file_id: str) -> bool:
        """Bring a file on by one batch; whether there is more to do. Raises what is raised when
        the store is away; nothing is lost or doubled by trying again."""
        for size in BATCH_SIZES:
            file = await self.ports.application.state(CLEARING_FILE, file_id)
            if file.completed:
                return False
            try:
                await self._process(file, size, {})
                return True
            except DECIDED as error:
                culprit = error
        await self._process(file, 1, {file.processed + 1: culprit})
        return True

    async def _process(self, file: ClearingFile, size: int, refused: dict[int, Error]) -> None:
        lines = await self.ports.database.read(
            lambda c: queries.lines(c, file.upload_id, file.processed, size)
        )
        if not lines or lines[0].number != file.processed + 1:
            raise Error("CLEARING_RECORDS_MISSING", "records of a file that was received are gone")
        lines = [_unless_refused(line, refused.get(line.number)) for line in lines]
        planner = await self._plan(file, lines)
        first, last = lines[0].number, lines[-1].number
        batch = RecordClearingBatch(
            file_id=file.file_id,
            first=first,
            last=last,
            tally=planner.tally,
            totals=tuple(planner.totals.values()),
        )

        def inside(connection: Any, settled: Settled) -> None:
            queries.note_identities(connection, file.file_id, planner.taken)
            queries.forget_lines(connection, file.upload_id, first, last)

        meta = Meta(
            occurred_at=self.ports.clock.now(),
            actor=ACTOR,
            correlation_id=file.file_id,
            causation_id=ids.derive("clearing batch", file.file_id, str(first)),
        )
        work = Work(commands=(*planner.commands, batch), meta=meta, inside=inside)
        await self.ports.application.submit(work)

    async def _plan(self, file: ClearingFile, lines: Sequence[Line]) -> Planner:
        records = [line.record for line in lines if line.record is not None]
        keys = [record.record_key for record in records]
        seen = await self.ports.database.read(lambda c: queries.identities(c, keys))
        places = {
            line.number: place
            for line in lines
            if line.record is not None and (place := await self._place(line.record)) is not None
        }
        account_ids = sorted({place.account_id for place in places.values()})
        found = await self.ports.application.find_all(
            *((CREDIT_ACCOUNT, account_id) for account_id in account_ids)
        )
        planner = Planner(
            file_id=file.file_id,
            accounts=dict(zip(account_ids, found, strict=True)),
            seen=seen,
            context=Context(now=self.ports.clock.now(), actor=ACTOR, new_id=self.ports.ids.new),
            latest=await self._latest({account.programme_id for account in found}),
        )
        planner.plan(lines, places)
        return planner

    async def _latest(self, programme_ids: Iterable[str]) -> dict[str, date]:
        """The latest date that is not yet to come, by programme: their clocks may differ."""
        return {each: latest_day(await shown(self.ports, each)) for each in programme_ids}

    async def _place(self, record: ClearingRecord) -> Place | None:
        """Where the card of a record is; where nobody knows the card, the charge that is named
        says so."""
        place = await self._place_of_card(record)
        if place is None and record.charge_id:
            return await self.ports.database.read(
                lambda c: queries.place_of_charge(c, record.charge_id)
            )
        return place

    async def _place_of_card(self, record: ClearingRecord) -> Place | None:
        application = self.ports.application
        if record.pan_hash:
            number = await application.peek(PAN, record.pan_hash)
            if number is not None and not number.card_id:
                # Refused before and perhaps issued since.
                number = await application.find(PAN, record.pan_hash)
            if number is None or not number.card_id:
                return None
            return Place(account_id=number.account_id, card_id=number.card_id)
        if not record.card_id:
            return None
        place = await application.peek(CARD_PLACE, record.card_id)
        return Place(account_id=place.account_id, card_id=place.card_id) if place else None

    # What was left over

    async def item(self, item_id: str) -> ClearingItem:
        """A record that waits or waited. Raises NotFound."""
        found = await self.ports.application.find(CLEARING_ITEM, item_id)
        if found is None:
            raise NotFound("CLEARING_ITEM_NOT_FOUND", "there is no such record", field="item_id")
        return found

    async def reject(self, item_id: str, reason: str, render: Callable[[Settled], M]) -> M:
        """Never post a record."""
        command = ResolveClearingRecord(
            item_id=item_id, resolution=Resolution.REJECTED, reason=reason
        )
        return await self.ports.application.answer(command, render=render)

    async def post_to_card(
        self, item_id: str, card_id: str, reason: str, render: Callable[[Settled], M]
    ) -> M:
        """Post a record to a card, without a charge."""
        place = await self.ports.application.peek(CARD_PLACE, card_id)
        if place is None:
            raise NotFound("CARD_NOT_FOUND", "there is no such card", field="card_id")
        where = Place(account_id=place.account_id, card_id=card_id)
        return await self._post(item_id, where, "", reason, render)

    async def match_to_charge(
        self,
        item_id: str,
        account_id: str,
        charge_id: str,
        reason: str,
        render: Callable[[Settled], M],
    ) -> M:
        """Post a record to a charge, or give back what was charged."""
        account = await self.ports.application.find(CREDIT_ACCOUNT, account_id)
        if account is None:
            raise NotFound("ACCOUNT_NOT_FOUND", "there is no such account", field="account_id")
        charge = charges.find(account, charge_id)
        where = Place(account_id=account_id, card_id=charge.card_id)
        return await self._post(item_id, where, charge_id, reason, render)

    async def _post(
        self,
        item_id: str,
        place: Place,
        charge_id: str,
        reason: str,
        render: Callable[[Settled], M],
    ) -> M:
        item = await self.item(item_id)
        if item.record is None or item.kind is ItemKind.EXCEPTION:
            raise Refused("CLEARING_ITEM_NOT_POSTABLE", "an exception can only be rejected")
        account = await self.ports.application.state(CREDIT_ACCOUNT, place.account_id)
        latest = await self._latest([account.programme_id])
        field = to_come(item.record, latest[account.programme_id])
        if field:
            raise Refused(TO_COME, "that day has not begun anywhere", field=field)
        resolve = ResolveClearingRecord(
            item_id=item_id,
            resolution=Resolution.MATCHED if charge_id else Resolution.POSTED,
            reason=reason,
            programme_id=account.programme_id,
            account_id=place.account_id,
            card_id=place.card_id,
            charge_id=charge_id,
        )
        posting = post(item.record, place, charge_id)
        return await self.ports.application.answer(resolve, posting, render=render)


def _put_lines(upload_id: str, piece: Sequence[KeyedLine], connection: Any) -> None:
    queries.put_lines(connection, upload_id, piece)


def _unless_refused(line: Line, error: Error | None) -> Line:
    if error is None or line.record is None:
        return line
    return replace(line, record=None, problem=error.reason, field=error.field or "")
