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
class Lapse:
    """Days on which a balance bore interest, as its promotion had ended early; both included."""

    first_on: date
    last_on: date


@value
class Deferral:
    """A deferred balance. `ends_on` is the last day to pay it; `accrued_exact` accrued before the
    cycles that can be recalculated, from `accrues_from` on: the transaction date. Once `settled`,
    `charged_minor` was charged of it, and `disputed_minor` of the balance need not have been paid.

    One that `ends_past_due` and was cut short was to go on until `promised_until`; when it goes on
    after all, what accrued before its last lapse is charged, and it accrues anew.
    """

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
    ends_past_due: bool = False
    promised_until: date | None = None
    lapses: tuple[Lapse, ...] = ()

    def is_deferred(self, day: date) -> bool:
        """Whether the balance bears no interest on a day because of its promotion."""
        lapsed = any(each.first_on <= day <= each.last_on for each in self.lapses)
        return day <= self.ends_on and not lapsed

    @property
    def bucket(self) -> str:
        """Where its balance stands."""
        return f"{DEFERRED}/{self.deferral_id}"
