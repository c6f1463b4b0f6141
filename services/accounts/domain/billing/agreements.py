"""What is agreed with a holder: a pause in hardship, instalments, a credit balance paid out."""

from chassis.kernel import ids
from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.billing import commands, events
from services.accounts.domain.billing.agenda import Item
from services.accounts.domain.billing.buckets import PROTECTED, PURCHASE
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.homes import home_in
from services.accounts.domain.billing.positions import standing_on
from services.accounts.domain.billing.posting import fee_charged, moved, terms_of
from services.accounts.domain.billing.rounding import share
from services.accounts.domain.billing.terms import BillingTerms, FeeKind, InstalmentProduct
from services.accounts.domain.standing.decide import mark
from services.accounts.domain.values import AccountSubStatus, Channel

HARDSHIP_DAYS_LIMIT = 366
PLANS_LIMIT = 20

Facts = tuple[Fact, ...]


def billed_terms(state: CreditAccount) -> BillingTerms:
    """The billing of the programme. Raises Refused where there is none, or no more."""
    terms = terms_of(state)
    if terms is None:
        raise Refused("NO_BILLING", "the account has no billing cycles")
    return terms


def open_terms(state: CreditAccount) -> BillingTerms:
    """The same of an account that is not being wound up. Raises Refused."""
    terms = billed_terms(state)
    if state.billing.winding_up:
        raise Refused("NO_BILLING", "the account is closed, and only what is left is billed")
    return terms


def refund_credit_balance(
    state: CreditAccount, command: commands.RefundCreditBalance, context: Context
) -> Facts:
    """Pay out all of it, also after the end of the account (12 CFR 1026.11(a)). Raises Refused
    where nothing is."""
    if act_key("credit balance", command.refund_id) in state.acts:
        return ()
    credit = -state.posted_minor
    if credit <= 0:
        raise Refused("NOT_IN_CREDIT", "the account is not in credit")
    return (
        events.CreditBalanceRefunded(
            **moved(state, credit, command.transaction_date),
            refund_id=command.refund_id,
            amount=state.money(credit),
        ),
    )


def refund_lasting_credit(
    state: CreditAccount, terms: BillingTerms, item: Item, context: Context
) -> Facts:
    """Pay out what the account has been in credit by for more than six months: 1026.11(a)(3)."""
    day = max(item.on, state.billing.cycle_opened_on)
    # What is posted with an old date may be paid out on the same day as what was before.
    place = str(len(state.acts))
    refund_id = ids.derive("lasting credit", state.account_id, day.isoformat(), place)
    refund = commands.RefundCreditBalance(
        account_id=state.account_id, refund_id=refund_id, transaction_date=day
    )
    return refund_credit_balance(state, refund, context)


def grant_hardship(
    state: CreditAccount, command: commands.GrantHardship, context: Context
) -> Facts:
    """Pause interest and fees. Raises Refused while they are paused already."""
    billed_terms(state)
    if not 1 <= command.days <= HARDSHIP_DAYS_LIMIT:
        raise Invalid("DAYS_OUT_OF_RANGE", "a pause has 1 to 366 days", field="days")
    starts_on = max(command.transaction_date, state.billing.cycle_opened_on)
    ends_on = starts_on + (command.days - 1) * DAY
    if state.billing.paused:
        known = (state.billing.paused_from, state.billing.paused_until)
        if known == (starts_on, ends_on):
            return ()
        raise Refused("ALREADY_PAUSED", "interest and fees are paused already")
    granted = events.HardshipGranted(
        account_id=state.account_id,
        customer_id=state.customer_id,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=command.reason,
        transaction_date=command.transaction_date,
    )
    return (granted, *_marked(evolve(state, granted), True, command.reason, context))


def end_hardship(state: CreditAccount, context: Context) -> Facts:
    """The pause is over."""
    ended = events.HardshipEnded(
        account_id=state.account_id,
        customer_id=state.customer_id,
        ended_on=state.billing.paused_until or context.now.date(),
    )
    return (ended, *_marked(evolve(state, ended), False, "HARDSHIP_ENDED", context))


def _marked(state: CreditAccount, so: bool, reason: str, context: Context) -> Facts:
    paused = AccountSubStatus.INTEREST_AND_FEES_PAUSED
    return mark(state, paused, so, reason, Channel.SYSTEM, context)


def agree_plan(
    state: CreditAccount, command: commands.AgreeInstalmentPlan, context: Context
) -> Facts:
    """Move what is left of a purchase into instalments. Raises NotFound for an unknown charge,
    Refused where the programme has no such product or too little of the purchase is owed."""
    terms = billed_terms(state)
    charge = charges.find(state, command.charge_id)
    key, asked = act_key("instalment plan", command.plan_id), str(command.months)
    otherwise = Refused("PLAN_AGREED_DIFFERENTLY", "another plan has this id")
    if charges.is_repeated(state, key, command.charge_id, asked, otherwise):
        return ()
    product = _product(terms, command.months)
    if act_key("in instalments", command.charge_id) in state.acts:
        raise Refused("PLAN_EXISTS", "the purchase is in a plan already")
    if any(d.charge_id == command.charge_id for d in state.billing.deferrals):
        raise Refused("PURCHASE_DEFERRED", "the purchase is under a promotion")
    if PROTECTED in home_in(state, terms, charge):
        raise Refused("PURCHASE_PROTECTED", "the purchase keeps the rate of earlier terms")
    day = max(command.transaction_date, state.billing.cycle_opened_on)
    owed = {each.bucket: each.minor for each in standing_on(state.billing, terms, day) or ()}
    if sum(plan.bucket in owed for plan in state.billing.plans) >= PLANS_LIMIT:
        raise Refused("TOO_MANY_PLANS", f"an account has at most {PLANS_LIMIT} plans")
    principal = min(charge.captured_minor - charge.refunded_minor, owed.get(PURCHASE, 0))
    if principal <= 0 or principal < product.least_amount_minor:
        raise Refused("TOO_LITTLE_FOR_PLAN", "too little of the purchase is owed for a plan")
    agreed = events.InstalmentPlanMade(
        account_id=state.account_id,
        customer_id=state.customer_id,
        plan_id=command.plan_id,
        charge_id=command.charge_id,
        principal=state.money(principal),
        months=command.months,
        apr_basis_points=product.apr_basis_points,
        transaction_date=command.transaction_date,
        posting_date=day,
    )
    fee = share(principal, product.fee_basis_points)
    after, kind = evolve(state, agreed), FeeKind.INSTALMENT_PLAN
    return (agreed, *fee_charged(after, kind, command.plan_id, fee, day))


def _product(terms: BillingTerms, months: int) -> InstalmentProduct:
    for product in terms.instalment_products:
        if product.months == months:
            return product
    raise Refused("NO_SUCH_PLAN", "the programme has no plan of so many months")
