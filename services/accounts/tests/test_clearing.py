"""Clearing files through a running service: each record once, whatever comes how often."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cards.accounts.v1 import clearing_service_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from chassis.call import entered
from chassis.kernel.errors import Invalid, Refused
from chassis.testing.harness import call
from services.accounts.domain.events import ChargeCleared, ChargeRefunded
from services.accounts.domain.values import APPROVED, authorisation_code
from services.accounts.iso8583.settling import answered
from services.accounts.tests.clearing_files import csv_file, iso8583_file, record
from services.accounts.tests.conftest import OPERATOR, Door
from services.accounts.use_cases import clearing
from services.accounts.use_cases.clearing import ClearingFiles

CSV, ISO8583 = pb.CLEARING_FILE_FORMAT_CSV, pb.CLEARING_FILE_FORMAT_ISO8583
WRITERS = {CSV: csv_file, ISO8583: iso8583_file}
PIECE = 1_000


async def submit(door: Door, content: bytes, form: Any = CSV, name: str = "file") -> Any:
    """Submit a file in pieces, on the day on which its records are posted."""
    door.wait_for("2026-03-15")

    async def pieces() -> AsyncIterator[pb.SubmitClearingFileRequest]:
        yield pb.SubmitClearingFileRequest(format=form, name=name)
        for start in range(0, len(content), PIECE):
            yield pb.SubmitClearingFileRequest(content=content[start : start + PIECE])

    with entered(call("accounts.SubmitClearingFile", "", principal=OPERATOR)):
        method, _ = door.methods["SubmitClearingFile"]
        return await method(pieces(), None)


async def process(door: Door, file_id: str) -> Any:
    """Work the file through, as the worker does."""
    await door.node.caught_up()
    await ClearingFiles(door.node.ports).process_waiting()
    await door.node.caught_up()
    return (await door("GetClearingFile", file_id=file_id)).file


async def deliver(door: Door, content: bytes, form: Any = CSV) -> Any:
    """Submit and work through."""
    return await process(door, (await submit(door, content, form)).file.file_id)


def cleared(door: Door) -> list[ChargeCleared]:
    """What was posted."""
    return [fact for fact in door.node.facts() if isinstance(fact, ChargeCleared)]


def stored(door: Door) -> bytes:
    """Everything that the service has written to disk."""
    store = Path(door.node.world.engine.url.database or "")
    return b"".join(path.read_bytes() for path in store.parent.glob(f"{store.name}*"))


def came_to(file: Any) -> dict[str, int]:
    """What records came to, without what none came to."""
    names = ("matched", "forced", "refunded", "duplicates", "unmatched", "exceptions")
    return {name: getattr(file, name) for name in names if getattr(file, name)}


@pytest.mark.parametrize("form", [CSV, ISO8583])
async def test_a_record_is_matched_by_charge_by_code_by_its_looks_or_forced(
    door: Door, form: Any
) -> None:
    account = await door.open()
    door.wait_for("2026-03-15")
    card = account.cards[0].card_id
    day = {"transaction_date": "2026-03-14"}
    named = (await door.charge(account, 10, **day)).charge.charge_id
    coded = (await door.charge(account, 20, **day)).charge.charge_id
    alike = (await door.charge(account, 30, transaction_date="2026-03-10")).charge.charge_id
    content = WRITERS[form](
        [
            record("R-1", 1_100, card=card, charge_id=named),
            record("R-2", 2_200, card=card, authorisation_code=authorisation_code(coded)),
            record("R-3", 3_000, card=card),
            record("R-4", 4_000, card=card),
            record("R-5", 500, card=card, kind="refund", charge_id=named),
        ]
    )
    file = await deliver(door, content, form)
    assert file.completed
    assert came_to(file) == {"matched": 3, "forced": 1, "refunded": 1}
    assert [fact.charge_id for fact in cleared(door)][:3] == [named, coded, alike]
    assert [fact.forced for fact in cleared(door)] == [False, False, False, True]
    (refund,) = [fact for fact in door.node.facts() if isinstance(fact, ChargeRefunded)]
    assert refund.charge_id == named
    state = (await door("GetAccount", account_id=account.account_id)).account
    assert state.balance.minor_units == 1_100 + 2_200 + 3_000 + 4_000 - 500
    assert state.held.minor_units == 0


async def test_a_record_without_a_card_is_found_by_the_charge_it_names(door: Door) -> None:
    account = await door.open()
    named = (await door.charge(account, 10)).charge.charge_id
    await door.node.caught_up()
    content = csv_file(
        [record("R-1", 1_000, charge_id=named), record("R-2", 1_000, charge_id="0" * 32)]
    )
    assert came_to(await deliver(door, content)) == {"matched": 1, "unmatched": 1}
    (item,) = (await door("ListUnmatched")).items
    assert (item.record_id, item.reason) == ("R-2", "CARD_MISSING")


@given(st.uuids(version=4))
def test_the_code_of_a_charge_is_what_the_network_was_told(id: UUID) -> None:
    assert answered(APPROVED, id.hex) == {38: authorisation_code(id.hex), 39: APPROVED}


async def test_a_card_number_finds_its_card_and_stands_nowhere(door: Door) -> None:
    account = await door.open()
    card_id = account.cards[0].card_id
    number = (await door("RevealCardNumber", card_id=card_id)).number
    file = await deliver(door, csv_file([record("R-1", 1_000, card=number)]))
    assert came_to(file) == {"forced": 1}
    assert cleared(door)[0].card_id == card_id
    assert number.encode() not in stored(door)


async def test_the_same_file_under_another_name_is_recognised(door: Door) -> None:
    account = await door.open()
    content = csv_file([record("R-1", 1_000, card=account.cards[0].card_id)])
    first = await submit(door, content, name="monday.csv")
    await process(door, first.file.file_id)
    again = await submit(door, content, name="tuesday.csv")
    assert not first.already_received
    assert again.already_received
    assert again.file.file_id == first.file.file_id
    assert again.file.name == "monday.csv"
    assert len(cleared(door)) == 1


async def test_other_content_under_the_same_reference_is_refused(door: Door) -> None:
    await submit(door, csv_file([record("R-1", 1_000)]))
    with pytest.raises(Refused) as refused:
        await submit(door, csv_file([record("R-2", 1_000)]))
    assert refused.value.reason == "CLEARING_FILE_REFERENCE_REUSED"


async def test_a_record_that_comes_again_in_another_file_is_posted_once(door: Door) -> None:
    account = await door.open()
    card = account.cards[0].card_id
    one, two = record("R-1", 1_000, card=card), record("R-2", 2_000, card=card)
    await deliver(door, csv_file([one, two, one], "F-1"))
    file = await deliver(door, csv_file([two, record("R-3", 3_000, card=card), one], "F-2"))
    assert came_to(file) == {"forced": 1, "duplicates": 2}
    assert sorted(fact.amount.minor_units for fact in cleared(door)) == [1_000, 2_000, 3_000]


async def test_two_records_that_say_the_same_are_two_purchases(door: Door) -> None:
    """The same card, merchant, amount and day: only the identity of the record tells them apart."""
    account = await door.open()
    card = account.cards[0].card_id
    file = await deliver(
        door, csv_file([record("R-1", 1_000, card=card), record("R-2", 1_000, card=card)])
    )
    assert came_to(file) == {"forced": 2}


async def test_the_same_identity_of_another_source_is_another_record(door: Door) -> None:
    account = await door.open()
    one = record("R-1", 1_000, card=account.cards[0].card_id)
    await deliver(door, csv_file([one], source="net"))
    file = await deliver(door, csv_file([one], source="other"))
    assert came_to(file) == {"forced": 1}


async def test_a_record_that_comes_again_with_other_content_waits_for_somebody(door: Door) -> None:
    account, other = await door.open(), await door.open()
    await deliver(door, csv_file([record("R-1", 1_000, card=account.cards[0].card_id)], "F-1"))
    elsewhere = record("R-1", 1_000, card=other.cards[0].card_id)
    file = await deliver(door, csv_file([elsewhere], "F-2"))
    assert came_to(file) == {"exceptions": 1}
    (item,) = (await door("ListUnmatched")).items
    assert (item.reason, item.field) == ("RECORD_DIFFERS", "record_id")
    assert len(cleared(door)) == 1


async def test_two_contents_of_a_record_in_one_batch_are_posted_once_to_the_first(
    door: Door,
) -> None:
    account, other = await door.open(), await door.open()
    cards = [each.cards[0].card_id for each in (account, other)]
    file = await deliver(door, csv_file([record("R-1", 1_000, card=card) for card in cards]))
    assert came_to(file) == {"forced": 1, "exceptions": 1}
    assert [fact.card_id for fact in cleared(door)] == cards[:1]


async def test_a_malformed_record_waits_and_the_others_are_posted(door: Door) -> None:
    account = await door.open()
    card = account.cards[0].card_id
    file = await deliver(
        door,
        csv_file(
            [
                record("R-1", 1_000, card=card),
                record("R-2", 1_000, card="4111111111111112"),
                record("R-3", 1_000, card=card, posting_date="2026-02-30"),
                {**record("R-4", 1_000, card=card), "amount_minor": "ten"},
                record("R-5", 1_000, card=card, currency="EUR"),
                record("R-6", 1_000, card=card, kind="loan"),
            ]
        ),
    )
    assert came_to(file) == {"forced": 1, "exceptions": 5}
    items = (await door("ListUnmatched")).items
    assert [(item.record_id, item.reason, item.field) for item in items] == [
        ("R-2", "CARD_NUMBER_WRONG", "card"),
        ("R-3", "DATE_MALFORMED", "posting_date"),
        ("R-4", "AMOUNT_MINOR_MALFORMED", "amount_minor"),
        ("R-5", "CURRENCY_MISMATCH", "amount"),
        ("R-6", "KIND_UNKNOWN", "kind"),
    ]
    corrected = csv_file([record("R-3", 1_000, card=card)], "F-2")
    assert came_to(await deliver(door, corrected)) == {"forced": 1}


async def test_a_refund_above_what_was_captured_is_posted_without_the_charge(door: Door) -> None:
    account = await door.open()
    card = account.cards[0].card_id
    charge_id = (await door.charge(account, 10)).charge.charge_id
    back = {"kind": "refund", "charge_id": charge_id, "card": card}
    file = await deliver(
        door,
        csv_file(
            [
                record("R-1", 1_000, card=card, charge_id=charge_id),
                record("R-2", 700, **back),
                record("R-3", 700, **back),
            ]
        ),
    )
    assert came_to(file) == {"matched": 1, "refunded": 2}
    refunds = [fact for fact in door.node.facts() if isinstance(fact, ChargeRefunded)]
    assert [fact.charge_id for fact in refunds] == [charge_id, ""]


async def test_a_crash_between_batches_loses_and_doubles_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "BATCH_SIZES", (7, 1))
    account = await door.open()
    card = account.cards[0].card_id
    records = [record(f"R-{n}", 1_000 + n, card=card) for n in range(40)]
    submitted = await submit(door, csv_file(records))
    await door.node.caught_up()
    files = ClearingFiles(door.node.ports)
    await files.process_batch(submitted.file.file_id)
    fails = [2]
    settle = door.node.committer.submit

    async def crash(work: Any) -> Any:
        fails[0] -= 1
        if fails[0] == 0:
            raise ConnectionError("the process dies here")
        return await settle(work)

    monkeypatch.setattr(door.node.committer, "submit", crash)
    with pytest.raises(ConnectionError):
        await files.process_waiting()
    file = await process(door, submitted.file.file_id)
    assert came_to(file) == {"forced": 40}
    assert [fact.amount.minor_units for fact in cleared(door)] == [1_000 + n for n in range(40)]


async def test_an_account_that_changes_meanwhile_is_looked_at_anew(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The charge that was to be cleared is refunded between planning and commit: planned again."""
    account = await door.open()
    card = account.cards[0].card_id
    charge_id = (await door.charge(account, 10)).charge.charge_id
    await deliver(door, csv_file([record("R-1", 1_000, card=card, charge_id=charge_id)], "F-1"))
    back = record("R-2", 1_000, card=card, kind="refund", charge_id=charge_id)
    submitted = await submit(door, csv_file([back], "F-2"))
    await door.node.caught_up()
    plan = ClearingFiles._plan
    raced: list[bool] = []

    async def race(self: ClearingFiles, file: Any, lines: Sequence[Any]) -> Any:
        planner = await plan(self, file, lines)
        if not raced:
            raced.append(True)
            await door("RefundCharge", card_id=card, charge_id=charge_id, amount=refund)
        return planner

    refund = (await door("GetAccount", account_id=account.account_id)).account.balance
    monkeypatch.setattr(ClearingFiles, "_plan", race)
    file = await process(door, submitted.file.file_id)
    assert came_to(file) == {"refunded": 1}
    refunds = [fact for fact in door.node.facts() if isinstance(fact, ChargeRefunded)]
    assert [fact.charge_id for fact in refunds] == [charge_id, ""]


async def test_a_file_without_records_is_complete_at_once(door: Door) -> None:
    answer = await submit(door, csv_file([]))
    assert answer.file.completed


@pytest.mark.parametrize("form", [CSV, ISO8583])
async def test_of_a_malformed_file_nothing_is_kept(door: Door, form: Any) -> None:
    whole = WRITERS[form]([record("R-1", 1_000), record("R-2", 2_000)])
    for end in (len(whole) - 3, len(whole) // 2, len(whole) // 4):
        with pytest.raises(Invalid) as refused:
            await submit(door, whole[:end], form)
        assert refused.value.reason == "CLEARING_FILE_MALFORMED"
        assert refused.value.metadata["line"].isdigit()
    assert door.node.facts() == []
    answer = await submit(door, whole, form)
    assert not answer.already_received


async def test_a_file_too_large_is_refused(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearing, "FILE_BYTES_LIMIT", 100)
    with pytest.raises(Invalid) as refused:
        await submit(door, csv_file([record("R-1", 1_000)]))
    assert refused.value.reason == "CLEARING_FILE_TOO_LARGE"


async def test_files_are_listed_newest_first(door: Door) -> None:
    for number in range(5):
        await submit(door, csv_file([record("R-1", 1_000)], f"F-{number}"))
    await door.node.caught_up()
    page = await door("ListClearingFiles", page_size=3)
    rest = await door("ListClearingFiles", page_size=3, page_token=page.next_page_token)
    found = [file.reference for file in (*page.files, *rest.files)]
    assert found == [f"F-{number}" for number in (4, 3, 2, 1, 0)]
    assert not rest.next_page_token
