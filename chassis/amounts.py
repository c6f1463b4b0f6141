"""Amounts as people write them, with the decimals that ISO 4217 gives their currency."""

from copy import copy
from decimal import Decimal

from babel import Locale

from chassis.kernel.money import decimals_of


def units(minor_units: int, currency: str) -> Decimal:
    """An amount in units, with as many decimals as the currency has."""
    return Decimal(minor_units).scaleb(-decimals_of(currency))


def written(minor_units: int, currency: str, locale: str) -> str:
    """An amount in the writing of a locale such as `en_GB`. The table of locales leaves out the
    decimals of some currencies, which would round what is owed; all that there are are told."""
    spoken = Locale.parse(locale)
    pattern = copy(spoken.currency_formats["standard"])
    decimals = decimals_of(currency)
    pattern.frac_prec = (decimals, decimals)
    value = units(minor_units, currency)
    text: str = pattern.apply(value, spoken, currency=currency, currency_digits=False)
    return text
