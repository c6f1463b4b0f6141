"""Messages worded from templates: two languages, three forms, and a version that is their hash."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from babel.dates import format_datetime
from jinja2 import FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from chassis.amounts import written
from chassis.kernel.money import Money
from services.notify.domain.events import Details, Locale, Template

FOLDER = Path(__file__).parent / "templates"
FORMS = ("subject", "txt", "html")
LAST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in one language. `version` is SHA-256 of the templates it was worded by."""

    subject: str
    text: str
    html: str
    version: str


class Templates:
    """The templates of a folder: `<template>/<locale>.{subject,txt,html}.j2`."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(folder),
            autoescape=lambda name: bool(name and name.endswith(".html.j2")),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
        )
        self._environment.filters.update(money=_money, day=_day, card=_card)
        self._version = cache(self._read_version)

    def render(self, template: Template, locale: Locale, details: Details) -> Rendered:
        """Word a message. Raises jinja2's errors when a template is at fault."""
        known = {
            "locale": locale,
            "amount": details.amount,
            "merchant": details.merchant,
            "last_four": details.last_four,
            "reason": details.reason,
            "happened_at": details.happened_at,
        }
        subject, text, html = (
            self._environment.get_template(f"{template}/{locale}.{form}.j2").render(known)
            for form in FORMS
        )
        # A subject is one line, whatever a merchant is called.
        return Rendered(" ".join(subject.split()), text, html, self.version(template, locale))

    def version(self, template: Template, locale: Locale) -> str:
        """SHA-256 of everything that words a message, hexadecimal."""
        return self._version(template, locale)

    def _read_version(self, template: Template, locale: Locale) -> str:
        sources = [self._folder / template / f"{locale}.{form}.j2" for form in FORMS]
        sources.append(self._folder / "layout" / f"{locale}.html.j2")
        digest = sha256()
        for source in sources:
            content = source.read_bytes()
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()


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
def _card(context: Context, last_four: str) -> str:
    """A card by its last four digits, never more of its number."""
    digits = last_four[-LAST_DIGITS:]
    return digits if _language(context) == "zh_CN" else f"ending {digits}"
