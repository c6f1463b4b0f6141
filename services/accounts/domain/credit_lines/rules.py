"""What a programme says about other credit limits."""

from chassis.kernel.events import value


@value
class CreditLineRules:
    """Amounts are in minor units, 0 where there is no such bound or rule.

    An increase needs `least_age_months` of the account, `months_between_changes` since the last
    change, and payments within `payments_of_income_basis_points` of what the holder earns, told at
    most `income_good_for_months` ago. More than `two_people_above_minor` needs two people.
    Every `review_every_months` a limit is looked at: it is raised or offered higher from a
    utilisation on, and lowered by so much for payments past due or little use.
    """

    largest_limit_minor: int = 0
    least_limit_minor: int = 0
    two_people_above_minor: int = 0
    offer_days: int = 30
    payments_of_income_basis_points: int = 4_000
    income_good_for_months: int = 12
    months_between_changes: int = 6
    least_age_months: int = 6
    review_every_months: int = 0
    raise_from_utilisation_basis_points: int = 5_000
    raise_by_basis_points: int = 0
    raises_without_asking: bool = False
    lower_at_days_past_due: int = 0
    lower_below_utilisation_basis_points: int = 0
    lower_by_basis_points: int = 0
