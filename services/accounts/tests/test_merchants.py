"""Merchants' names as networks write them, and as people know them."""

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.transactions.merchants import clean

DATA = Path(__file__).resolve().parents[3] / "data" / "purchase_cards"


@pytest.mark.parametrize(
    ("raw", "name", "facilitator"),
    [
        ("TESCO STORES 6025 LONDON GB", "Tesco", ""),
        ("TESCO STORES 6025", "Tesco", ""),
        ("tesco pay at pump 4003", "Tesco Petrol", ""),
        ("SQ *BLUE BOTTLE COFFEE", "Blue Bottle Coffee", "Square"),
        ("PAYPAL *STEAM GAMES", "Steam Games", "PayPal"),
        ("paypal rompa ltd", "Rompa", "PayPal"),
        ("AMZN Mktp UK*2H4J07", "Amazon Marketplace", ""),
        ("amzn mktp ukmz6fb9ae4", "Amazon Marketplace", ""),
        ("amazon.co.ukmz1xv2k04", "Amazon", ""),
        ("amazon primemz4g49tn4", "Amazon Prime", ""),
        ("iz spa town coffee", "Spa Town Coffee", "Zettle"),
        ("wp-cjm music ltd", "CJM Music", "Worldpay"),
        ("halfords 0568", "Halfords", ""),
        ("the entertainer 14", "The Entertainer 14", ""),
        ("homebase ltd 306", "Homebase", ""),
        ("boots birmingham", "Boots", ""),
        ("university of birmingham", "University of Birmingham", ""),
        ("holiday inn york", "Holiday Inn York", ""),
        ("www.ironmongerydirect.", "Ironmongerydirect", ""),
        ("www.primrose-london.co.u", "Primrose-London", ""),
        ("wilko.com", "Wilko", ""),
        ("aac power solutions lt", "Aac Power Solutions", ""),
        ("snba gbp e-c082708949wbo", "Snba GBP", ""),
        ("b q 1302", "B&Q", ""),
        ("mcdonalds rest.", "McDonald's", ""),
        ("bp connect", "BP Connect", ""),
        ("rs components", "RS Components", ""),
        ("Café Ümlaut", "Café Ümlaut", ""),
        ("大超市 上海", "大超市 上海", ""),
        ("4423", "4423", ""),
        ("***", "***", ""),
        ("", "", ""),
    ],
)
def test_a_name_is_cleaned(raw: str, name: str, facilitator: str) -> None:
    cleaned = clean(raw)
    assert (cleaned.name, cleaned.facilitator) == (name, facilitator)


def test_real_names_are_merged() -> None:
    """The texts of the two sample months, and how many merchants they are known by."""
    raw = set()
    for path in DATA.glob("*.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            raw |= {row["merchant"] for row in csv.DictReader(file)}
    names = {clean(each).name.casefold() for each in raw}
    assert all(names)
    assert (len(raw), len(names)) == (1_646, 1_177)


@given(st.text(max_size=60))
def test_whatever_is_written_has_a_name(raw: str) -> None:
    name = clean(raw).name
    assert bool(name) == bool(raw.strip())
    assert clean(raw) == clean(f"  {raw} ")
