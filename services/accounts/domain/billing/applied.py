"""The facts of billing on the account: what they move, and what every fact means for billing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import Act, CreditAccount, act_key
from services.accounts.domain.billing import events
from services.accounts.domain.billing.buckets import CREDIT, PURCHASE, EarlierTerms
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.evolve import BILLED, opened
from services.accounts.domain.billing.sheet import balances_of
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.statement import LineKind
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.collecting import events as collecting
from services.accounts.domain.credit_lines import events as credit_lines
from services.accounts.domain.events import AccountOpened, CardIssued
from services.accounts.domain.life.events import CardActivated
from services.accounts.domain.over_limit import events as over_limit
from services.accounts.domain.programmes.events import AccountMigrated
from services.accounts.domain.repaying import events as repaying
from services.accounts.domain.repaying.state import payments_text
from services.accounts.domain.repricing import events as repricing
from services.accounts.domain.repricing.protecting import at_home, bought_on, protected
from services.accounts.domain.transfers import events as transfers
from services.accounts.domain.values import CardStatus, Delivery

MOVING: tuple[type[Fact], ...] = (
    events.InterestCharged,
    events.InterestAdjusted,
    events.FeeCharged,
    events.FeeWaived,
    events.PaymentReturned,
    events.AccountChargedOff,
    events.RecoveryRecorded,
    events.CreditBalanceRefunded,
    transfers.BalanceTransferred,
    transfers.BalanceTransferReturned,
)
"""Facts of billing that carry the balance after them."""


def _moved(state: CreditAccount, fact: Any) -> CreditAccount:
    return replace(state, posted_minor=fact.balance.minor_units)


def _known(state: CreditAccount, fact: Any) -> CreditAccount:
    return state


def _returned(state: CreditAccount, fact: events.PaymentReturned) -> CreditAccount:
    act = Act(charge_id="", asked=str(fact.amount.minor_units))
    acts = state.acts.set(act_key("return", fact.payment_id), act)
    return replace(_moved(state, fact), acts=acts)


def _waived(state: CreditAccount, fact: events.FeeWaived) -> CreditAccount:
    act = Act(charge_id=fact.fee_id, asked=str(fact.asked_minor))
    acts = state.acts.set(act_key("waiver", fact.waiver_id), act)
    return replace(_moved(state, fact), acts=acts)


def _limited(state: CreditAccount, fact: events.LimitChanged) -> CreditAccount:
    act = Act(charge_id="", asked=str(fact.limit.minor_units))
    acts = state.acts.set(act_key("limit", fact.change_id), act)
    return replace(state, limit_minor=fact.limit.minor_units, acts=acts)


def _paid_out(state: CreditAccount, fact: events.CreditBalanceRefunded) -> CreditAccount:
    act = Act(charge_id="", asked=str(fact.amount.minor_units))
    acts = state.acts.set(act_key("credit balance", fact.refund_id), act)
    return replace(_moved(state, fact), acts=acts)


OF_CHARGES = (LineKind.CHARGE, LineKind.REFUND, LineKind.CREDIT)
"""Entries about a charge, whose rate they have."""


def _in_instalments(state: CreditAccount, fact: events.InstalmentPlanMade) -> CreditAccount:
    # Billing forgets a plan that is paid; what was agreed is not agreed again all the same.
    act = Act(charge_id=fact.charge_id, asked=str(fact.months))
    acts = state.acts.set(act_key("instalment plan", fact.plan_id), act)
    return replace(state, acts=acts.set(act_key("in instalments", fact.charge_id), act))


OF_BILLING = tuple(
    each.__name__
    for each in (events, collecting, credit_lines, over_limit, repaying, repricing, transfers)
)
"""Facts of these modules change nothing but billing, unless they are in a table here."""


def _planned(state: CreditAccount, fact: repaying.RepaymentPlanScheduled) -> CreditAccount:
    act = Act(charge_id="", asked=payments_text(fact.payments))
    return replace(state, acts=state.acts.set(act_key("repayments", fact.plan_id), act))


def _replanned(state: CreditAccount, fact: repaying.RepaymentPlanChanged) -> CreditAccount:
    act = Act(charge_id="", asked=payments_text(fact.payments))
    acts = state.acts.set(act_key("repayments change", fact.change_id), act)
    return replace(state, acts=acts)


EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    **{
        fact: _moved if fact in MOVING else _known
        for fact in BILLED
        if fact.__module__ in OF_BILLING
    },
    events.PaymentReturned: _returned,
    events.FeeWaived: _waived,
    events.LimitChanged: _limited,
    events.CreditBalanceRefunded: _paid_out,
    events.InstalmentPlanMade: _in_instalments,
    repaying.RepaymentPlanScheduled: _planned,
    repaying.RepaymentPlanChanged: _replanned,
}


def billed(state: CreditAccount, fact: Fact, before: CreditAccount) -> CreditAccount:
    """The account with its billing after a fact that was applied to everything else."""
    applies = BILLED.get(type(fact))
    terms = state.terms.billing if applies and state.terms else None
    if applies is None or terms is None:
        return state
    if state.billing.number == 0 and not isinstance(fact, AccountOpened):
        return replace(state, billing=_begun(state, terms, fact))
    if isinstance(fact, AccountMigrated):
        return replace(state, billing=_gone_over(before, fact))
    if isinstance(fact, CardIssued | CardActivated):
        return replace(state, billing=_usable(state, fact, before))
    after = replace(state, billing=applies(state.billing, terms, fact))
    if after.billing.protections:
        after = replace(after, billing=_at_home(after, before.billing))
    return _in_credit_since(after, fact)


def _in_credit_since(state: CreditAccount, fact: Any) -> CreditAccount:
    """Remembers since when the account is in credit, as long as it is: by the first fact that has
    a date, which is the one that brought it about unless billing began later."""
    known, in_credit = state.billing.credit_since, state.posted_minor < 0
    if in_credit == (known is not None):
        return state
    dated = getattr(fact, "posting_date", None) or getattr(fact, "transaction_date", None)
    since: date | None = dated if in_credit else None
    return replace(state, billing=replace(state.billing, credit_since=since))


def _usable(
    state: CreditAccount, fact: CardIssued | CardActivated, before: CreditAccount
) -> Billing:
    """The account may be used from the day on which one of its cards first may be."""
    billing, card = state.billing, state.find_card(fact.card_id)
    if billing.usable_on or card is None or card.status is not CardStatus.ACTIVE:
        return billing
    opened_on = billing.opened_on or fact.transaction_date
    # The card it was opened with is as old as the account, by whichever calendar that was.
    day = max(fact.transaction_date, opened_on) if before.cards else opened_on
    return replace(billing, usable_on=day)


def _usable_already(state: CreditAccount, day: date) -> date | None:
    """The day, if some card may be used or, being no plastic that waits for its activation, might
    have been; of plastic that is at its end that is not known any more."""
    used = (CardStatus.ACTIVE, CardStatus.PAUSED, CardStatus.BLOCKED)
    for card in state.cards:
        no_plastic = card.delivery is Delivery.NONE and card.status is not CardStatus.PENDING
        if card.status in used or no_plastic:
            return day
    return None


def _gone_over(before: CreditAccount, fact: AccountMigrated) -> Billing:
    """The days before count by the terms that they had, and so does what is protected."""
    known, terms = before.terms.billing if before.terms else None, fact.terms.billing
    billing = replace(before.billing, announced=None)
    if known is None:
        return billing
    # A day that is told already is not told again by other terms.
    since = max(fact.transaction_date, billing.cycle_opened_on)
    past = EarlierTerms(until=since - DAY, terms=known)
    after = replace(billing, earlier=(*billing.earlier, past))
    if terms is None or fact.protected_until is None:
        return after
    return protected(after, known, terms, fact.protected_until, fact.transaction_date)


def _at_home(state: CreditAccount, before: Billing) -> Billing:
    """What was just booked about a charge that keeps its rate stands with it."""
    billing, known = state.billing, before.lines[-1][-1] if before.lines else None
    line = billing.lines[-1][-1] if billing.lines else None
    if line is None or line == known or line.kind not in OF_CHARGES:
        return billing
    day, charge = line.transaction_date, state.charges.get(line.charge_id)
    if line.kind is not LineKind.CHARGE and charge is not None:
        day = bought_on(before, line.charge_id, charge.transaction_date)
    elif line.kind is not LineKind.CHARGE:
        return billing
    return at_home(billing, day)


def _begun(state: CreditAccount, terms: BillingTerms, fact: Any) -> Billing:
    """Billing begins when an account goes over to terms that have it: what is owed is carried."""
    if not isinstance(fact, AccountMigrated):
        return state.billing
    begun = opened(terms, fact.transaction_date, state.limit_minor)
    bucket = PURCHASE if state.posted_minor > 0 else CREDIT
    owed = balances_of([(bucket, state.posted_minor)])
    usable_on = _usable_already(state, fact.transaction_date)
    return replace(begun, told=owed, opening=owed, agenda_on=None, usable_on=usable_on)
