"""How answers look on a terminal."""

from collections.abc import Iterable
from typing import Any, Literal

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.type.v1 import money_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from rich.table import Table
from rich.text import Text

TITLE_WIDTH = 110
"""A table is as wide as its title, up to this, so that a title stands in one line."""
STAFF: dict[str, str] = {}
"""Identity id → name, of those who log in on this machine; known as soon as a session is open."""


def who(actor: str) -> str:
    """`operator:0ac2…` → `second-operator`, where it is somebody of this machine."""
    return STAFF.get(actor.rpartition(":")[2], actor)


def money(amount: money_pb2.Money) -> str:
    """An amount as people write it; the currencies of this system have two decimals."""
    return f"{amount.minor_units / 100:,.2f} {amount.currency_code}".strip()


def owed(balance: money_pb2.Money) -> str:
    """What a balance means: `12.50 GBP is owed`, or `the account is 5.00 GBP in credit`."""
    if balance.minor_units >= 0:
        return f"{money(balance)} is owed"
    ahead = money_pb2.Money(minor_units=-balance.minor_units, currency_code=balance.currency_code)
    return f"the account is {money(ahead)} in credit"


def when(instant: Timestamp) -> str:
    """An instant in UTC, to the second."""
    return instant.ToDatetime().strftime("%Y-%m-%d %H:%M:%S") if instant.seconds else ""


def word(enum: Any, value: int) -> str:
    """`CARD_STATUS_ACTIVE` → `active`."""
    name: str = enum.Name(value)
    prefix = _prefix(enum.DESCRIPTOR.name)
    return name.removeprefix(prefix).replace("_", " ").lower()


def _prefix(name: str) -> str:
    return "".join(f"_{c}" if c.isupper() else c for c in name).strip("_").upper() + "_"


def table(title: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """A table; headings that begin with `>` are columns of figures, those with `#` hold ids, which
    are shown whole however narrow the terminal is."""
    made = Table(title=title, title_justify="left", min_width=min(len(title), TITLE_WIDTH))
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading.startswith(">") else "left"
        whole = heading.startswith(("#", ">"))
        made.add_column(heading.lstrip(">#"), justify=justify, no_wrap=whole)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made if made.rows else _nothing(title)


def _nothing(title: str) -> Table:
    made = Table.grid()
    made.add_row(Text(f"{title}: none"))
    return made


def account(of: accounts.Account) -> Table:
    """An account with its cards."""
    title = (
        f"account {of.account_id}: {word(accounts.AccountStatus, of.status)}, limit"
        f" {money(of.limit)}, owed {money(of.balance)}, held {money(of.held)},"
        f" available {money(of.available)}"
    )
    cards = (
        (
            card.card_id,
            card.masked_number,
            word(accounts.CardKind, card.kind),
            word(accounts.CardStatus, card.status),
            card.status_reason,
            card.expires_on,
        )
        for card in of.cards
    )
    return table(title, ("#card", "number", "kind", "status", "reason", "expires"), cards)


def transactions(found: Iterable[accounts.Transaction], *, with_ids: bool) -> Table:
    """What happened on an account."""
    rows = (
        (
            each.transaction_date,
            word(accounts.TransactionKind, each.kind),
            each.reason or word(accounts.TransactionStatus, each.status),
            each.merchant.name,
            each.category,
            money(each.amount),
            *([each.charge_id or each.transaction_id] if with_ids else []),
        )
        for each in found
    )
    headings = ("#date", "kind", "status", "merchant", "category", ">amount")
    return table("transactions", (*headings, *(["#charge"] if with_ids else [])), rows)
