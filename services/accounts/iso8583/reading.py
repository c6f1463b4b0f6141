"""From the fields of a message to the values of the domain. What does not fit raises Malformed."""

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from chassis.kernel import ids
from chassis.kernel.money import Money
from services.accounts.domain.values import EntryMode, Merchant, Original
from services.accounts.iso8583.message import MAC_FIELDS, Malformed, Message
from services.accounts.use_cases.card_values import BY_ENTRY_MODE, ServiceCode

FUTURE_TOLERANCE = timedelta(days=1)
"""So far a date without a year may lie ahead of us: clocks differ, and so do time zones."""
RETURN = "20"
"""Processing code: goods that come back."""
NAME_CHARACTERS = 22
"""Of field 43, the name; then follow 13 of the place, 3 of the state, 2 of the country."""
CARD_VALUE = "92"
"""Element of field 48: the value printed on the card (CVV2), as whoever pays says it."""
PRE_AUTHORISATION = "06"
"""Point of service condition (field 25): a pre-authorised request, whose final amount is open."""

ENTRY_MODES: Mapping[str, EntryMode] = {
    "01": EntryMode.MANUAL,
    "02": EntryMode.MAGNETIC_STRIPE,
    "05": EntryMode.CHIP,
    "07": EntryMode.CONTACTLESS,
    "10": EntryMode.CREDENTIAL_ON_FILE,
    "80": EntryMode.MAGNETIC_STRIPE,
    "81": EntryMode.ECOMMERCE,
    "90": EntryMode.MAGNETIC_STRIPE,
    "91": EntryMode.CONTACTLESS,
    "95": EntryMode.CHIP,
}
"""By the first two digits of field 22; all others say nothing that we could use."""


_TRACK = re.compile(
    "[0-9]+[=D](?P<expiry>[0-9]{4})(?P<service>[0-9]{3})?(?:[0-9]{5}(?P<value>[0-9]{3}))?.*"
)
_PRINTED = re.compile("[0-9]{3}")


@dataclass(frozen=True, slots=True)
class Trace:
    """Who sent what, when, under which number: what names a message, and what it began."""

    gateway: str
    acquirer: str
    number: str
    sent_at: datetime

    @property
    def id(self) -> str:
        """The business id of what the message brings about."""
        sent = self.sent_at.isoformat()
        return ids.derive("iso8583", self.gateway, self.acquirer, self.number, sent)


class Reading:
    """What one message says, read at one moment by one gateway's rules. `there` is what the clock
    of the account's programme shows, once it is known whose card it is."""

    def __init__(
        self, message: Message, gateway: str, now: datetime, currencies: Mapping[str, str]
    ) -> None:
        self.message = message
        self.gateway = gateway
        self.now = now
        self.there = now
        self._currencies = currencies
        self.trace = Trace(
            gateway, _institution(message.get(32)), message[11], self._instant(message[7], 7)
        )

    def malformed(self, why: str, field: int) -> Malformed:
        """That a field says what it cannot."""
        return Malformed(why, field, self.message.mti, self.message.fields)

    # Identity ------------------------------------------------------------------------------------

    @property
    def number(self) -> str:
        """The card number, from field 2 or track 2."""
        track = re.split("[=D]", self.message.get(35), maxsplit=1)[0]
        number = self.message.get(2) or track
        if track and track != number:
            raise self.malformed("track 2 is of another card", 35)
        return number

    @property
    def expiry(self) -> str:
        """The expiry of the card, YYMM, from field 14 or track 2; empty without."""
        told, track = self.message.get(14), _TRACK.fullmatch(self.message.get(35))
        expiry = told or (track["expiry"] if track else "")
        if expiry and not "01" <= expiry[2:] <= "12":
            raise self.malformed("there is no such month", 14 if told else 35)
        if told and track and track["expiry"] != told:
            raise self.malformed("track 2 says another expiry", 35)
        return expiry

    @property
    def value(self) -> tuple[str, str]:
        """The verification value that is passed and the service code it is made with: of track 2
        behind five digits of a PIN's, else the printed one from field 48; empty without."""
        track = _TRACK.fullmatch(self.message.get(35))
        code = BY_ENTRY_MODE.get(self.entry_mode)
        if track and track["value"] and code is not None:
            return track["value"], track["service"] if code is ServiceCode.STRIPE else code
        printed = elements(self.message.get(48)).get(CARD_VALUE, "")
        return (printed, ServiceCode.PRINTED) if _PRINTED.fullmatch(printed) else ("", "")

    @property
    def original(self) -> Trace | None:
        """The message that this one is about, by field 90."""
        named = self.message.get(90)
        if not named:
            return None
        sent_at = self._instant(named[10:20], 90)
        return Trace(self.gateway, _institution(named[20:31]), named[4:10], sent_at)

    def reference(self, account_id: str) -> str:
        """Under what a charge is found again by its retrieval reference; empty without one."""
        reference = self.message.get(37)
        if not reference:
            return ""
        acquirer = self.trace.acquirer
        return ids.derive("iso8583 reference", self.gateway, acquirer, reference, account_id)

    @property
    def key(self) -> str:
        """The idempotency key: a message that is repeated has the same."""
        kept = (self.message.kind, self.trace.id, self.message.get(37), self.message.get(90))
        return f"iso8583:{ids.derive(*kept)}"

    @property
    def content_hash(self) -> bytes:
        """SHA-256 of what a repetition has in common with the first: all but its authentication."""
        fields = sorted(self.message.fields.items())
        said = [self.message.kind, *(pair for pair in fields if pair[0] not in MAC_FIELDS)]
        return sha256(json.dumps(said).encode()).digest()

    # Time ----------------------------------------------------------------------------------------

    @property
    def day(self) -> date:
        """The business date: where the card was used, else the programme's as transmitted."""
        local = self.message.get(13)
        if local:
            return self._day(local, 13)
        return self.trace.sent_at.astimezone(self.there.tzinfo).date()

    @property
    def posting_day(self) -> date:
        """When it is settled, else the programme's today."""
        settled = self.message.get(15)
        return self._day(settled, 15) if settled else self.there.date()

    def _day(self, text: str, field: int) -> date:
        return self._instant(f"{text}000000", field).date()

    def _instant(self, text: str, field: int) -> datetime:
        """MMDDhhmmss in the last year in which that was not still to come."""
        latest = self.now + FUTURE_TOLERANCE
        for year in (latest.year, latest.year - 1):
            try:
                found = datetime.strptime(f"{year}{text}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            except ValueError:
                # No day of this year: 29 February is one of the year before, or of none.
                continue
            if found <= latest:
                return found
        raise self.malformed("there is no such time", field)

    # Amounts -------------------------------------------------------------------------------------

    def amount(self) -> tuple[Money, Original | None]:
        """What is asked for in billing currency, and in the merchant's where that is another."""
        asked = self._money(4, 49)
        if not self.message.get(6):
            return asked, None
        billed = self._money(6, 51)
        if billed.currency == asked.currency:
            return billed, None
        settled = self._money(5, 50) if self.message.get(5) else None
        return billed, Original(amount=asked, rate=self._rate(), settlement=settled)

    def _money(self, amount: int, currency: int) -> Money:
        code = self._currencies.get(self.message.get(currency))
        if code is None:
            raise self.malformed("there is no such currency", currency)
        return Money(int(self.message[amount]), code)

    def numeric(self, currency: str) -> str:
        """The number of a currency, for an answer."""
        return next(number for number, code in self._currencies.items() if code == currency)

    def _rate(self) -> str:
        """Field 10: how many of the seven digits that follow are decimal places, then these."""
        text = self.message.get(10)
        if not text or int(text) == 0:
            raise self.malformed("another currency comes with its rate", 10)
        places, digits = int(text[0]), text[1:].zfill(10)
        whole, part = digits[: 10 - places], digits[10 - places :].rstrip("0")
        return str(int(whole)) + (f".{part}" if part else "")

    def replaced(self, amount_minor: int) -> int | None:
        """What remains of an amount after a partial reversal, None where nothing does.

        Field 95 begins with the actual amount in the currency of field 4; in another currency than
        the account's, the same part of the billed amount remains.
        """
        text = self.message.get(95)
        if not text:
            return None
        actual, asked = text[:12], int(self.message[4])
        if not actual.isdigit() or int(actual) > asked:
            raise self.malformed("a replacement is an amount, and less than what it replaces", 95)
        if int(actual) == 0:
            return None
        return round(Fraction(amount_minor * int(actual), asked))

    def approved_in_part(self, billed_minor: int) -> dict[int, str]:
        """The fields that say how much of it is approved, given that amount as it is billed."""
        if not self.message.get(6):
            return {4: f"{billed_minor:012d}", 49: self.message[49]}
        billed, asked = int(self.message[6]), int(self.message[4])
        part = asked * billed_minor // billed if billed else 0
        return {4: f"{part:012d}", 6: f"{billed_minor:012d}", 51: self.message[51]}

    # The purchase --------------------------------------------------------------------------------

    @property
    def processing(self) -> str:
        """What kind of transaction it is: the first two digits of the processing code."""
        return self.message[3][:2]

    @property
    def merchant(self) -> Merchant:
        """Where the card is used."""
        place = self.message.get(43)
        id = self.message.get(42).strip()
        country = place[38:40]
        return Merchant(
            id=id,
            name=place[:NAME_CHARACTERS].strip() or id or self.message.get(41).strip() or "-",
            mcc=self.message.get(18),
            country=country if country.isalpha() and country.isupper() else "",
        )

    @property
    def entry_mode(self) -> EntryMode:
        """How the number was taken."""
        return ENTRY_MODES.get(self.message.get(22)[:2], EntryMode.UNSPECIFIED)

    @property
    def estimated(self) -> bool:
        """Whether the final amount is open still."""
        return self.message.get(25) == PRE_AUTHORISATION

    @property
    def partial_approvals(self) -> bool:
        """Whether the merchant takes less than it asks for: field 48, element 61, first digit 1."""
        return elements(self.message.get(48)).get("61", "")[:1] == "1"


def elements(text: str) -> dict[str, str]:
    """The elements of field 48: two digits of name, two of length, the content; up to the first
    that is none, as other networks fill this field otherwise."""
    found: dict[str, str] = {}
    place = 0
    while len(text) >= place + 4 and text[place : place + 4].isdigit():
        end = place + 4 + int(text[place + 2 : place + 4])
        found[text[place : place + 2]] = text[place + 4 : end]
        place = end
    return found


def load_currencies(path: Path) -> dict[str, str]:
    """Numeric code → alphabetic code of every currency in use, from the table of ISO 4217."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["WithdrawalDate"]]
    return {row["NumericCode"]: row["AlphabeticCode"] for row in rows if row["NumericCode"]}


def _institution(code: str) -> str:
    # In field 90 it stands in eleven digits, filled with zeros; elsewhere in as few as it has.
    return code.lstrip("0")
