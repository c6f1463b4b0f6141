"""Every message can be worded in every language, from nothing more than the fact."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from chassis.kernel.money import Money
from services.notify.domain.events import Details, Locale, Template
from services.notify.rendering import FOLDER, FORMS, Templates

TEMPLATES = Templates()
DETAILS = Details(
    happened_at=datetime(2026, 3, 9, 14, 5, tzinfo=UTC),
    amount=Money(1_234_50, "GBP"),
    merchant="Tom & Jerry <b>Diner</b>",
    last_four="4242",
    reason="INSUFFICIENT_CREDIT",
)
every_template = pytest.mark.parametrize("template", Template)
every_locale = pytest.mark.parametrize("locale", Locale)


def test_every_template_is_there_in_every_language_and_form_and_nothing_else_is() -> None:
    wanted = {
        f"{template}/{locale}.{form}.j2"
        for template in Template
        for locale in Locale
        for form in FORMS
    } | {f"layout/{locale}.html.j2" for locale in Locale}
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
