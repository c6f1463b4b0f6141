"""What happens to points and to the rules by which they are earned."""

from datetime import date, datetime

from chassis.kernel.events import Fact, Upcasters, fact, value
from chassis.kernel.money import Money
from services.loyalty.domain.rules import DerivationLine, RuleSet


@value
class LotPart:
    """So many points of one lot."""

    lot_id: str
    points: int


# Points -------------------------------------------------------------------------------------------


@fact
class PointsAccountOpened(Fact):
    """A credit account collects points from now on."""

    account_id: str
    customer_id: str


@fact
class PointsAnticipated(Fact):
    """An authorised charge may earn so many points once it is cleared; for display only."""

    account_id: str
    customer_id: str
    charge_id: str
    points: int
    rule_set_version: str
    amount: Money | None = None
    merchant_category_code: str = ""


@fact
class AnticipationRevised(Fact):
    """More or less than before is expected to be cleared of a charge: `amount`, for `points`."""

    account_id: str
    customer_id: str
    charge_id: str
    change_id: str
    amount: Money
    points: int
    rule_set_version: str


@fact
class AnticipationDropped(Fact):
    """The charge will not be cleared after all, or not within its hold."""

    account_id: str
    customer_id: str
    charge_id: str


@fact
class PointsEarned(Fact):
    """A clearing earned points; they stand in a new lot."""

    account_id: str
    customer_id: str
    charge_id: str
    clearing_id: str
    lot_id: str
    points: int
    amount: Money
    merchant_category_code: str
    expires_on: date
    rule_set_version: str
    derivation: tuple[DerivationLine, ...]


@fact
class AwardWithheld(Fact):
    """A clearing earned nothing: `reason` is NO_RATE_FOR_CURRENCY or AMOUNT_TOO_SMALL."""

    account_id: str
    customer_id: str
    charge_id: str
    clearing_id: str
    amount: Money
    reason: str
    rule_set_version: str


@fact
class PointsTakenBack(Fact):
    """A refund took points back.

    `points_due` is what the refund asked for: `points`, which `parts` of lots gave,
    `waived_points`, which had expired unspent, and the debt, which has its own fact.
    `basis` is `proportional` (to the award of the charge) or `rate` (of the rules; then
    `charge_id` is empty or unknown here, and the version and derivation are those of the rules).
    """

    account_id: str
    customer_id: str
    refund_id: str
    charge_id: str
    amount: Money
    basis: str
    points_due: int
    points: int
    waived_points: int
    parts: tuple[LotPart, ...]
    rule_set_version: str
    derivation: tuple[DerivationLine, ...]


@fact
class DebtIncurred(Fact):
    """A refund asked for points that had been spent."""

    account_id: str
    customer_id: str
    refund_id: str
    points: int


@fact
class DebtRepaid(Fact):
    """Earned or returned points went to the debt at once. `source_id` is the clearing or the
    redemption they came from."""

    account_id: str
    customer_id: str
    source_id: str
    points: int
    parts: tuple[LotPart, ...]


@fact
class PointsRedeemed(Fact):
    """The holder used points, of these lots."""

    account_id: str
    customer_id: str
    redemption_id: str
    points: int
    purpose: str
    parts: tuple[LotPart, ...]


@fact
class RedemptionReturned(Fact):
    """A redemption was returned whole, to the lots it had come from."""

    account_id: str
    customer_id: str
    redemption_id: str
    points: int
    parts: tuple[LotPart, ...]


@fact
class PointsExpired(Fact):
    """What was left of the lots with this last day has expired."""

    account_id: str
    customer_id: str
    expires_on: date
    points: int


# Rules --------------------------------------------------------------------------------------------


@fact
class RuleSetProposed(Fact):
    """Somebody proposed rules; nothing earns by them yet."""

    programme_id: str
    rule_set_version: str
    rule_set: RuleSet
    proposed_by: str


@fact
class RuleSetActivated(Fact):
    """A second person put rules in force, for what is cleared from an instant on."""

    programme_id: str
    rule_set_version: str
    activated_by: str
    effective_from: datetime


POINTS_FACTS: tuple[type[Fact], ...] = (
    PointsAccountOpened,
    PointsAnticipated,
    AnticipationRevised,
    AnticipationDropped,
    PointsEarned,
    AwardWithheld,
    PointsTakenBack,
    DebtIncurred,
    DebtRepaid,
    PointsRedeemed,
    RedemptionReturned,
    PointsExpired,
)
RULES_FACTS: tuple[type[Fact], ...] = (RuleSetProposed, RuleSetActivated)

UPCASTERS: Upcasters = {}
