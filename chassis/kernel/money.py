"""Money: integer minor units of one ISO 4217 currency; two currencies never meet."""

from functools import total_ordering

from chassis.kernel.errors import Invalid
from chassis.kernel.values import record

LARGEST_MINOR_UNITS = 10**15
"""Beyond this an amount is taken for a mistake; far above any balance, far below 2^63."""
USUAL_DECIMALS = 2
DECIMALS = {
    each: decimals
    for decimals, currencies in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for each in currencies.split()
}
"""ISO 4217 minor units where they are not two. What is customary in writing amounts differs for
some currencies (dinars of Iraq are written without decimals), and is never taken for them."""


@total_ordering
@record
class Money:
    """An amount, possibly negative. `currency` is an ISO 4217 alphabetic code."""

    minor_units: int
    currency: str

    def __post_init__(self) -> None:
        if abs(self.minor_units) > LARGEST_MINOR_UNITS:
            raise Invalid("AMOUNT_TOO_LARGE", "an amount is at most 10^15 minor units")

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise Invalid(
                "CURRENCY_MISMATCH", f"{other.currency} cannot be combined with {self.currency}"
            )

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor_units + other.minor_units, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor_units - other.minor_units, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor_units, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor_units < other.minor_units

    def __bool__(self) -> bool:
        return self.minor_units != 0


def decimals_of(currency: str) -> int:
    """How many decimals a currency has: a unit is 10 to that power of minor units."""
    return DECIMALS.get(currency, USUAL_DECIMALS)


def zero(currency: str) -> Money:
    """Nothing, in `currency`."""
    return Money(0, currency)
