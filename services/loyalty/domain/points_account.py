"""The points of one credit account: what may be asked, what is known, how facts change it."""

from dataclasses import replace
from datetime import date, datetime
from functools import singledispatch

from chassis.kernel.events import Command, Fact, command, value
from chassis.kernel.money import Money
from chassis.kernel.persistent_map import PersistentMap
from services.loyalty.domain import lots as lot_book
from services.loyalty.domain.events import (
    AnticipationDropped,
    AnticipationRevised,
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
from services.loyalty.domain.lots import Lots

# Commands -----------------------------------------------------------------------------------------


@command
class OpenPointsAccount(Command):
    account_id: str
    customer_id: str


@command
class AnticipatePoints(Command):
    """Show what a charge authorised at an instant may earn."""

    account_id: str
    customer_id: str
    charge_id: str
    amount: Money
    merchant_category_code: str
    authorised_at: datetime


@command
class ReviseAnticipation(Command):
    """Of an authorised charge `amount` is expected in all, or `less` than before."""

    account_id: str
    charge_id: str
    change_id: str
    revised_at: datetime
    amount: Money | None = None
    less: Money | None = None


@command
class DropAnticipation(Command):
    account_id: str
    charge_id: str


@command
class AwardPoints(Command):
    """Earn for a clearing by the rules that are in force at `cleared_at`; after a `final` one
    nothing more is expected of the charge."""

    account_id: str
    customer_id: str
    charge_id: str
    clearing_id: str
    amount: Money
    merchant_category_code: str
    cleared_at: datetime
    final: bool = True


@command
class TakePointsBack(Command):
    """Undo for a refund what its charge earned, or, where no charge is known, what the rules in
    force at `refunded_at` would give for its amount."""

    account_id: str
    customer_id: str
    refund_id: str
    charge_id: str
    amount: Money
    merchant_category_code: str
    refunded_at: datetime


@command
class RedeemPoints(Command):
    account_id: str
    redemption_id: str
    points: int
    purpose: str


@command
class ReturnRedemption(Command):
    account_id: str
    redemption_id: str


@command
class ExpirePoints(Command):
    """Let what is left with a last day expire; brought by a timer when that day is over."""

    account_id: str
    expires_on: date


PROPORTIONAL = "proportional"
BY_RATE = "rate"

# State --------------------------------------------------------------------------------------------


@value
class ChargePoints:
    """What one charge came to. `anticipated` is for what is `expected` to be cleared yet; `taken`
    is all its refunds asked for, `waived` the part of that which had expired."""

    anticipated: int = 0
    expected: Money | None = None
    merchant_category_code: str = ""
    cleared: Money | None = None
    earned: int = 0
    refunded_minor: int = 0
    taken: int = 0
    waived: int = 0
    lot_ids: tuple[str, ...] = ()


@value
class Redemption:
    """Points used, and of which lots."""

    points: int
    parts: tuple[LotPart, ...]
    returned: bool = False


@value
class PointsAccount:
    """The points of one account. `known` names the clearings and refunds carried out; `pending`
    is what authorised charges may earn, for display only."""

    account_id: str = ""
    customer_id: str = ""
    lots: Lots = Lots()
    debt: int = 0
    pending: int = 0
    charges: PersistentMap[ChargePoints] = PersistentMap()
    known: PersistentMap[bool] = PersistentMap()
    redemptions: PersistentMap[Redemption] = PersistentMap()

    @property
    def balance(self) -> int:
        """What the holder has: the points of all lots less the debt."""
        return lot_book.available(self.lots) - self.debt

    def usable(self, today: date) -> int:
        """Points that can be redeemed today; never negative."""
        return max(0, lot_book.usable(self.lots, today) - self.debt)


def clearing_key(clearing_id: str) -> str:
    """Under which a clearing is among the known."""
    return f"clearing/{clearing_id}"


def change_key(change_id: str) -> str:
    """Under which a change of what is expected is among the known."""
    return f"change/{change_id}"


def refund_key(refund_id: str) -> str:
    """Under which a refund is among the known."""
    return f"refund/{refund_id}"


# Evolving -----------------------------------------------------------------------------------------


def evolve(state: PointsAccount, fact: Fact) -> PointsAccount:
    """The account after a fact."""
    return _after(fact, state)


@singledispatch
def _after(fact: Fact, state: PointsAccount) -> PointsAccount:
    raise TypeError(type(fact).__name__)


@_after.register
def _(fact: PointsAccountOpened, state: PointsAccount) -> PointsAccount:
    return replace(state, account_id=fact.account_id, customer_id=fact.customer_id)


def _with_charge(state: PointsAccount, charge_id: str, charge: ChargePoints) -> PointsAccount:
    return replace(state, charges=state.charges.set(charge_id, charge))


@_after.register
def _(fact: PointsAnticipated, state: PointsAccount) -> PointsAccount:
    anticipated = ChargePoints(
        anticipated=fact.points,
        expected=fact.amount,
        merchant_category_code=fact.merchant_category_code,
    )
    return replace(
        _with_charge(state, fact.charge_id, anticipated), pending=state.pending + fact.points
    )


@_after.register
def _(fact: AnticipationRevised, state: PointsAccount) -> PointsAccount:
    charge = state.charges[fact.charge_id]
    pending = state.pending + fact.points - charge.anticipated
    charge = replace(charge, anticipated=fact.points, expected=fact.amount)
    known = state.known.set(change_key(fact.change_id), True)
    return replace(_with_charge(state, fact.charge_id, charge), pending=pending, known=known)


@_after.register
def _(fact: AnticipationDropped, state: PointsAccount) -> PointsAccount:
    return _without_anticipation(state, fact.charge_id)


def _without_anticipation(state: PointsAccount, charge_id: str) -> PointsAccount:
    charge = state.charges.get(charge_id) or ChargePoints()
    settled = _with_charge(state, charge_id, replace(charge, anticipated=0, expected=None))
    return replace(settled, pending=state.pending - charge.anticipated)


def _with_clearing(
    state: PointsAccount, charge_id: str, clearing_id: str, amount: Money
) -> PointsAccount:
    """One more clearing of a charge is known; the first ends what was anticipated."""
    state = _without_anticipation(state, charge_id)
    charge = state.charges[charge_id]
    before = charge.cleared
    together = amount if before is None or before.currency != amount.currency else before + amount
    state = _with_charge(state, charge_id, replace(charge, cleared=together))
    return replace(state, known=state.known.set(clearing_key(clearing_id), True))


@_after.register
def _(fact: PointsEarned, state: PointsAccount) -> PointsAccount:
    state = _with_clearing(state, fact.charge_id, fact.clearing_id, fact.amount)
    charge = state.charges[fact.charge_id]
    charge = replace(
        charge, earned=charge.earned + fact.points, lot_ids=(*charge.lot_ids, fact.lot_id)
    )
    return replace(
        _with_charge(state, fact.charge_id, charge),
        lots=lot_book.add(state.lots, fact.lot_id, fact.points, fact.expires_on),
    )


@_after.register
def _(fact: AwardWithheld, state: PointsAccount) -> PointsAccount:
    return _with_clearing(state, fact.charge_id, fact.clearing_id, fact.amount)


@_after.register
def _(fact: PointsTakenBack, state: PointsAccount) -> PointsAccount:
    charge = state.charges.get(fact.charge_id)
    if fact.basis == PROPORTIONAL and charge is not None and charge.cleared is not None:
        refunded = charge.refunded_minor + fact.amount.minor_units
        charge = replace(
            charge,
            refunded_minor=min(refunded, charge.cleared.minor_units),
            taken=charge.taken + fact.points_due,
            waived=charge.waived + fact.waived_points,
        )
        state = _with_charge(state, fact.charge_id, charge)
    return replace(
        state,
        known=state.known.set(refund_key(fact.refund_id), True),
        lots=lot_book.taken_back(state.lots, fact.parts),
    )


@_after.register
def _(fact: DebtIncurred, state: PointsAccount) -> PointsAccount:
    return replace(state, debt=state.debt + fact.points)


@_after.register
def _(fact: DebtRepaid, state: PointsAccount) -> PointsAccount:
    lots = lot_book.taken_back(state.lots, fact.parts)
    return replace(state, debt=state.debt - fact.points, lots=lots)


@_after.register
def _(fact: PointsRedeemed, state: PointsAccount) -> PointsAccount:
    redemption = Redemption(points=fact.points, parts=fact.parts)
    return replace(
        state,
        lots=lot_book.consumed(state.lots, fact.parts),
        redemptions=state.redemptions.set(fact.redemption_id, redemption),
    )


@_after.register
def _(fact: RedemptionReturned, state: PointsAccount) -> PointsAccount:
    redemption = replace(state.redemptions[fact.redemption_id], returned=True)
    return replace(
        state,
        lots=lot_book.restored(state.lots, fact.parts),
        redemptions=state.redemptions.set(fact.redemption_id, redemption),
    )


@_after.register
def _(fact: PointsExpired, state: PointsAccount) -> PointsAccount:
    return replace(state, lots=lot_book.expired(state.lots, fact.expires_on))
