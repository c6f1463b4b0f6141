"""A holder writes a note on a line, calls a merchant's trade something else, and finds both."""

from typing import TYPE_CHECKING, Any

from cards.accounts.v1 import transactions_service_pb2 as transactions

if TYPE_CHECKING:
    from tests.contract.story import Story

NOTE = "Vogelfutterabonnement fuer Piepmatz"


def tell(story: "Story") -> None:
    """Ada notes and categorises what she bought; the note is found by one of its words."""
    ask, ada = story.ask, story.holders["Ada"]
    search = transactions.SearchTransactionsRequest(account_id=ada.account_id, query="shop")

    def lines() -> Any:
        return ask("accounts.SearchTransactions", search, "Ada").transactions

    line = story.outsider.until(lines, "a line can be searched for")[0].transaction
    of_line = {
        "account_id": ada.account_id,
        "kind": line.kind,
        "transaction_id": line.transaction_id,
    }
    note = story.canaries.plant("note", NOTE)
    ask(
        "accounts.SetTransactionNote",
        transactions.SetTransactionNoteRequest(note=note, **of_line),
        "Ada",
    )
    for always in (False, True):
        categorise = transactions.CategoriseTransactionRequest(
            category="home", always_for_merchant=always, **of_line
        )
        ask("accounts.CategoriseTransaction", categorise, "Ada")
    search.query = "piepmatz home"
    story.outsider.until(lines, "a note is found by a word of it")
