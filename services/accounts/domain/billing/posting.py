"""The facts of billing that move money, made from an account as it stands."""

from datetime import date
from typing import Any

from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import events
from services.accounts.domain.billing.fees import ordinary, penalty
from services.accounts.domain.billing.state import ChargedFee
from services.accounts.domain.billing.terms import BillingTerms, FeeKind


def terms_of(state: CreditAccount) -> BillingTerms | None:
    """The billing of the programme, if cycles run on the account."""
    terms = state.terms.billing if state.terms else None
    return terms if state.billing.active else None


def terms_ever(state: CreditAccount) -> BillingTerms | None:
    """The same, also where they ran once: something may be due still."""
    return state.terms.billing if state.terms and state.billing.number else None


def moved(state: CreditAccount, signed_minor: int, day: date) -> dict[str, Any]:
    """What every such fact carries, when so much more is owed."""
    return {
        "account_id": state.account_id,
        "customer_id": state.customer_id,
        "available": state.money(state.available_minor - signed_minor),
        "balance": state.money(state.posted_minor + signed_minor),
        "transaction_date": day,
        "posting_date": day,
    }


def is_paused(state: CreditAccount, day: date) -> bool:
    """Whether interest and fees are paused on a day."""
    since, until = state.billing.paused_from, state.billing.paused_until
    return since is not None and since <= day <= (until or day)


def fee_charged(
    state: CreditAccount, kind: FeeKind, event: str, amount_minor: int, day: date
) -> tuple[events.FeeCharged, ...]:
    """The fee, if there is any of it and fees are not paused."""
    if amount_minor <= 0 or is_paused(state, day):
        return ()
    fee_id = f"{kind.lower()} {event}"
    if any(fee.fee_id == fee_id for fee in state.billing.fees):
        return ()
    return (
        events.FeeCharged(
            **moved(state, amount_minor, day),
            fee_id=fee_id,
            kind=kind,
            event=event,
            number=state.billing.number,
            amount=state.money(amount_minor),
        ),
    )


def penalty_fee(
    state: CreditAccount, terms: BillingTerms, kind: FeeKind, event: str, most: int, day: date
) -> tuple[events.FeeCharged, ...]:
    """A fee for a violation."""
    amount = penalty(state.billing, terms, kind, event, most, day)
    return fee_charged(state, kind, event, amount, day)


def ordinary_fee(
    state: CreditAccount, terms: BillingTerms, kind: FeeKind, event: str, base: int, day: date
) -> tuple[events.FeeCharged, ...]:
    """A fee that is for no violation."""
    return fee_charged(state, kind, event, ordinary(state.billing, terms, kind, base, day), day)


def fee_waived(
    state: CreditAccount,
    fee: ChargedFee,
    waiver_id: str,
    amount_minor: int,
    reason: str,
    day: date,
    asked_minor: int = 0,
) -> events.FeeWaived:
    """All or part of a fee given back, never in a cycle that is told already."""
    day = max(day, state.billing.cycle_opened_on)
    return events.FeeWaived(
        **moved(state, -amount_minor, day),
        fee_id=fee.fee_id,
        waiver_id=waiver_id,
        kind=fee.kind,
        asked_minor=asked_minor,
        amount=state.money(amount_minor),
        reason=reason,
    )
