"""Promotions that end early as a payment is more than 60 days late, and go on when six in a row
were made in time (12 CFR 1026.55(b)(4), comment 55(b)(1)-3.ii.C)."""

from datetime import date

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.disputed import disputed_in
from services.accounts.domain.billing.positions import standing_on
from services.accounts.domain.billing.posting import moved
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.deferring import events
from services.accounts.domain.deferring.state import Deferral

Facts = tuple[Fact, ...]


def cut_short(state: CreditAccount, effective_from: date, day: date) -> Facts:
    """Those whose terms say so are over when the time of notice is: then what accrued is charged,
    unless the balance is paid by then."""
    return tuple(
        events.DeferralShortened(
            account_id=state.account_id,
            customer_id=state.customer_id,
            deferral_id=each.deferral_id,
            promised_until=each.ends_on,
            ends_on=effective_from - DAY,
            transaction_date=day,
        )
        for each in state.billing.deferrals
        if each.ends_past_due and not each.settled and each.ends_on >= effective_from
    )


def resumed(state: CreditAccount, terms: BillingTerms, day: date) -> Facts:
    """Interest ceases to be charged on what is left of such a balance, until the day that was
    promised: what accrues from now on is never charged if it is paid by then."""
    standing = standing_on(state.billing, terms, day, disputed_in(state)) or ()
    owed = {each.bucket for each in standing}
    return tuple(
        _resumed(state, each, day, each.promised_until, day)
        for each in state.billing.deferrals
        if each.promised_until is not None
        and each.promised_until >= day
        and (each.bucket in owed or not each.settled)
    )


def restored(state: CreditAccount, day: date) -> Facts:
    """They never were to end early: what was charged for it is given back."""
    told: Facts = ()
    charged = 0
    for each in state.billing.deferrals:
        if each.promised_until is None:
            continue
        if each.charged_minor:
            charged += each.charged_minor
            told += (_reversed(state, each, charged, day),)
        told += (_resumed(state, each, each.ends_on + DAY, each.promised_until, day),)
    return told


def _reversed(
    state: CreditAccount, deferral: Deferral, so_far: int, day: date
) -> events.DeferredInterestReversed:
    return events.DeferredInterestReversed(
        **moved(state, -so_far, day),
        deferral_id=deferral.deferral_id,
        ends_on=deferral.ends_on,
        amount=state.money(deferral.charged_minor),
        disputed=state.money(deferral.disputed_minor),
    )


def _resumed(
    state: CreditAccount, deferral: Deferral, resumes_on: date, ends_on: date, day: date
) -> events.DeferralResumed:
    return events.DeferralResumed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        deferral_id=deferral.deferral_id,
        resumes_on=resumes_on,
        ends_on=ends_on,
        transaction_date=day,
    )
