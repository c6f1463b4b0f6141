"""Telephone numbers, e-mail addresses and days as people write them, in the one form we keep."""

from datetime import date

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from chassis.kernel.errors import Invalid


def phone_of(text: str, country: str, field: str) -> tuple[str, bool]:
    """A number in E.164, read as people write it in a country (ISO 3166-1 alpha-2, may be empty),
    and whether such numbers are in use. Raises Invalid PHONE_MALFORMED."""
    malformed = Invalid("PHONE_MALFORMED", "this is no telephone number", field=field)
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException as error:
        raise malformed from error
    if not phonenumbers.is_possible_number(number):
        raise malformed
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written, phonenumbers.is_valid_number(number)


def email_of(text: str, field: str) -> str:
    """An e-mail address, its domain in lower case; nobody is asked whether it exists. Raises
    Invalid EMAIL_MALFORMED."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Invalid("EMAIL_MALFORMED", "this is no e-mail address", field=field) from error


def birthday_of(text: str, today: date, field: str) -> date:
    """A day of birth. Raises Invalid DATE_MALFORMED for no day, or one to come."""
    try:
        born = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("DATE_MALFORMED", "a date is YYYY-MM-DD", field=field) from error
    if born > today:
        raise Invalid("DATE_MALFORMED", "nobody was born in the future", field=field)
    return born
