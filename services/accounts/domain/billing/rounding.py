"""The rounding rule: interest is exact until it is charged, then half a minor unit rounds up.

Where a sum is told in parts, a part is the rounded sum up to and with it, less that before it.
"""

EXACT = 10_000 * 365 * 366
"""Parts of a minor unit in which a day's interest of any rate and year is a whole number."""

BASIS_POINTS = 10_000


def half_up(numerator: int, denominator: int = EXACT) -> int:
    """The nearest whole number; a half goes up."""
    return (2 * numerator + denominator) // (2 * denominator)


def share(amount_minor: int, basis_points: int) -> int:
    """So many basis points of an amount."""
    return half_up(amount_minor * basis_points, BASIS_POINTS)


def day_interest(balance_minor: int, apr_basis_points: int, days_of_year: int) -> int:
    """One day's interest, in EXACT parts of a minor unit."""
    return balance_minor * apr_basis_points * (EXACT // BASIS_POINTS // days_of_year)
