"""A year of published card transactions as a network would clear it: cards, charges, files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from chassis.kernel import ids
from chassis.kernel.events import Command
from chassis.kernel.money import Money
from chassis.testing.harness import TestNode
from demo.rows import HOME_COUNTRY, HOME_CURRENCY, Row
from services.accounts.domain.account.commands import AuthoriseCharge, NewCard, OpenAccount
from services.accounts.domain.card_place import PlaceCard
from services.accounts.domain.pan import ClaimPan, generate
from services.accounts.domain.programme import DefineProgramme
from services.accounts.domain.values import CardKind, EntryMode, Merchant, Terms, authorisation_code
from services.accounts.tests.clearing_files import csv_file, iso8583_file, record
from services.accounts.use_cases.accounts import PAN_PURPOSE

PROGRAMME = "purchase-card"
BIN = "400012"
LIMIT_MINOR = 10**12
SOURCE = "network"
COMMANDS_AT_ONCE = 100
"""Commands of one unit of work."""
FILES = 12
"""So many files in a delivery."""
NAMED, CODED, ALIKE, UNKNOWN = range(4)
"""How much a purchase's record tells of its authorisation: its charge, its code, nothing; of the
last kind there is none."""
TERMS = Terms(
    currency=HOME_CURRENCY,
    bin=BIN,
    default_limit_minor=LIMIT_MINOR,
    hold_lifetime_hours=720,
    card_validity_months=36,
)


@dataclass(frozen=True)
class Delivery:
    """A file as it is handed over; `iso8583` says how it is written."""

    name: str
    iso8583: bool
    content: bytes


def key_of(row: Row) -> str:
    """The key under which the record of a row is posted."""
    return ids.derive("clearing record", SOURCE, row.id)


def account_of(row: Row) -> str:
    """The account of the row's card."""
    return ids.derive("clearing year", "account", row.card)


def _card_of(row: Row) -> str:
    return ids.derive("clearing year", "card", row.card)


def _charge_of(row: Row) -> str:
    return ids.derive("clearing year", "charge", row.id)


def _told(row: Row) -> int:
    return UNKNOWN if row.refund else int(row.id[:8], 16) % 4


def _merchant(row: Row) -> Merchant:
    return Merchant(id=row.merchant_id, name=_name(row), mcc=row.mcc, country=_country(row))


def _name(row: Row) -> str:
    """Half of the files are ASCII, and a record is the same in all of them."""
    return row.merchant.encode("ascii", "replace").decode()


def _country(row: Row) -> str:
    return "" if row.foreign else HOME_COUNTRY


class Year:
    """The rows, and the numbers of their cards."""

    def __init__(self, rows: Sequence[Row], seed: int) -> None:
        self.rows = rows
        self._random = Random(seed)
        self._numbers = {
            card: generate(BIN, self._random) for card in sorted({row.card for row in rows})
        }

    async def open(self, node: TestNode) -> Iterator[Sequence[Command]]:
        """Units of work: the programme, and an account with a card for each card ending."""
        keys, first = node.ports.keys, {row.card: row for row in self.rows}
        commands: list[Command] = [
            DefineProgramme(programme_id=PROGRAMME, name="Purchase card", terms=TERMS)
        ]
        for card, number in self._numbers.items():
            row = first[card]
            account_id, card_id = account_of(row), _card_of(row)
            customer_id = ids.derive("clearing year", "customer", card)
            pan_hash = keys.lookup_hash(PAN_PURPOSE, number.encode())
            sealed = await keys.seal(
                f"customer:{customer_id}", PAN_PURPOSE, number.encode(), card_id
            )
            where = {"account_id": account_id, "customer_id": customer_id}
            commands += [
                ClaimPan(
                    pan_hash=pan_hash,
                    sealed_pan=sealed,
                    card_id=card_id,
                    last_four=number[-4:],
                    **where,
                ),
                PlaceCard(card_id=card_id, pan_hash=pan_hash, **where),
                OpenAccount(
                    programme_id=PROGRAMME,
                    programme_version=1,
                    terms=TERMS,
                    limit=Money(LIMIT_MINOR, HOME_CURRENCY),
                    card=NewCard(card_id=card_id, last_four=number[-4:], kind=CardKind.VIRTUAL),
                    account_id=where["account_id"],
                    customer_id=where["customer_id"],
                ),
            ]
        return _units(commands)

    def authorise(self) -> Iterator[Sequence[Command]]:
        """Units of work: three of four purchases are authorised before they are cleared."""
        return _units(
            [
                AuthoriseCharge(
                    account_id=account_of(row),
                    charge_id=_charge_of(row),
                    card_id=_card_of(row),
                    amount=Money(row.amount_minor, row.currency),
                    merchant=_merchant(row),
                    entry_mode=EntryMode.CHIP,
                    transaction_date=row.transaction_at.date(),
                    transaction_at=row.transaction_at,
                )
                for row in self.rows
                if _told(row) != UNKNOWN
            ]
        )

    def deliveries(self) -> list[Delivery]:
        """The year twice: in its order, and shuffled between other files, in turns; each file
        handed over twice, and one a third time under another name."""
        ordered = sorted(self.rows, key=lambda row: (row.posted_on, row.id))
        shuffled = list(ordered)
        self._random.shuffle(shuffled)
        made = []
        for number, (plain, mixed) in enumerate(
            zip(_parts(ordered), _parts(shuffled), strict=True), 1
        ):
            made += [
                self._delivery(f"ordered-{number:02}", number % 2 == 0, plain),
                self._delivery(f"shuffled-{number:02}", number % 2 == 1, mixed),
            ]
        renamed = Delivery("another-name", made[4].iso8583, made[4].content)
        return [each for pair in zip(made, made, strict=True) for each in pair] + [renamed]

    def _delivery(self, reference: str, iso8583: bool, rows: Sequence[Row]) -> Delivery:
        write = iso8583_file if iso8583 else csv_file
        content = write((self._record(row) for row in rows), reference, SOURCE)
        return Delivery(f"{reference}.{'iso' if iso8583 else 'csv'}", iso8583, content)

    def _record(self, row: Row) -> dict[str, str]:
        told = _told(row)
        foreign = row.foreign and told == UNKNOWN
        return record(
            row.id,
            row.amount_minor,
            kind="refund" if row.refund else "charge",
            card=self._numbers[row.card],
            charge_id=_charge_of(row) if told == NAMED else "",
            authorisation_code=authorisation_code(_charge_of(row)) if told == CODED else "",
            currency=row.currency,
            original_minor=row.original_minor if foreign else "",
            original_currency=row.original_currency if foreign else "",
            merchant_id=row.merchant_id,
            merchant_name=_name(row),
            mcc=row.mcc,
            country=_country(row),
            transaction_date=row.transaction_at.date().isoformat(),
            posting_date=row.posted_on.isoformat(),
        )


def days_of(rows: Sequence[Row]) -> list[str]:
    """Every day from the first posting to the last, YYYY-MM-DD."""
    day, last, days = min(r.posted_on for r in rows), max(r.posted_on for r in rows), []
    while day <= last:
        days.append(day.isoformat())
        day += timedelta(days=1)
    return days


def _units(commands: Sequence[Command]) -> Iterator[Sequence[Command]]:
    for start in range(0, len(commands), COMMANDS_AT_ONCE):
        yield commands[start : start + COMMANDS_AT_ONCE]


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    size = -(-len(rows) // FILES)
    for number in range(FILES):
        yield rows[number * size : (number + 1) * size]
