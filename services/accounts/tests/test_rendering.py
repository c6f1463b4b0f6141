"""Statements as PDF, CSV, OFX and camt.053: complete, readable, and the same bytes each time."""

import csv
import io
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.accounts.domain.billing.statement import InterestCause, LineKind, PayoffDisclosure
from services.accounts.domain.billing.terms import BalanceType
from services.accounts.rendering import camt, comma, ofx, pdf, words
from services.accounts.rendering.document import Document, Language, plain
from services.accounts.rendering.type_setting import set_text
from services.accounts.tests.documents import CHARGES, document, statement

FORMATS = {"pdf": pdf.render, "csv": comma.render, "ofx": ofx.render, "camt": camt.render}
CAMT = {"c": camt.NAMESPACE}
NAMES = st.text(max_size=60)


def owed_by_entries(of: Document) -> Decimal:
    return Decimal(plain(of.statement.closing_minor - of.statement.opening_minor, "USD"))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", FORMATS)
def test_the_same_statement_is_the_same_bytes(name: str, language: Language) -> None:
    render = FORMATS[name]
    assert render(document(language=language)) == render(document(language=language))


def shown(of: Document) -> str:
    """What is written in an uncompressed PDF, without the operators between the words."""
    return pdf.render(of, compressed=False).decode("latin-1")


def test_the_pages_say_what_is_owed_and_when() -> None:
    text = shown(document())
    for each in ("Ada Canary", "4242", "US$811.41", "US$35.00", "8 Apr 2026", "Green Grocer"):
        assert each in text, each
    assert "a" * 32 not in text.replace(f"{'a' * 32}-7", ""), "the account is masked"


def test_the_payoff_table_rounds_to_years_from_two_years_on() -> None:
    """12 CFR 1026.7(b)(12)(i)(B), App. M1: years, rounded to the nearest, if two or more."""
    assert "11 years" in shown(document())
    few = statement(*CHARGES)
    soon = PayoffDisclosure(minimum_months=23, minimum_total_minor=90_000)
    text = shown(document(replace(few, payoff=soon)))
    assert "23 months" in text
    assert "3 years" not in text


def test_a_minimum_that_never_pays_off_says_so() -> None:
    """12 CFR 1026.7(b)(12)(ii)."""
    never = PayoffDisclosure(
        never_pays_off=True, monthly_for_36_minor=4_100, total_for_36_minor=147_600
    )
    text = shown(document(replace(statement(*CHARGES), payoff=never)))
    assert "never pay off" in text
    assert "US$41.00" in text


def test_after_a_fee_for_exceeding_the_limit_the_right_to_revoke_is_told() -> None:
    """12 CFR 1026.56(b)(1)(v) and (d)(3): on each statement with such a fee, on the front."""
    of = statement(*CHARGES)
    fee = replace(of.lines[0], entry_id="over", kind=LineKind.FEE, reason="OVER_LIMIT")
    assert "revoke" in shown(document(replace(of, lines=(*of.lines, fee))))
    assert "revoke" not in shown(document(of))


def test_purchases_that_keep_their_rate_are_told_from_others() -> None:
    """12 CFR 1026.7(b)(5): a balance for each rate."""
    of = statement(*CHARGES)
    kept = replace(of.balances[0], bucket="PURCHASE~1", apr_basis_points=1_499)
    text = shown(document(replace(of, balances=(*of.balances, kept))))
    assert "at the rate of before" in text
    assert "at the rate of before" not in shown(document(of))


def test_a_long_statement_has_several_pages_and_each_says_which_it_is() -> None:
    charges = [(100 + number, f"Merchant {number}") for number in range(300)]
    text = shown(document(statement(*charges)))
    assert "Page 8 of 8" in text
    assert all(f"Merchant {number}" in text for number in range(300))


def test_chinese_pages_are_set_in_song() -> None:
    text = shown(document(language=Language.CHINESE))
    assert "/STSong-Light" in text
    assert "Summary" not in text


@pytest.mark.parametrize("language", Language)
def test_every_word_of_the_domain_has_one_on_the_page(language: Language) -> None:
    for pairs, kinds in (
        (words.KINDS, LineKind),
        (words.BALANCES, BalanceType),
        (words.CAUSES, InterestCause),
    ):
        assert all(words.pick(pairs[each], language) for each in kinds)  # type: ignore[index]


def test_csv_adds_up_and_no_name_is_a_formula() -> None:
    of = document()
    rows = list(csv.DictReader(io.StringIO(comma.render(of).decode(), newline="")))
    assert sum(Decimal(row["amount"]) for row in rows) == owed_by_entries(of)
    assert [row["description"] for row in rows[:3]] == [
        "Green Grocer",
        "'=HYPERLINK(a) & <b>Söhne</b>",
        "北京烤鸭店",
    ]


def test_ofx_adds_up_and_what_is_owed_is_negative() -> None:
    of = document()
    root = ElementTree.fromstring(ofx.render(of).split(b"?>\n", 2)[2])
    entries = root.findall(".//STMTTRN")
    total = sum(Decimal(entry.findtext("TRNAMT", "")) for entry in entries)
    assert total == -owed_by_entries(of)
    assert root.findtext(".//LEDGERBAL/BALAMT") == "-811.41"
    assert len({entry.findtext("FITID") for entry in entries}) == len(of.statement.lines) + 1
    assert len(root.findtext(".//ACCTID", "")) <= ofx.ACCOUNT_LIMIT
    assert [entry.findtext("TRNTYPE") for entry in entries] == [
        *("DEBIT", "DEBIT", "DEBIT", "PAYMENT", "FEE", "INT"),
    ]


def test_camt_goes_from_the_opening_to_the_closing_balance() -> None:
    of = document()
    root = ElementTree.fromstring(camt.render(of))

    def signed(element: ElementTree.Element) -> Decimal:
        sign = 1 if element.findtext("c:CdtDbtInd", "", CAMT) == "DBIT" else -1
        return sign * Decimal(element.findtext("c:Amt", "", CAMT))

    opening, closing = (signed(each) for each in root.findall(".//c:Bal", CAMT))
    entries = [signed(each) for each in root.findall(".//c:Ntry", CAMT)]
    assert opening + sum(entries) == closing == Decimal("811.41")
    credits_, debits = (
        Decimal(root.findtext(f".//c:{name}/c:Sum", "", CAMT))
        for name in ("TtlCdtNtries", "TtlDbtNtries")
    )
    assert debits - credits_ == sum(entries)


@pytest.mark.parametrize(
    ("currency", "plainly", "for_people"),
    [
        ("JPY", "-81141", "JP¥81,141"),
        ("KWD", "-81.141", "KWD81.141"),
        ("IQD", "-81.141", "IQD81.141"),
        ("RSD", "-811.41", "RSD811.41"),
        ("CLF", "-8.1141", "CLF8.1141"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(
    currency: str, plainly: str, for_people: str
) -> None:
    """Those of ISO 4217: the table of locales has none for the dinars of Iraq and of Serbia."""
    of = document(statement(*CHARGES, currency=currency))
    assert f"<BALAMT>{plainly}<" in ofx.render(of).decode()
    assert of.money(81_141) == for_people
    assert plainly.removeprefix("-") in shown(of).replace(",", "")


@given(NAMES, NAMES)
@settings(max_examples=10, deadline=None)
def test_no_name_breaks_a_format(merchant: str, holder: str) -> None:
    of = document(statement((100, merchant)), holder=(holder,))
    assert pdf.render(of).startswith(b"%PDF")
    ElementTree.fromstring(camt.render(of))
    ElementTree.fromstring(ofx.render(of).split(b"?>\n", 2)[2])
    rows = list(csv.reader(io.StringIO(comma.render(of).decode(), newline="")))
    assert {len(row) for row in rows} == {len(comma.COLUMNS)}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Müller-Łęcka", "Müller-Lecka"),
        ("Nguyễn", "Nguyen"),
        ("Škoda & Œuvre", "Škoda &amp; Œuvre"),
        ("张伟", '<font name="STSong-Light">张伟</font>'),
    ],
)
def test_no_letter_of_a_name_is_left_out(name: str, shown: str) -> None:
    """What no font has is written without its marks."""
    assert set_text(name) == shown
