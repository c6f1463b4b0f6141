"""What a charge may still earn: it follows what is still expected to be cleared of it."""

from collections.abc import Sequence

from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from services.loyalty.domain import rules
from services.loyalty.domain.events import AnticipationRevised
from services.loyalty.domain.points_account import ChargePoints, PointsAccount
from services.loyalty.domain.rules import RuleSet


def left(charge: ChargePoints | None, gone: Money) -> Money | None:
    """What is still expected of a charge without `gone`; None where nothing was."""
    return None if charge is None else _without(charge.expected, gone)


def of_total(charge: ChargePoints, total: Money) -> Money | None:
    """What is expected yet of a charge that comes to `total`; None where nothing was."""
    if charge.expected is None:
        return None
    return total if charge.cleared is None else _without(total, charge.cleared)


def _without(expected: Money | None, gone: Money) -> Money | None:
    if expected is None or expected.currency != gone.currency:
        return None
    return Money(max(0, expected.minor_units - gone.minor_units), gone.currency)


def revised(
    state: PointsAccount, charge_id: str, change_id: str, expected: Money, rule_set: RuleSet
) -> Sequence[Fact]:
    """So much of a charge that is anticipated is expected from now on."""
    charge = state.charges[charge_id]
    lines = rules.derive_award(rule_set, expected, charge.merchant_category_code)
    return [
        AnticipationRevised(
            account_id=state.account_id,
            customer_id=state.customer_id,
            charge_id=charge_id,
            change_id=change_id,
            amount=expected,
            points=rules.total(lines),
            rule_set_version=rules.version_of(rule_set),
        )
    ]
