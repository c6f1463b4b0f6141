"""What was met before and what amounts are usual, in constant memory and whole numbers."""

from math import isqrt

from chassis.kernel.events import value

FILTER_BITS = 2_048
FILTER_HASHES = 4
FILTER_CAPACITY = 200
"""New things a filter takes before it makes room for the next one."""

WORD_BITS = 32
LOG_STEPS = 10
LOG_UNIT = 1 << LOG_STEPS
"""Logarithms count in 1024ths of a doubling."""

LEAST_DEVIATION = LOG_UNIT * 3 // 10
"""Nobody's amounts are taken to vary by less than a factor of 2^0.3 (1.23)."""

_NO_WORDS = (0,) * (FILTER_BITS // WORD_BITS)


@value
class Familiar:
    """Which of many things were met before: two Bloom filters, the present and the one before.

    At least the last 200 different things are remembered, at most 400. What was met in that time
    is always known; a thing never met is taken for known in at most 2.2 % of cases
    (2 x (1 - e^(-4 x 200 / 2048))^4).
    """

    present: tuple[int, ...] = ()
    previous: tuple[int, ...] = ()
    taken: int = 0

    def knows(self, mark: int) -> bool:
        """Whether a thing was met, by its 60-bit mark."""
        bits = _bits(mark)
        return _holds(self.present, bits) or _holds(self.previous, bits)

    def with_mark(self, mark: int) -> "Familiar":
        """With a thing in the present filter; the same if it is there."""
        bits = _bits(mark)
        if _holds(self.present, bits):
            return self
        full = self.taken >= FILTER_CAPACITY
        words = list(_NO_WORDS if full or not self.present else self.present)
        for bit in bits:
            words[bit // WORD_BITS] |= 1 << bit % WORD_BITS
        return Familiar(
            present=tuple(words),
            previous=self.present if full else self.previous,
            taken=1 if full else self.taken + 1,
        )


def _bits(mark: int) -> tuple[int, ...]:
    """The places of a mark in a filter: one of eleven bits after another."""
    return tuple([(mark >> 11 * turn) % FILTER_BITS for turn in range(FILTER_HASHES)])


def _holds(words: tuple[int, ...], bits: tuple[int, ...]) -> bool:
    return bool(words) and all(words[bit // WORD_BITS] >> bit % WORD_BITS & 1 for bit in bits)


def doublings(amount_minor: int) -> int:
    """The logarithm to base two of an amount from 1 on, in 1024ths, cut off; whole numbers only,
    so that every machine finds the same. An amount below 1 counts as 1."""
    amount = max(amount_minor, 1)
    whole = amount.bit_length() - 1
    mantissa = (amount << 62) >> whole
    fraction = 0
    for _ in range(LOG_STEPS):
        mantissa = (mantissa * mantissa) >> 62
        fraction <<= 1
        if mantissa >> 63:
            mantissa >>= 1
            fraction |= 1
    return whole * LOG_UNIT + fraction


@value
class Usual:
    """What amounts are usual: exact sums of their logarithms, and of the amounts themselves.

    Sums instead of a running mean: they are whole numbers and do not mind the order.
    """

    count: int = 0
    sum_minor: int = 0
    sum_logs: int = 0
    sum_squared_logs: int = 0

    def with_amount(self, amount_minor: int) -> "Usual":
        """With one amount more."""
        log = doublings(amount_minor)
        return Usual(
            count=self.count + 1,
            sum_minor=self.sum_minor + amount_minor,
            sum_logs=self.sum_logs + log,
            sum_squared_logs=self.sum_squared_logs + log * log,
        )

    def deviation_hundredths(self, amount_minor: int) -> int:
        """How many hundredths of a standard deviation an amount lies above (or, negative, below)
        the usual, measured in logarithms; 0 while nothing is usual."""
        if not self.count:
            return 0
        above = self.count * doublings(amount_minor) - self.sum_logs
        spread = isqrt(self.count * self.sum_squared_logs - self.sum_logs * self.sum_logs)
        return 100 * above // max(spread, self.count * LEAST_DEVIATION)

    def percent_of_mean(self, amount_minor: int) -> int:
        """An amount in percent of the mean one; 100 while there is no mean."""
        if not self.sum_minor:
            return 100
        return amount_minor * 100 * self.count // self.sum_minor
