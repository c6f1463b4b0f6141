"""Another credit limit, and the fees of the first year that it no longer allows."""

from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.billing import commands, events
from services.accounts.domain.billing.fees import to_refund
from services.accounts.domain.billing.posting import fee_waived, terms_of
from services.accounts.domain.billing.terms import PENALTY_FEES, BillingTerms

FIRST_YEAR_LIMIT = "FIRST_YEAR_LIMIT"

Facts = tuple[Fact, ...]


def change_credit_line(
    state: CreditAccount, command: commands.ChangeCreditLine, context: Context
) -> Facts:
    """Change it. What is owed already may be more than the limit: then nothing more is approved.
    Raises Refused without billing, Invalid for a negative limit."""
    terms = terms_of(state)
    if terms is None:
        raise Refused("NO_BILLING", "the account has no billing cycles")
    limit = charges.check_currency(state, command.limit, "limit")
    if limit < 0:
        raise Invalid("LIMIT_NEGATIVE", "a limit is not negative", field="limit")
    otherwise = Refused("LIMIT_CHANGED_DIFFERENTLY", "another change has this id")
    key = act_key("limit", command.change_id)
    if charges.is_repeated(state, key, "", str(limit), otherwise):
        return ()
    changed = events.LimitChanged(
        account_id=state.account_id,
        customer_id=state.customer_id,
        change_id=command.change_id,
        previous=state.money(state.limit_minor),
        limit=command.limit,
        reason=command.reason,
        available=state.money(state.available_minor - state.limit_minor + limit),
        transaction_date=command.transaction_date,
    )
    if limit >= state.limit_minor:
        return (changed,)
    after, day = evolve(state, changed), command.transaction_date
    return (changed, *_given_back(after, terms, limit, command.change_id, day))


def _given_back(
    state: CreditAccount, terms: BillingTerms, limit: int, change_id: str, day: date
) -> Facts:
    """Fees above the share of the lower limit, the latest first (comment 52(a)(1)-3.ii)."""
    left = to_refund(state.billing, terms, limit, day)
    found: Facts = ()
    for fee in reversed(state.billing.fees):
        part = min(left, fee.minor - fee.waived_minor)
        if not part or fee.kind in PENALTY_FEES:
            continue
        waiver = f"{change_id} {fee.fee_id}"
        waived = fee_waived(state, fee, waiver, part, FIRST_YEAR_LIMIT, day, part)
        state, left = evolve(state, waived), left - part
        found += (waived,)
    return found
