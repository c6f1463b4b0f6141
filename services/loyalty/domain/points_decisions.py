"""What is decided about the points of an account."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import singledispatch

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact
from chassis.kernel.ids import derive
from chassis.kernel.money import Money
from services.loyalty.domain import anticipation, rules
from services.loyalty.domain import lots as lot_book
from services.loyalty.domain.events import (
    POINTS_FACTS,
    AnticipationDropped,
    AwardWithheld,
    DebtIncurred,
    DebtRepaid,
    LotPart,
    PointsAccountOpened,
    PointsAnticipated,
    PointsEarned,
    PointsExpired,
    PointsRedeemed,
    PointsTakenBack,
    RedemptionReturned,
)
from services.loyalty.domain.points_account import (
    BY_RATE,
    PROPORTIONAL,
    AnticipatePoints,
    AwardPoints,
    ChargePoints,
    DropAnticipation,
    ExpirePoints,
    OpenPointsAccount,
    PointsAccount,
    RedeemPoints,
    ReturnRedemption,
    ReviseAnticipation,
    TakePointsBack,
    change_key,
    clearing_key,
    evolve,
    refund_key,
)
from services.loyalty.domain.rules import DerivationLine, RuleSet

RulesAt = Callable[[datetime], RuleSet]
"""The rules in force at an instant; raises Unavailable when they are not known."""


def lot_id_of(account_id: str, clearing_id: str) -> str:
    """The lot in which a clearing's points stand; a clearing's id is its account's alone."""
    return derive("lot", account_id, clearing_id)


@dataclass(frozen=True, slots=True)
class _Situation:
    """What a decision may know besides the command. `rules_at` gives the rules in force."""

    state: PointsAccount
    today: date
    rules_at: RulesAt


@singledispatch
def _decide(asked: Command, given: _Situation) -> Sequence[Fact]:
    raise TypeError(type(asked).__name__)


@_decide.register
def _open(asked: OpenPointsAccount, given: _Situation) -> Sequence[Fact]:
    return _opening(given.state, asked.account_id, asked.customer_id)


def _opening(state: PointsAccount, account_id: str, customer_id: str) -> list[Fact]:
    """The account is opened by whatever is heard of it first."""
    if state.account_id:
        return []
    return [PointsAccountOpened(account_id=account_id, customer_id=customer_id)]


@_decide.register
def _anticipate(asked: AnticipatePoints, given: _Situation) -> Sequence[Fact]:
    state = given.state
    if asked.charge_id in state.charges:
        return []
    rule_set = given.rules_at(asked.authorised_at)
    lines = rules.derive_award(rule_set, asked.amount, asked.merchant_category_code)
    return [
        *_opening(state, asked.account_id, asked.customer_id),
        PointsAnticipated(
            account_id=asked.account_id,
            customer_id=asked.customer_id,
            charge_id=asked.charge_id,
            points=rules.total(lines),
            rule_set_version=rules.version_of(rule_set),
            amount=asked.amount,
            merchant_category_code=asked.merchant_category_code,
        ),
    ]


@_decide.register
def _revise(asked: ReviseAnticipation, given: _Situation) -> Sequence[Fact]:
    state, expected = given.state, None
    charge = state.charges.get(asked.charge_id)
    if charge is None or change_key(asked.change_id) in state.known:
        return []
    if asked.less is not None:
        expected = anticipation.left(charge, asked.less)
    elif asked.amount is not None:
        expected = anticipation.of_total(charge, asked.amount)
    if expected is None:
        return []
    rule_set = given.rules_at(asked.revised_at)
    return anticipation.revised(state, asked.charge_id, asked.change_id, expected, rule_set)


@_decide.register
def _drop(asked: DropAnticipation, given: _Situation) -> Sequence[Fact]:
    state = given.state
    charge = state.charges.get(asked.charge_id)
    if charge is None or not charge.anticipated:
        return []
    return [
        AnticipationDropped(
            account_id=state.account_id,
            customer_id=state.customer_id,
            charge_id=asked.charge_id,
        )
    ]


@_decide.register
def _award(asked: AwardPoints, given: _Situation) -> Sequence[Fact]:
    if clearing_key(asked.clearing_id) in given.state.known:
        return []
    return [*_of_clearing(asked, given), *_still_expected(asked, given)]


def _still_expected(asked: AwardPoints, given: _Situation) -> Sequence[Fact]:
    """What the rest of a charge may earn that is cleared in parts."""
    rest = anticipation.left(given.state.charges.get(asked.charge_id), asked.amount)
    if asked.final or not rest:
        return []
    rule_set = given.rules_at(asked.cleared_at)
    return anticipation.revised(given.state, asked.charge_id, asked.clearing_id, rest, rule_set)


def _of_clearing(asked: AwardPoints, given: _Situation) -> list[Fact]:
    state = given.state
    opening = _opening(state, asked.account_id, asked.customer_id)
    rule_set = given.rules_at(asked.cleared_at)
    lines = rules.derive_award(rule_set, asked.amount, asked.merchant_category_code)
    points = rules.total(lines)
    if not points:
        reason = "AMOUNT_TOO_SMALL" if lines else "NO_RATE_FOR_CURRENCY"
        return [*opening, _withheld(asked, rule_set, reason)]
    lot_id = lot_id_of(asked.account_id, asked.clearing_id)
    earned = PointsEarned(
        account_id=asked.account_id,
        customer_id=asked.customer_id,
        charge_id=asked.charge_id,
        clearing_id=asked.clearing_id,
        lot_id=lot_id,
        points=points,
        amount=asked.amount,
        merchant_category_code=asked.merchant_category_code,
        expires_on=rules.last_day(rule_set, asked.cleared_at.date()),
        rule_set_version=rules.version_of(rule_set),
        derivation=lines,
    )
    if not state.debt:
        return [*opening, earned]
    return [*opening, earned, *_repayment(evolve(state, earned), asked.clearing_id, [lot_id])]


def _withheld(asked: AwardPoints, rule_set: RuleSet, reason: str) -> AwardWithheld:
    return AwardWithheld(
        account_id=asked.account_id,
        customer_id=asked.customer_id,
        charge_id=asked.charge_id,
        clearing_id=asked.clearing_id,
        amount=asked.amount,
        reason=reason,
        rule_set_version=rules.version_of(rule_set),
    )


def _repayment(state: PointsAccount, source_id: str, lot_ids: Sequence[str]) -> list[Fact]:
    """What these lots repay of the debt."""
    parts = lot_book.take_from(state.lots, lot_ids, state.debt)
    if not parts:
        return []
    return [
        DebtRepaid(
            account_id=state.account_id,
            customer_id=state.customer_id,
            source_id=source_id,
            points=lot_book.total(parts),
            parts=parts,
        )
    ]


@_decide.register
def _take_back(asked: TakePointsBack, given: _Situation) -> Sequence[Fact]:
    state = given.state
    if refund_key(asked.refund_id) in state.known:
        return []
    charge = _known_charge(state, asked)
    lines: tuple[DerivationLine, ...] = ()
    parts: tuple[LotPart, ...] = ()
    version, waived = "", 0
    if charge is None:
        rule_set = given.rules_at(asked.refunded_at)
        version = rules.version_of(rule_set)
        lines = rules.derive_award(rule_set, asked.amount, asked.merchant_category_code)
        due = rules.total(lines)
    else:
        due = _due(charge, asked.amount)
        parts = lot_book.take_from(state.lots, charge.lot_ids, due)
        waived = min(due - lot_book.total(parts), _not_yet_waived(state, charge))
    # What the charge's own lots cannot give was spent: other lots give it, and then it is owed.
    rest = due - waived - lot_book.total(parts)
    remaining = lot_book.taken_back(state.lots, parts)
    parts += lot_book.take_earliest(remaining, rest, given.today)
    owed = due - waived - lot_book.total(parts)
    return [
        *_opening(state, asked.account_id, asked.customer_id),
        PointsTakenBack(
            account_id=asked.account_id,
            customer_id=asked.customer_id,
            refund_id=asked.refund_id,
            charge_id=asked.charge_id,
            amount=asked.amount,
            basis=PROPORTIONAL if charge else BY_RATE,
            points_due=due,
            points=due - waived - owed,
            waived_points=waived,
            parts=parts,
            rule_set_version=version,
            derivation=lines,
        ),
        *_owing(asked, owed),
    ]


def _known_charge(state: PointsAccount, asked: TakePointsBack) -> ChargePoints | None:
    """The charge a refund belongs to, if it was cleared here in the same currency."""
    charge = state.charges.get(asked.charge_id)
    if charge is None or charge.cleared is None:
        return None
    return charge if charge.cleared.currency == asked.amount.currency else None


def _not_yet_waived(state: PointsAccount, charge: ChargePoints) -> int:
    """Points of a charge that expired unspent and that no refund has passed over yet."""
    return sum(state.lots.by_id[each].expired for each in charge.lot_ids) - charge.waived


def _owing(asked: TakePointsBack, points: int) -> list[Fact]:
    if not points:
        return []
    return [
        DebtIncurred(
            account_id=asked.account_id,
            customer_id=asked.customer_id,
            refund_id=asked.refund_id,
            points=points,
        )
    ]


def _due(charge: ChargePoints, refunded: Money) -> int:
    """What one more refund asks for, so that all together ask for their share of the award.

    Rounded down until the charge is refunded whole; then everything is asked for.
    """
    if charge.cleared is None or not charge.cleared.minor_units:
        return 0
    so_far = min(charge.refunded_minor + refunded.minor_units, charge.cleared.minor_units)
    return max(0, charge.earned * so_far // charge.cleared.minor_units - charge.taken)


@_decide.register
def _redeem(asked: RedeemPoints, given: _Situation) -> Sequence[Fact]:
    state = given.state
    _require_open(state)
    if asked.redemption_id in state.redemptions:
        return []
    if asked.points > state.usable(given.today):
        raise Refused("POINTS_INSUFFICIENT", "there are not so many points to use")
    parts = lot_book.take_earliest(state.lots, asked.points, given.today)
    if lot_book.total(parts) < asked.points:
        raise Refused("TOO_MANY_LOTS", "use fewer points at once")
    return [
        PointsRedeemed(
            account_id=state.account_id,
            customer_id=state.customer_id,
            redemption_id=asked.redemption_id,
            points=asked.points,
            purpose=asked.purpose,
            parts=parts,
        )
    ]


@_decide.register
def _return(asked: ReturnRedemption, given: _Situation) -> Sequence[Fact]:
    state = given.state
    _require_open(state)
    redemption = state.redemptions.get(asked.redemption_id)
    if redemption is None:
        raise NotFound("REDEMPTION_UNKNOWN", "there is no such redemption")
    if redemption.returned:
        return []
    facts: list[Fact] = [
        RedemptionReturned(
            account_id=state.account_id,
            customer_id=state.customer_id,
            redemption_id=asked.redemption_id,
            points=redemption.points,
            parts=redemption.parts,
        )
    ]
    state = evolve(state, facts[0])
    # Points whose last day is over come back only to expire; the others go to a debt first.
    lot_ids = [part.lot_id for part in redemption.parts]
    last_days = {state.lots.by_id[lot_id].expires_on for lot_id in lot_ids}
    for expires_on in sorted(day for day in last_days if day < given.today):
        facts += _expiry(state, expires_on)
        state = evolve(state, facts[-1])
    return [*facts, *_repayment(state, asked.redemption_id, lot_ids)]


@_decide.register
def _expire(asked: ExpirePoints, given: _Situation) -> Sequence[Fact]:
    if given.today <= asked.expires_on:
        raise Refused("TOO_EARLY", "the last day of these points is not over")
    return _expiry(given.state, asked.expires_on)


def _expiry(state: PointsAccount, expires_on: date) -> list[Fact]:
    points = lot_book.day_of(state.lots, expires_on).available
    if not points:
        return []
    return [
        PointsExpired(
            account_id=state.account_id,
            customer_id=state.customer_id,
            expires_on=expires_on,
            points=points,
        )
    ]


def _require_open(state: PointsAccount) -> None:
    if not state.account_id:
        raise NotFound("POINTS_ACCOUNT_NOT_FOUND", "this account collects no points")


def points_account(rules_at: RulesAt) -> Decider[PointsAccount]:
    """The decider for points, by rules that `rules_at` gives."""

    def decide(state: PointsAccount, asked: Command, context: Context) -> Sequence[Fact]:
        return _decide(asked, _Situation(state, context.now.date(), rules_at))

    return Decider(
        category="points_account",
        state=PointsAccount,
        initial=PointsAccount(),
        decide=decide,
        evolve=evolve,
        identify=lambda asked: asked.account_id,
        commands=(
            OpenPointsAccount,
            AnticipatePoints,
            ReviseAnticipation,
            DropAnticipation,
            AwardPoints,
            TakePointsBack,
            RedeemPoints,
            ReturnRedemption,
            ExpirePoints,
        ),
        facts=POINTS_FACTS,
    )
