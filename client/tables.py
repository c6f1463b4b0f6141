"""How answers look on a terminal."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.type.v1 import money_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table
from rich.text import Text

from chassis.kernel.money import decimals_of

PARAGRAPH_COLUMNS = 4
"""Narrower tables stay tables: of two columns, the first says what the second is."""
TITLE_WIDTH = 110
"""A table is as wide as its title, up to this, so that a title stands in one line."""
STAFF: dict[str, str] = {}
"""Identity id → name, of those who log in on this machine; known as soon as a session is open."""


def who(actor: str) -> str:
    """`operator:0ac2…` → `second-operator`, where it is somebody of this machine."""
    return STAFF.get(actor.rpartition(":")[2], actor)


def money(amount: money_pb2.Money) -> str:
    """An amount as people write it, with the decimals of its currency: `1,250 JPY`."""
    decimals = decimals_of(amount.currency_code)
    value = Decimal(amount.minor_units).scaleb(-decimals)
    return f"{value:,.{decimals}f} {amount.currency_code}".strip()


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


class Fitted(Table):
    """A table that is read on a narrow terminal too: there, each row is a paragraph of its own."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if len(self.columns) < PARAGRAPH_COLUMNS or self._least_width() <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        yield Text(str(self.title), style="italic")
        for row in zip(*(column.cells for column in self.columns), strict=True):
            paragraph = Table.grid(padding=(0, 2))
            for column, cell in zip(self.columns, row, strict=True):
                if str(cell):
                    paragraph.add_row(Text(str(column.header), style="bold"), cell)
            yield paragraph
            yield Text()

    def _least_width(self) -> int:
        """Below it, ids and figures are cut off and words are broken."""
        frame = 3 * len(self.columns) + 1
        return frame + sum(_least_width_of(each) for each in self.columns)


def _least_width_of(column: Column) -> int:
    texts = [str(cell) for cell in column.cells]
    parts = texts if column.no_wrap else [word for text in texts for word in text.split()]
    return max(cell_len(each) for each in (*str(column.header).split(), *parts, ""))


def table(title: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """A table; headings that begin with `>` are columns of figures, those with `#` hold ids, which
    are shown whole however narrow the terminal is."""
    made = Fitted(title=title, title_justify="left", min_width=min(len(title), TITLE_WIDTH))
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
