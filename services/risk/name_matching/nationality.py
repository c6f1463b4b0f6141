"""Countries as lists write them, in English, against ISO 3166 codes."""

from collections.abc import Iterable
from functools import cache

from anyascii import anyascii
from babel import Locale

from services.risk.domain.screening.values import Agreement

OTHERWISE = {
    "burma": "MM",
    "democratic republic of the congo": "CD",
    "congo, democratic republic of the": "CD",
    "democratic people's republic of korea": "KP",
    "korea, north": "KP",
    "korea, south": "KR",
    "iran (islamic republic of)": "IR",
    "syrian arab republic": "SY",
    "russian federation": "RU",
    "libyan arab jamahiriya": "LY",
    "united republic of tanzania": "TZ",
    "turkey": "TR",
    "cote d'ivoire": "CI",
    "the gambia": "GM",
    "united states of america": "US",
    "united kingdom of great britain and northern ireland": "GB",
    "the netherlands": "NL",
    "czech republic": "CZ",
    "china, people's republic of": "CN",
    "viet nam": "VN",
    "west bank": "PS",
    "palestinian": "PS",
}


def nationality_agreement(code: str, listed: Iterable[str]) -> Agreement:
    """Whether a country is among those of an entry; unknown when the entry names none we know."""
    found = {country for each in listed if (country := country_of(each))}
    if not found:
        return Agreement.UNKNOWN
    return Agreement.AGREES if code in found else Agreement.DIFFERS


def country_of(written: str) -> str:
    """The code of a country written in English, or as its code; empty when nobody knows it."""
    text = written.strip()
    if len(text) == 2 and text.isalpha():
        return text.upper()
    return _codes().get(_folded(text), "")


@cache
def _codes() -> dict[str, str]:
    territories = Locale("en").territories
    named = {_folded(str(n)): str(code) for code, n in territories.items() if len(str(code)) == 2}
    return {**named, **OTHERWISE}


def _folded(text: str) -> str:
    return anyascii(text).casefold().replace("\u2019", "'").strip()
