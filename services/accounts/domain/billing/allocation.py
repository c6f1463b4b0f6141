"""To which balances a payment goes: the minimum by the programme's order, what is above it to the
highest rate first, disputed amounts last (12 CFR 1026.53)."""

from collections.abc import Sequence

from chassis.kernel.events import value
from services.accounts.domain.billing.buckets import FEE, Balance, is_plan
from services.accounts.domain.billing.terms import MinimumOrder


@value
class Owed:
    """A balance that may be paid. `deferred`: under a deferred-interest programme, `last_cycles`:
    in one of its last two cycles; `billed_minor` is what an instalment plan has billed of it."""

    bucket: str
    minor: int
    apr_basis_points: int
    disputed_minor: int = 0
    deferred: bool = False
    last_cycles: bool = False
    billed_minor: int = 0


def allocate_excess(owed: Sequence[Owed], amount_minor: int) -> list[Balance]:
    """What each balance gets of an amount above the minimum.

    A deferred-interest balance counts as having no rate (comment 53-4), but is paid first in the
    last two cycles of its programme (1026.53(b)(1)(i)).
    """

    def place(each: Owed) -> tuple[bool, int, str]:
        apr = 0 if each.deferred else each.apr_basis_points
        return (not each.last_cycles, -apr, each.bucket)

    ordered = sorted(owed, key=place)
    undisputed = [(each.bucket, each.minor - each.disputed_minor) for each in ordered]
    disputed = [(each.bucket, each.disputed_minor) for each in ordered]
    return _fill([*undisputed, *disputed], amount_minor)


def allocate_minimum(owed: Sequence[Owed], amount_minor: int, order: MinimumOrder) -> list[Balance]:
    """What each balance gets of the minimum payment: fees, instalments that are due, the rest; of
    an instalment plan what is not due yet comes last."""
    sign = 1 if order is MinimumOrder.LOWEST_APR_FIRST else -1

    def place(each: Owed) -> tuple[bool, int, str]:
        return (is_plan(each.bucket), sign * each.apr_basis_points, each.bucket)

    ordered = sorted(owed, key=place)
    fees = [(each.bucket, each.minor) for each in ordered if each.bucket == FEE]
    billed = [(each.bucket, min(each.billed_minor, each.minor)) for each in ordered]
    rest = [
        (each.bucket, max(0, each.minor - each.disputed_minor - min(each.billed_minor, each.minor)))
        for each in ordered
        if each.bucket != FEE
    ]
    disputed = [(each.bucket, each.disputed_minor) for each in ordered if each.bucket != FEE]
    return _fill([*fees, *billed, *rest, *disputed], amount_minor)


def _fill(places: Sequence[tuple[str, int]], amount_minor: int) -> list[Balance]:
    """Fill the places in order; what nobody needs is not in the answer."""
    filled: dict[str, int] = {}
    for bucket, room in places:
        part = min(max(0, room), amount_minor)
        if part:
            filled[bucket] = filled.get(bucket, 0) + part
            amount_minor -= part
    return [Balance(bucket=bucket, minor=minor) for bucket, minor in filled.items()]
