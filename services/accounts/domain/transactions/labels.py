"""The labels of an account: an aggregate that knows what its holder said about its lines."""

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Conflict, Invalid, Refused
from chassis.kernel.events import Command, command, value
from chassis.kernel.persistent_map import PersistentMap
from services.accounts.domain.categories import CATEGORIES
from services.accounts.domain.transactions.events import (
    MerchantCategorised,
    TransactionCategorised,
    TransactionNoted,
)

MERCHANT_RULES_LIMIT = 1_000
LABELS_LIMIT = 200_000
"""So many lines of one account may have a note, and so many a category, of the holder's own."""

# commands


@value
class SealedNote:
    """A note as it may be stored: see TransactionNoted. All empty to take a note away."""

    sealed: str = ""
    digest: str = ""
    words: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()


@command
class NoteTransaction(Command):
    """Put a note on a line, or take it away; `sealed_index_key` is the one its words are under."""

    account_id: str
    customer_id: str
    kind: str
    transaction_id: str
    note: SealedNote
    sealed_index_key: str


@command
class CategoriseTransaction(Command):
    """Give a line a category of the holder's own, or, when it is empty, the network's again."""

    account_id: str
    customer_id: str
    kind: str
    transaction_id: str
    category: str


@command
class CategoriseMerchant(Command):
    """Give all lines of a merchant a category of the holder's own, or the network's again."""

    account_id: str
    customer_id: str
    merchant_key: str
    category: str


# state


@value
class Labels:
    """By line (`<kind>/<id>`): digests of notes and categories; categories by merchant."""

    account_id: str = ""
    sealed_index_key: str = ""
    notes: PersistentMap[str] = PersistentMap()
    categories: PersistentMap[str] = PersistentMap()
    merchants: PersistentMap[str] = PersistentMap()


def line_key(kind: str, transaction_id: str) -> str:
    """The name of a line among the labels of its account."""
    return f"{kind}/{transaction_id}"


# evolve

LabelFact = TransactionNoted | TransactionCategorised | MerchantCategorised


def _put(entries: PersistentMap[str], key: str, said: str) -> PersistentMap[str]:
    if said:
        return entries.set(key, said)
    return entries.remove(key) if entries.get(key) is not None else entries


def evolve(state: Labels, fact: LabelFact) -> Labels:
    """The labels after a fact."""
    notes, categories, merchants = state.notes, state.categories, state.merchants
    index_key = state.sealed_index_key
    match fact:
        case TransactionNoted():
            notes = _put(notes, line_key(fact.kind, fact.transaction_id), fact.note_digest)
            index_key = index_key or fact.sealed_index_key
        case TransactionCategorised():
            categories = _put(categories, line_key(fact.kind, fact.transaction_id), fact.category)
        case MerchantCategorised():
            merchants = _put(merchants, fact.merchant_key, fact.category)
    return Labels(
        account_id=fact.account_id,
        sealed_index_key=index_key,
        notes=notes,
        categories=categories,
        merchants=merchants,
    )


# decide


def decide(state: Labels, command: Command, context: Context) -> tuple[LabelFact, ...]:
    """What follows; nothing where it was said before. Raises Invalid for a category there is not,
    Refused beyond a limit, Conflict where another key for the words of notes was faster."""
    match command:
        case NoteTransaction():
            return _note(state, command, context)
        case CategoriseTransaction():
            _check_category(command.category)
            key = line_key(command.kind, command.transaction_id)
            if (state.categories.get(key) or "") == command.category:
                return ()
            _check_room(state.categories, LABELS_LIMIT)
            return (
                TransactionCategorised(
                    account_id=command.account_id,
                    customer_id=command.customer_id,
                    kind=command.kind,
                    transaction_id=command.transaction_id,
                    category=command.category,
                    transaction_date=context.now.date(),
                ),
            )
        case CategoriseMerchant():
            return _categorise_merchant(state, command, context)
        case _:
            raise TypeError(f"{type(command).__name__} is nothing that labels decide")


def _note(state: Labels, command: NoteTransaction, context: Context) -> tuple[LabelFact, ...]:
    said = state.notes.get(line_key(command.kind, command.transaction_id)) or ""
    if said == command.note.digest:
        return ()
    if state.sealed_index_key and command.sealed_index_key != state.sealed_index_key:
        raise Conflict("INDEX_KEY_CHANGED", "another note was the first one; try again")
    _check_room(state.notes, LABELS_LIMIT)
    return (
        TransactionNoted(
            account_id=command.account_id,
            customer_id=command.customer_id,
            kind=command.kind,
            transaction_id=command.transaction_id,
            sealed_note=command.note.sealed,
            note_digest=command.note.digest,
            note_words=command.note.words,
            note_beginnings=command.note.beginnings,
            sealed_index_key=command.sealed_index_key,
            transaction_date=context.now.date(),
        ),
    )


def _categorise_merchant(
    state: Labels, command: CategoriseMerchant, context: Context
) -> tuple[LabelFact, ...]:
    _check_category(command.category)
    if (state.merchants.get(command.merchant_key) or "") == command.category:
        return ()
    _check_room(state.merchants, MERCHANT_RULES_LIMIT)
    return (
        MerchantCategorised(
            account_id=command.account_id,
            customer_id=command.customer_id,
            merchant_key=command.merchant_key,
            category=command.category,
            transaction_date=context.now.date(),
        ),
    )


def _check_category(category: str) -> None:
    if category and category not in CATEGORIES:
        raise Invalid("CATEGORY_UNKNOWN", "there is no such category", field="category")


def _check_room(entries: PersistentMap[str], limit: int) -> None:
    if len(entries) >= limit:
        raise Refused("TOO_MANY_LABELS", "this account has as many labels as it may have")


TRANSACTION_LABEL: Decider[Labels] = Decider(
    category="transaction_label",
    state=Labels,
    initial=Labels(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.account_id),
    commands=(NoteTransaction, CategoriseTransaction, CategoriseMerchant),
    facts=(TransactionNoted, TransactionCategorised, MerchantCategorised),
)
