"""Lists as they are published are read whole; what is malformed or hostile is refused whole."""

import pytest

from chassis.kernel.errors import Invalid
from services.risk.domain.screening.values import EntryKind, ListEntry, ListFormat
from services.risk.tests.lists import OFAC_ALT, OFAC_SDN, PLAIN, UN_XML
from services.risk.use_cases.list_formats import READERS


def read(form: ListFormat, content: str, aliases: str = "") -> list[ListEntry]:
    return list(READERS[form](content.encode(), aliases.encode()))


def refused(form: ListFormat, content: str, aliases: str = "") -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(form, content, aliases)
    assert caught.value.reason == "SCREENING_LIST_MALFORMED"
    return caught.value


def test_the_list_of_the_united_nations() -> None:
    assert read(ListFormat.UN_XML, UN_XML) == [
        ListEntry(
            reference="TSi.001",
            kind=EntryKind.PERSON,
            names=("ZORAN MILUTIN VUKASEVIC", "Зоран Милутин Вукашевић", "Zoran Vukas"),
            births=("1971-03-02", "1973/1975", "1980/1982"),
            nationalities=("Serbia", "Syrian Arab Republic"),
        ),
        ListEntry(
            reference="TSe.002",
            kind=EntryKind.ORGANISATION,
            names=("BLUE RIVER TRADING & SHIPPING", "Brts"),
        ),
    ]


def test_the_list_of_the_office_of_foreign_assets_control() -> None:
    assert read(ListFormat.OFAC_CSV, OFAC_SDN, OFAC_ALT) == [
        ListEntry(
            reference="101",
            kind=EntryKind.PERSON,
            names=("PETROV-SYNTHETIC, Vladimir Ivanovich", "PETROFF-SYNTHETIC, Wladimir"),
            births=("1952-10-07", "1954/1956"),
            nationalities=("Russia", "Malta"),
        ),
        ListEntry(
            reference="102",
            kind=EntryKind.ORGANISATION,
            names=("GREEN HARBOUR LINES, LTD.", "GHL SHIPPING"),
        ),
        ListEntry(reference="103", kind=EntryKind.VESSEL, names=("SEA CUCUMBER",)),
    ]


def test_the_plain_form() -> None:
    first, second, third = read(ListFormat.PLAIN_CSV, PLAIN)
    assert (first.names, first.births) == (("Li Xiaoming", "李晓明"), ("1968-05-04",))
    assert (second.births, second.nationalities) == (("1970/1972",), ("AE", "QA"))
    assert third.kind is EntryKind.ORGANISATION


def test_entities_do_not_expand() -> None:
    """A billion laughs, and a file of the machine: neither is looked at."""
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    stolen = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    for declared in (laughs, stolen, '<!DOCTYPE x SYSTEM "http://localhost/x.dtd">'):
        content = UN_XML.replace("<CONSOLIDATED_LIST", f"{declared}<CONSOLIDATED_LIST", 1)
        error = refused(ListFormat.UN_XML, content.replace("ZORAN", "&a;"))
        assert error.metadata["column"] == "xml"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<LIST/>",
        "<CONSOLIDATED_LIST>",
        "<CONSOLIDATED_LIST>" * 20,
        f"<CONSOLIDATED_LIST>{'x' * 70_000}</CONSOLIDATED_LIST>",
        UN_XML.replace("TSi.001", "x" * 65),
        UN_XML.replace("1971-03-02", "second of March"),
        UN_XML.replace("<FIRST_NAME>BLUE RIVER TRADING &amp; SHIPPING</FIRST_NAME>", "").replace(
            "<ALIAS_NAME>Brts</ALIAS_NAME>", ""
        ),
    ],
)
def test_what_is_not_such_a_list_is_refused(content: str) -> None:
    refused(ListFormat.UN_XML, content)


@pytest.mark.parametrize(
    ("content", "aliases", "column"),
    [
        ("101,x\r\n", "", "row"),
        (OFAC_SDN.replace('"individual"', '"somebody"'), OFAC_ALT, "SDN_Type"),
        (OFAC_SDN, OFAC_ALT.replace("101,9", "999,9"), "ent_num"),
        (OFAC_SDN.replace('"SEA CUCUMBER"', '"SEA" CUCUMBER'), OFAC_ALT, "row"),
        (OFAC_SDN.replace("SEA CUCUMBER", "x" * 501), OFAC_ALT, "name"),
    ],
)
def test_what_is_wrong_in_a_file_of_ofac_is_said(content: str, aliases: str, column: str) -> None:
    assert refused(ListFormat.OFAC_CSV, content, aliases).metadata["column"] == column


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("a,b\n", ("1", "head")),
        (PLAIN.replace("PERSON,Li", "HUMAN,Li"), ("2", "kind")),
        (PLAIN.replace("1970/1972", "1970-13"), ("3", "date_of_birth")),
        (PLAIN + "PEP-4,PERSON\n", ("5", "row")),
        (PLAIN.replace("PEP-3", ""), ("4", "reference")),
    ],
)
def test_what_is_wrong_in_the_plain_form_is_said(content: str, place: tuple[str, str]) -> None:
    error = refused(ListFormat.PLAIN_CSV, content)
    assert (error.metadata["line"], error.metadata["column"]) == place
    assert "Li" not in error.message
    assert "Fatima" not in error.message


def test_a_list_that_is_not_text_is_refused() -> None:
    with pytest.raises(Invalid, match="SCREENING_LIST_MALFORMED"):
        list(READERS[ListFormat.PLAIN_CSV](b"\xff\xfe\x00", b""))
