"""What holders said about lines of their accounts: notes and categories of their own."""

from datetime import date

from chassis.kernel.events import Fact, fact


@fact
class TransactionNoted(Fact):
    """A holder's note on a line, ciphertext under the holder's own key; empty when taken away.

    `note_words` and `note_beginnings` are keyed hashes, by which it is found, under a key that is
    itself ciphertext under the holder's key: once that is destroyed they say nothing any more.
    """

    account_id: str
    customer_id: str
    kind: str
    transaction_id: str
    sealed_note: str
    note_digest: str
    note_words: tuple[str, ...]
    note_beginnings: tuple[str, ...]
    sealed_index_key: str
    transaction_date: date


@fact
class TransactionCategorised(Fact):
    """A holder's own category for a line; empty when it is the network's again."""

    account_id: str
    customer_id: str
    kind: str
    transaction_id: str
    category: str
    transaction_date: date


@fact
class MerchantCategorised(Fact):
    """A holder's own category for every line of a merchant, past and to come; empty when it is
    the network's again. `merchant_key` is the cleaned name without regard to case."""

    account_id: str
    customer_id: str
    merchant_key: str
    category: str
    transaction_date: date
