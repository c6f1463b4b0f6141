"""Merchants' names as people know them, made of what networks write: a pure function of a text."""

import re
from functools import lru_cache
from unicodedata import normalize

from chassis.kernel.events import value
from services.accounts.domain.transactions.merchant_words import (
    ABBREVIATIONS,
    BRANDS,
    CITIES,
    CUT_COMPANY_FORMS,
    FACILITATORS,
    KNOWN,
    NOT_BEFORE_A_CITY,
    SMALL_WORDS,
    STORE_WORDS,
    WORDS_ENDING_A_NAME,
)

NAMES_REMEMBERED = 16_384
CUT_OFF_AT = 18
"""Networks cut names off at 18 to 25 characters; from here on the last word may be half a word."""
REFERENCE_DIGITS = 4
"""A word with so many digits is a reference, not a name."""
STORE_NUMBER_DIGITS = 3
STEPS_LIMIT = 6
"""So many words are taken off the end of a name at most."""


@value
class MerchantName:
    """A cleaned name, and who took the payment for the merchant (`PayPal`), empty if nobody."""

    name: str
    facilitator: str = ""


_BRANDS = tuple((re.compile(pattern), name) for pattern, name in BRANDS)
_FACILITATORS = tuple((re.compile(pattern), name) for pattern, name in FACILITATORS)
_WEB = re.compile(r"^(?:https?://(?:www[. ]+)?|www[. ]+)")
_DOMAIN = re.compile(
    r"(?<=\w)(?:\.(?:co|gov|org|ac|uk|eu))?\.(?:com?|net|org|gov|uk?|eu|couk|c)?(?=[ /]|$).*"
)
_ODD_END = re.compile(r"[ ,.:;*#/_&(-]+$")
_SPACES = re.compile(r"\s+")
_PART = re.compile(r"[^\W_]+(?:['’]\w+)?|[\W_]+")
_INITIALS = re.compile(r"^[bcdfghjklmnpqrstvwxz]{2,3}$")


@lru_cache(NAMES_REMEMBERED)
def clean(raw: str) -> MerchantName:
    """The name in a text of a network; never empty unless the text is."""
    told = _SPACES.sub(" ", normalize("NFKC", raw)).strip()
    is_cased = told != told.upper() and told != told.lower()
    facilitator, rest = _without_facilitator(told)
    brand = _brand(rest)
    if brand:
        return MerchantName(name=brand, facilitator=facilitator)
    name = _without_web(rest)
    name = _without_end(name, is_cut=len(told) >= CUT_OFF_AT)
    if not any(each.isalnum() for each in name):
        name = rest or told
    return MerchantName(name=name if is_cased else _title(name), facilitator=facilitator)


def _without_facilitator(text: str) -> tuple[str, str]:
    lower = text.lower()
    for pattern, name in _FACILITATORS:
        found = pattern.match(lower)
        rest = text[found.end() :].strip(" *-") if found else ""
        # What is left has to be a name: `SP 12` is nobody's.
        if found and sum(each.isalpha() for each in rest) > 2:
            return name, rest
    return "", text


def _brand(text: str) -> str:
    lower = text.lower()
    for pattern, name in _BRANDS:
        if pattern.fullmatch(lower):
            return name
    return ""


def _without_web(text: str) -> str:
    lower = text.lower()
    start = _WEB.match(lower)
    name = text[start.end() :] if start else text
    bare = _DOMAIN.sub("", name.lower())
    return name[: len(bare)] if len(bare) > 1 else name


def _without_end(text: str, *, is_cut: bool) -> str:
    """Without references, store numbers, company forms, countries and cities behind the name."""
    words = text.split(" ")
    for place, word in enumerate(words[1:], start=1):
        if _is_reference(word):
            words = words[:place]
            break
    for _ in range(STEPS_LIMIT):
        if len(words) > 1 and _ends_a_name(words, is_cut):
            words = words[:-1]
    return _ODD_END.sub("", " ".join(words))


def _is_reference(word: str) -> bool:
    digits = sum(each.isdigit() for each in word)
    return digits >= REFERENCE_DIGITS and len(word) > REFERENCE_DIGITS


def _ends_a_name(words: list[str], is_cut: bool) -> bool:
    last = words[-1].lower().strip(",-*:;.") or "-"
    before = words[-2].lower()
    if last == "-" or last in WORDS_ENDING_A_NAME or words[-1].lower() in WORDS_ENDING_A_NAME:
        return True
    if is_cut and last in CUT_COMPANY_FORMS:
        return True
    if last.isdigit():
        return len(last) >= STORE_NUMBER_DIGITS or before in STORE_WORDS
    if last in STORE_WORDS:
        return last in {"no", "no.", "#", "stores", "unit", "branch", "site"}
    return last in CITIES and before not in NOT_BEFORE_A_CITY


def _title(text: str) -> str:
    words = text.lower().split(" ")
    return " ".join(_cased(word, first=place == 0) for place, word in enumerate(words))


def _cased(word: str, *, first: bool) -> str:
    if word in SMALL_WORDS and not first:
        return word
    return "".join(_part_cased(each) for each in _PART.findall(word))


def _part_cased(part: str) -> str:
    if part in KNOWN:
        return KNOWN[part]
    if part in ABBREVIATIONS or _INITIALS.match(part):
        return part.upper()
    return part[:1].upper() + part[1:]
