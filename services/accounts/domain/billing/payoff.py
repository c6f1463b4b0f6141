"""How long paying off takes: 12 CFR 1026.7(b)(12), computed as in its Appendices M1 and M2."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from chassis.kernel.events import value
from services.accounts.domain.billing.rounding import BASIS_POINTS, half_up, share
from services.accounts.domain.billing.statement import PayoffDisclosure
from services.accounts.domain.billing.terms import MinimumPaymentRule

MONTHS_LIMIT = 1_200
"""A hundred years of minimum payments: beyond this a balance counts as never paid off."""

THREE_YEARS = 36
MONTHS_OF_YEAR = 12


@value
class PayingOff:
    """A balance that is paid off: its rate and, for a promotion, in which month (from 1 on) the
    rate that follows begins to apply; 0: the rate stays."""

    minor: int
    apr_basis_points: int
    promo_ends_in_month: int = 0
    apr_after_basis_points: int = 0

    def apr(self, month: int) -> int:
        """The rate in a month."""
        ended = 0 < self.promo_ends_in_month <= month
        return self.apr_after_basis_points if ended else self.apr_basis_points


def disclose(
    balances: Sequence[PayingOff], rule: MinimumPaymentRule, minimum_minor: int = 0
) -> PayoffDisclosure:
    """What a statement must say; `minimum_minor` is what it asks for now.

    Figures are to the cent; nothing about 36 months is said where 1026.7(b)(12)(i)(F)(2) says so,
    and nothing at all where the minimum pays everything ((v)(C)).
    """
    total = sum(each.minor for each in balances)
    if total <= minimum_minor:
        return PayoffDisclosure()
    monthly = monthly_for_36(balances)
    paid_off = minimum_payments(balances, rule)
    if paid_off is None:
        return PayoffDisclosure(never_pays_off=True, monthly_for_36_minor=monthly)
    months, paid = paid_off
    told = PayoffDisclosure(minimum_months=months, minimum_total_minor=paid)
    if rounded_years(months) <= THREE_YEARS // MONTHS_OF_YEAR or monthly < minimum_minor:
        return told
    return replace(
        told,
        monthly_for_36_minor=monthly,
        total_for_36_minor=monthly * THREE_YEARS,
        savings_minor=paid - monthly * THREE_YEARS,
    )


def rounded_years(months: int) -> int:
    """Months as whole years, half a year up: the estimate as it is told from two years on."""
    return half_up(months, MONTHS_OF_YEAR)


def minimum_payments(
    balances: Sequence[PayingOff], rule: MinimumPaymentRule
) -> tuple[int, int] | None:
    """In how many months the minimum alone pays off, and all that is paid; None if it never does.

    Payments go to the lowest rate first (M1(b)(4)(ix)); amounts are rounded to the cent (xi).
    """
    paid = 0
    for month, (payment, owed) in enumerate(_by_month(_ordered(balances), rule), 1):
        paid += payment
        if not sum(owed):
            return month, paid
    return None


def with_deferred(
    balances: Sequence[PayingOff], rule: MinimumPaymentRule, deferred: Sequence[int]
) -> list[PayingOff]:
    """The balances, of which those at the places `deferred` are under deferred-interest plans: at
    no rate if the minimum repays them in time, otherwise at the one that accrues (M1(b)(2))."""
    ordered = _ordered(balances)
    months = list(_by_month(ordered, rule))
    told = list(balances)
    for place in deferred:
        each = balances[place]
        at = ordered.index(each)
        in_time = any(not owed[at] for _, owed in months[: each.promo_ends_in_month - 1])
        apr = each.apr_basis_points if in_time else each.apr_after_basis_points
        told[place] = PayingOff(minor=each.minor, apr_basis_points=apr)
    return told


def _ordered(balances: Sequence[PayingOff]) -> list[PayingOff]:
    return sorted(balances, key=lambda each: each.apr_basis_points)


def _by_month(
    ordered: Sequence[PayingOff], rule: MinimumPaymentRule
) -> Iterator[tuple[int, list[int]]]:
    """What is paid each month and what is left, until nothing is or it would never end."""
    owed = [each.minor for each in ordered]
    for month in range(1, MONTHS_LIMIT + 1):
        total = sum(owed)
        with_interest = [
            half_up(minor * (BASIS_POINTS * MONTHS_OF_YEAR + each.apr(month)), _YEAR)
            for minor, each in zip(owed, ordered, strict=True)
        ]
        charged = sum(with_interest) - total
        payment = min(_minimum(total, charged, rule), total + charged)
        if payment <= charged and payment < total + charged:
            return
        owed = _pay(with_interest, payment)
        yield payment, owed
        if not sum(owed):
            return


_YEAR = BASIS_POINTS * MONTHS_OF_YEAR


def _minimum(total: int, charged: int, rule: MinimumPaymentRule) -> int:
    part = share(total, rule.basis_points) + (charged if rule.includes_interest else 0)
    return max(part, rule.floor_minor)


def _pay(owed: Sequence[int], payment: int) -> list[int]:
    left = []
    for minor in owed:
        part = min(minor, payment)
        payment -= part
        left.append(minor - part)
    return left


def monthly_for_36(balances: Sequence[PayingOff]) -> int:
    """The payment that takes 36 months, by a weighted rate as in Appendix M2."""
    total = sum(each.minor for each in balances)
    weighted = sum((each.minor * _average_apr(each) for each in balances), Fraction(0)) / total
    monthly = weighted / (BASIS_POINTS * MONTHS_OF_YEAR)
    if not monthly:
        return half_up(total, THREE_YEARS)
    payment = total * monthly / (1 - 1 / (1 + monthly) ** THREE_YEARS)
    return half_up(payment.numerator, payment.denominator)


def _average_apr(each: PayingOff) -> Fraction:
    """A promotion's rate and the one after it, by the share of 36 months each applies."""
    if not each.promo_ends_in_month:
        return Fraction(each.apr_basis_points)
    promo = Fraction(min(each.promo_ends_in_month, THREE_YEARS), THREE_YEARS)
    return promo * each.apr_basis_points + (1 - promo) * each.apr_after_basis_points
