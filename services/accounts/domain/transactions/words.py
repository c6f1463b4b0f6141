"""Texts as words to search by: folded, Chinese and its like cut into pairs, amounts and dates as
marks. Lines and queries go through the same functions, so they meet."""

import re
from datetime import date
from decimal import Decimal
from unicodedata import combining, normalize

from chassis.kernel.money import decimals_of

WORD_LENGTH_LIMIT = 48
WORDS_LIMIT = 64
"""So many words of one text are taken; nobody has a longer merchant's name or note."""
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(f"[{_CJK}]+|[^\\W_{_CJK}]+")
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_IS_CJK = re.compile(f"[{_CJK}]")


def fold(text: str) -> str:
    """Without accents, case and compatibility forms: `Café` and `CAFE` are the same."""
    plain = normalize("NFKD", text.casefold())
    if not plain.isascii():
        plain = normalize("NFC", "".join(each for each in plain if not combining(each)))
    return _APOSTROPHE.sub("", plain)


def is_cjk(word: str) -> bool:
    """Whether a word is of a script that puts no spaces between words."""
    return bool(_IS_CJK.match(word))


def tokens(text: str) -> list[str]:
    """The words of a text, folded; a run of Chinese characters is one."""
    return [each[:WORD_LENGTH_LIMIT] for each in _TOKEN.findall(fold(text))][:WORDS_LIMIT]


def words(text: str) -> list[str]:
    """The words of a text as they are indexed: of a run of Chinese characters each pair and the
    last character alone, so that any part of it is found."""
    found: list[str] = []
    for token in tokens(text):
        found += [*pairs(token), token[-1]] if is_cjk(token) else [token]
    return found[:WORDS_LIMIT]


def phrase(text: str) -> tuple[str, ...]:
    """The words of a text as they are asked for: of a run of Chinese characters its pairs, of a
    single one itself."""
    found: list[str] = []
    for token in tokens(text):
        found += (pairs(token) or [token]) if is_cjk(token) else [token]
    return tuple(found)


def pairs(run: str) -> list[str]:
    """Each two neighbours of a run of characters."""
    return [run[place : place + 2] for place in range(len(run) - 1)]


def amount_marks(minor_units: int, currency: str) -> tuple[str, str]:
    """What an amount is found by: exactly (`v:12.5`) and by its whole units (`w:12`)."""
    scale = 10 ** decimals_of(currency)
    whole, part = divmod(abs(minor_units), scale)
    return exact_mark(Decimal(whole) + Decimal(part) / scale), f"w:{whole}"


def exact_mark(amount: Decimal) -> str:
    """The mark of an exact amount: 12.50 and 12.5 are the same."""
    text = f"{amount:f}"
    return f"v:{text.rstrip('0').rstrip('.') if '.' in text else text}"


def day_marks(iso: str) -> tuple[str, ...]:
    """What a day (YYYY-MM-DD) is found by: day, day of any year, month, month of any year, year."""
    if len(iso) != len("2026-01-05"):
        return ()
    year, month, day = iso[:4], iso[5:7], iso[8:]
    return (
        f"d:{year}{month}{day}",
        f"e:{month}{day}",
        f"m:{year}{month}",
        f"n:{month}",
        f"y:{year}",
    )


def day_mark(year: int, month: int, day: int) -> str:
    """The mark of a day, empty if there is no such day. Year 0 is any year."""
    try:
        date(year or 2024, month, day)
    except ValueError:
        return ""
    return f"d:{year:04}{month:02}{day:02}" if year else f"e:{month:02}{day:02}"


def month_number(word: str) -> int:
    """1 to 12 for the English name of a month or its first three letters; 0 for any other word."""
    for number, name in enumerate(MONTHS, start=1):
        if word == name or (len(word) == 3 and name.startswith(word)) or word == "sept" == name[:4]:
            return number
    return 0
