"""A purchase under a deferred-interest promotion (12 CFR 1026.16(h)(2)), and what accrues on it."""

from datetime import date

from chassis.kernel.events import value

DEFERRED = "DEFERRED"
"""The balances of such purchases: this, a slash and the id of the deferral."""


@value
class Accrual:
    """Interest that accrued on a deferred balance in a cycle, uncharged, in EXACT parts of a minor
    unit (billing/rounding.py)."""

    bucket: str
    exact: int


@value
class Deferral:
    """A deferred balance. `ends_on` is the last day to pay it; `accrued_exact` accrued before the
    cycles that can be recalculated, from the transaction date on. Once `settled`, `charged_minor`
    was charged of it, and `disputed_minor` of the balance need not have been paid."""

    deferral_id: str
    charge_id: str
    promotion_code: str
    principal_minor: int
    apr_basis_points: int
    accrues_from: date
    ends_on: date
    accrued_exact: int
    settled: bool = False
    charged_minor: int = 0
    disputed_minor: int = 0

    @property
    def bucket(self) -> str:
        """Where its balance stands."""
        return f"{DEFERRED}/{self.deferral_id}"
