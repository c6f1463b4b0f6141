"""Messages worded from templates: two languages, a subject and a text that is also laid out as
HTML, and a version that is the hash of every word."""

import re
import unicodedata
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from chassis.amounts import written
from chassis.kernel.money import Money
from services.notify.domain.events import ChangedTerm, Details, Locale, Template

FOLDER = Path(__file__).parent / "templates"
FORMS = ("subject", "txt")
LAYOUTS = ("txt", "html")
LAST_DIGITS = 4
BLANK_LINES = re.compile(r"\n\s*\n")
TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What turns the direction in which the words that follow are shown."""
BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who writes: what letters must say of the house. What is empty is left out."""

    name: str = ""
    address: str = ""
    telephone: str = ""
    supervisor: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in one language. `version` is SHA-256 of everything it was worded by."""

    subject: str
    text: str
    html: str
    version: str


class Templates:
    """The templates of a folder: `<template>/<locale>.{subject,txt}.j2`, the words they share in
    `words/<locale>.j2`, and what is around every text in `layout/<locale>.{txt,html}.j2`."""

    def __init__(self, folder: Path = FOLDER, issuer: Issuer | None = None) -> None:
        self._folder = folder
        self._issuer = issuer or Issuer()
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(folder),
            autoescape=lambda name: bool(name and name.endswith(".html.j2")),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
        )
        self._environment.filters.update(
            money=_money, day=_day, date=_date, card=_card, percent=_percent, figure=_figure
        )
        self._version = cache(self._read_version)

    def render(self, template: Template, locale: Locale, details: Details) -> Rendered:
        """Word a message. Raises jinja2's errors when a template is at fault."""
        known = {each.name: _plain(getattr(details, each.name)) for each in fields(details)}
        known |= {"locale": locale, "issuer": self._issuer}
        subject, body = (
            self._environment.get_template(f"{template}/{locale}.{form}.j2").render(known)
            for form in FORMS
        )
        # A subject is one line, whatever a merchant is called.
        line = " ".join(subject.split())
        laid = {
            "subject": line,
            "paragraphs": BLANK_LINES.split(body.strip()),
            "issuer": self._issuer,
        }
        text, html = (
            self._environment.get_template(f"layout/{locale}.{layout}.j2").render(laid)
            for layout in LAYOUTS
        )
        return Rendered(line, text, html, self.version(template, locale))

    def version(self, template: Template, locale: Locale) -> str:
        """SHA-256 of everything that words a message, hexadecimal."""
        return self._version(template, locale)

    def _read_version(self, template: Template, locale: Locale) -> str:
        sources = [self._folder / template / f"{locale}.{form}.j2" for form in FORMS]
        sources += [self._folder / "layout" / f"{locale}.{layout}.j2" for layout in LAYOUTS]
        sources.append(self._folder / "words" / f"{locale}.j2")
        digest = sha256()
        contents = [source.read_bytes() for source in sources]
        for content in (*contents, *(each.encode() for each in astuple(self._issuer))):
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()


def _plain(given: Any) -> Any:
    """A text of others on one line, and showing what it says: a merchant who is called several
    lines, or a terminal's command, is not let into the words of the house."""
    if not isinstance(given, str):
        return given
    shown = (" " if unicodedata.category(each) in BREAKS else each for each in TURNS.sub("", given))
    return " ".join("".join(shown).split())


def _language(context: Context) -> str:
    return str(context["locale"]).replace("-", "_")


@pass_context
def _money(context: Context, amount: Money | None) -> str:
    """An amount as people of the language write it; empty when there is none."""
    if amount is None:
        return ""
    return written(amount.minor_units, amount.currency, _language(context))


@pass_context
def _day(context: Context, instant: datetime) -> str:
    """A day and time in UTC as people of the language write it."""
    language = _language(context)
    return format_datetime(instant.astimezone(UTC), _PATTERNS[language], locale=language)


_PATTERNS = {"en": "d MMMM y, HH:mm 'UTC'", "zh_CN": "y年M月d日 HH:mm (UTC)"}


@pass_context
def _date(context: Context, day: date | None) -> str:
    """A business date as people of the language write it; empty when there is none."""
    if day is None:
        return ""
    language = _language(context)
    return format_date(day, _DATES[language], locale=language)


_DATES = {"en": "d MMMM y", "zh_CN": "y年M月d日"}


@pass_context
def _percent(context: Context, basis_points: int) -> str:
    """A rate with its two decimals."""
    value = Decimal(basis_points).scaleb(-2)
    return format_decimal(value, format="0.00", locale=_language(context)) + "%"


@pass_context
def _figure(context: Context, figure: int, of: ChangedTerm) -> str:
    """A figure of a changed term by its unit."""
    is_english = _language(context) != "zh_CN"
    match of.unit:
        case "BASIS_POINTS":
            return _percent(context, figure)
        case "MINOR_UNITS" if of.currency:
            return _money(context, Money(figure, of.currency))
        case "DAYS":
            return f"{figure} days" if is_english else f"{figure}天"
        case "YES_NO":
            return ("no", "yes")[figure != 0] if is_english else ("否", "是")[figure != 0]
    return str(figure)


@pass_context
def _card(context: Context, last_four: str) -> str:
    """A card by its last four digits, never more of its number."""
    digits = last_four[-LAST_DIGITS:]
    return digits if _language(context) == "zh_CN" else f"ending {digits}"
