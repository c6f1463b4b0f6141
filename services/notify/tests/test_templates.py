"""Every message can be worded in every language, from nothing more than the fact."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from chassis.kernel.money import Money
from services.notify.domain.events import ChangedTerm, Details, Locale, Template
from services.notify.rendering import FOLDER, FORMS, LAYOUTS, Issuer, Templates

TEMPLATES = Templates()
DETAILS = Details(
    happened_at=datetime(2026, 3, 9, 14, 5, tzinfo=UTC),
    amount=Money(1_234_50, "GBP"),
    merchant="Tom & Jerry <b>Diner</b>",
    last_four="4242",
    reason="INSUFFICIENT_CREDIT",
    other_amount=Money(2_00, "GBP"),
    from_day=date(2026, 5, 1),
    until_day=date(2026, 4, 2),
    reply_by=date(2026, 4, 30),
    count=60,
    rate_basis_points=1_850,
    reasons=("LATE_PAYMENTS", "NOBODY_KNOWS_THIS"),
    raised=("RATES",),
    may_reject=True,
    changes=(
        ChangedTerm(
            term="PURCHASE_RATE",
            unit="BASIS_POINTS",
            before=1_500,
            after=1_850,
            currency="GBP",
            from_on=date(2026, 5, 1),
        ),
        ChangedTerm(
            term="ANNUAL_FEE",
            unit="MINOR_UNITS",
            before=0,
            after=95_00,
            currency="GBP",
            from_on=date(2026, 5, 1),
        ),
    ),
)
OUTCOMES = ("", "NONE", "FIXED", "STATEMENT", "MINIMUM", "WITHDRAWN", "LOST", "COMPLETED")
every_template = pytest.mark.parametrize("template", Template)
every_locale = pytest.mark.parametrize("locale", Locale)


def test_every_template_is_there_in_every_language_and_form_and_nothing_else_is() -> None:
    wanted = {
        f"{template}/{locale}.{form}.j2"
        for template in Template
        for locale in Locale
        for form in FORMS
    } | {f"layout/{locale}.{layout}.j2" for locale in Locale for layout in LAYOUTS}
    wanted |= {f"words/{locale}.j2" for locale in Locale}
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    assert there == wanted


@every_template
@every_locale
def test_every_template_says_something_in_every_form(template: Template, locale: Locale) -> None:
    rendered = TEMPLATES.render(template, locale, DETAILS)
    for form in (rendered.subject, rendered.text, rendered.html):
        assert form.strip()
        assert "{{" not in form
        assert "None" not in form
    assert "\n" not in rendered.subject
    assert re.fullmatch("[0-9a-f]{64}", rendered.version)
    if locale is Locale.ZH_CN:
        assert re.search("[\u4e00-\u9fff]", rendered.subject)
    else:
        assert not re.search("[\u4e00-\u9fff]", rendered.text)


def test_a_notice_of_dearer_terms_says_what_the_law_demands() -> None:
    """12 CFR 1026.9(c)(2)(iv): the changes as a table, when, on what, why, and the right to reject
    them until the day before."""
    templates = Templates(issuer=Issuer(name="Bank", telephone="0800 CARDS"))
    rendered = templates.render(Template.TERMS_CHANGING, Locale.EN, DETAILS)
    assert "begins on 1 May 2026" in rendered.text
    assert "transactions made after 2 April 2026" in rendered.text
    assert "- payments on your account were late\n- nobody knows this" in rendered.text
    assert "right to reject these changes up to and including 30 April 2026" in rendered.text
    assert "by calling 0800 CARDS" in rendered.text
    row = "<td>Annual rate for purchases</td><td>15.00% now</td><td>18.50% from 1 May 2026</td>"
    assert row in rendered.html
    assert "Annual fee\t£0.00 now\t£95.00 from 1 May 2026" in rendered.text
    kept = replace(DETAILS, may_reject=False, raised=("FEES",), reasons=())
    without = templates.render(Template.TERMS_CHANGING, Locale.EN, kept)
    assert "reject" not in without.text
    assert "higher rates" not in without.text


def test_an_adverse_decision_names_its_reasons_and_who_watches_over_the_house() -> None:
    """12 CFR 1002.9(b)."""
    templates = Templates(issuer=Issuer(supervisor="the Bureau, Washington"))
    details = Details(happened_at=DETAILS.happened_at, reasons=("INSUFFICIENT_INCOME",))
    for template in (Template.APPLICATION_DECLINED, Template.CREDIT_LINE_REQUEST_DECLINED):
        text = templates.render(template, Locale.EN, details).text
        assert "- your income is not sufficient\n" in text
        assert "Equal Credit Opportunity Act" in text
        assert "this creditor is the Bureau, Washington." in text
        assert "您的收入不足" in templates.render(template, Locale.ZH_CN, details).text


@pytest.mark.parametrize("reason", OUTCOMES)
@every_template
@every_locale
def test_every_outcome_is_worded_in_whole_paragraphs(
    template: Template, locale: Locale, reason: str
) -> None:
    text = TEMPLATES.render(template, locale, replace(DETAILS, reason=reason)).text
    assert not re.search(r"\n{3,}|[ \t]\n|  ", text)
    assert not re.search(r"\bby \.| on \.|\(\)", text)


@every_template
@every_locale
def test_every_template_can_be_worded_from_the_least_a_fact_may_say(
    template: Template, locale: Locale
) -> None:
    rendered = TEMPLATES.render(template, locale, Details(happened_at=DETAILS.happened_at))
    assert rendered.subject


def test_amounts_and_days_are_written_as_people_write_them() -> None:
    english = TEMPLATES.render(Template.CHARGE_APPROVED, Locale.EN, DETAILS)
    chinese = TEMPLATES.render(Template.CHARGE_APPROVED, Locale.ZH_CN, DETAILS)
    assert "£1,234.50" in english.text
    assert "9 March 2026, 14:05 UTC" in english.text
    assert "£1,234.50" in chinese.text
    assert "2026年3月9日 14:05" in chinese.text


def test_a_currency_without_minor_units_is_written_without_them() -> None:
    yen = Details(happened_at=DETAILS.happened_at, amount=Money(5000, "JPY"), merchant="Konbini")
    assert "¥5,000 " in TEMPLATES.render(Template.CHARGE_APPROVED, Locale.EN, yen).text


def test_a_currency_is_written_with_all_its_minor_units() -> None:
    """ISO 4217 gives the dinar of Iraq three decimals, which the table of locales leaves out."""
    at = DETAILS.happened_at
    dinars = Details(happened_at=at, amount=Money(1_234_567, "IQD"), merchant="Baghdad Books")
    assert "IQD1,234.567" in TEMPLATES.render(Template.CHARGE_APPROVED, Locale.EN, dinars).text


def test_what_a_merchant_is_called_cannot_become_markup_nor_a_second_header() -> None:
    nasty = Details(
        happened_at=DETAILS.happened_at,
        amount=Money(1, "GBP"),
        merchant="<script>x</script>\r\nBcc: thief@example.org",
    )
    rendered = TEMPLATES.render(Template.CHARGE_APPROVED, Locale.EN, nasty)
    assert "<script>" not in rendered.html
    assert not set("\r\n") & set(rendered.subject)


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("Shop\r\n\r\nCall 555 at once", "Shop Call 555 at once"),
        ("Shop\u2029\u2028\x85Call 555", "Shop Call 555"),
        ("\x1b[31mred\x9b0m", "[31mred 0m"),
        ("pay\u202egnp.\u2066exe", "paygnp.exe"),
        (" 咖啡 \u3000☕\u200d ", "咖啡 ☕\u200d"),
    ],
)
@every_locale
def test_what_a_merchant_is_called_stays_in_its_line(
    locale: Locale, called: str, shown: str
) -> None:
    for template in (Template.CHARGE_APPROVED, Template.CHARGE_DECLINED, Template.CHARGE_REFUNDED):
        told = TEMPLATES.render(template, locale, replace(DETAILS, merchant=called))
        assert told == TEMPLATES.render(template, locale, replace(DETAILS, merchant=shown))
        assert shown in told.subject
        assert shown in told.text


@every_locale
def test_never_more_than_the_last_four_digits_of_a_card(locale: Locale) -> None:
    careless = Details(happened_at=DETAILS.happened_at, last_four="4111111111111234")
    for template in Template:
        rendered = TEMPLATES.render(template, locale, careless)
        for form in (rendered.subject, rendered.text, rendered.html):
            assert not re.search(r"\d{5,}", form)


def test_the_version_changes_with_any_word(tmp_path: Path) -> None:
    for source in FOLDER.rglob("*.j2"):
        copy = tmp_path / source.relative_to(FOLDER)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    same = TEMPLATES.version(Template.CARD_BLOCKED, Locale.EN)
    assert Templates(tmp_path).version(Template.CARD_BLOCKED, Locale.EN) == same
    with (tmp_path / "card_blocked" / "en.txt.j2").open("a") as file:
        file.write("!")
    assert Templates(tmp_path).version(Template.CARD_BLOCKED, Locale.EN) != same
    assert Templates(tmp_path).version(Template.CARD_BLOCKED, Locale.ZH_CN) == TEMPLATES.version(
        Template.CARD_BLOCKED, Locale.ZH_CN
    )
    other = Templates(issuer=Issuer(name="Bank"))
    assert other.version(Template.CARD_BLOCKED, Locale.EN) != same


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", SecurityError),
        ("{{ password }}", UndefinedError),
    ],
)
def test_a_template_reaches_nothing_but_what_it_is_given(
    tmp_path: Path, source: str, refusal: type[Exception]
) -> None:
    folder = tmp_path / "card_blocked"
    folder.mkdir()
    for form in FORMS:
        (folder / f"en.{form}.j2").write_text(source)
    with pytest.raises(refusal):
        Templates(tmp_path).render(Template.CARD_BLOCKED, Locale.EN, DETAILS)
