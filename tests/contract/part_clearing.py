"""What the story tells of clearing: a file, a record that nobody can match, and who works it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cards.accounts.v1 import clearing_service_pb2 as pb
from cards.accounts.v1 import ledger_service_pb2 as ledger

from tests.contract.contracts import rpc
from tests.contract.endings import PROGRAMME

if TYPE_CHECKING:
    from tests.contract.story import Story

COLUMNS = (
    "record_id,kind,card,amount_minor,currency,merchant_name,mcc,country,transaction_date"
    ",posting_date"
)
LOOKS = ",GBP,The Shop,5411,GB,2026-11-02,2026-11-03"


def pieces(content: str) -> Iterator[pb.SubmitClearingFileRequest]:
    """A file in two pieces."""
    raw = content.encode()
    half = len(raw) // 2
    form = pb.CLEARING_FILE_FORMAT_CSV
    yield pb.SubmitClearingFileRequest(format=form, name="contract.csv", content=raw[:half])
    yield pb.SubmitClearingFileRequest(content=raw[half:])


def tell(story: "Story") -> None:
    """A card that is known, one that is not, and what is done about it."""
    ada, ask = story.holders["Ada"], story.ask
    content = "\r\n".join(
        [
            "CLEARING,1,contract,F-1",
            COLUMNS,
            f"R-1,charge,{ada.card_id},150{LOOKS}",
            f"R-2,charge,4111111111111111,250{LOOKS}",
            "TRAILER,2,400",
        ]
    )
    submitted = story.outsider.call(
        rpc("accounts.SubmitClearingFile"), list(pieces(content)), by="gateway"
    )
    assert submitted.ok, submitted
    file_id = pb.SubmitClearingFileResponse.FromString(submitted.answers[0]).file.file_id
    wanted = pb.GetClearingFileRequest(file_id=file_id)
    story.outsider.until(
        lambda: ask("accounts.GetClearingFile", wanted).file.completed, "the file is worked through"
    )
    waiting = pb.ListUnmatchedRequest(file_id=file_id)
    (item,) = story.outsider.until(
        lambda: ask("accounts.ListUnmatched", waiting).items, "the record waits"
    )
    resolve = pb.ResolveUnmatchedRequest(
        item_id=item.item_id,
        resolution=pb.CLEARING_RESOLUTION_POSTED,
        card_id=ada.card_id,
        reason="FOUND_BY_HAND",
    )
    ask("accounts.ResolveUnmatched", resolve)
    close = ledger.CloseDayRequest(programme_id=PROGRAMME, date="2026-11-03")
    proof = ask("accounts.CloseDay", close).day_end
    assert proof.balanced, proof
    assert proof.files_charged.minor_units == 400, proof
