"""Another credit limit, and what a lower one brings about: notice, and fees of the first year that
it no longer allows."""

from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.billing import commands, events
from services.accounts.domain.billing.agreements import open_terms
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.fees import to_refund
from services.accounts.domain.billing.posting import fee_waived
from services.accounts.domain.billing.terms import PENALTY_FEES, BillingTerms
from services.accounts.domain.credit_lines.ability import is_able
from services.accounts.domain.credit_lines.events import CreditLineReduced

FIRST_YEAR_LIMIT = "FIRST_YEAR_LIMIT"
NOTICE_DAYS = 45
"""So long before it has consequences a lower limit is told: 12 CFR 1026.9(c)(2)(vi)."""

Facts = tuple[Fact, ...]


def change_credit_line(
    state: CreditAccount, command: commands.ChangeCreditLine, context: Context
) -> Facts:
    """Change it. What is owed already may be more than the limit: then nothing more is approved.
    Raises Refused without billing, and where the programme's rules stand against more; Invalid
    for a negative limit."""
    terms = open_terms(state)
    limit = charges.check_currency(state, command.limit, "limit")
    if limit < 0:
        raise Invalid("LIMIT_NEGATIVE", "a limit is not negative", field="limit")
    otherwise = Refused("LIMIT_CHANGED_DIFFERENTLY", "another change has this id")
    key = act_key("limit", command.change_id)
    if charges.is_repeated(state, key, "", str(limit), otherwise):
        return ()
    _check_rules(state, terms, limit, command.transaction_date)
    day, by = command.transaction_date, command.by
    return limit_changed(state, terms, limit, command.change_id, command.reason, day, by)


def _check_rules(state: CreditAccount, terms: BillingTerms, limit: int, day: date) -> None:
    """One person may not raise a limit as far as that, nor anybody beyond what the holder can pay
    (12 CFR 1026.51(a)(1)(i)), where the programme has rules."""
    rules = terms.credit_line
    if rules is None or limit <= state.limit_minor:
        return
    if rules.two_people_above_minor and limit > rules.two_people_above_minor:
        raise Refused("SECOND_PERSON_NEEDED", "such a limit is offered and then confirmed")
    unable = is_able(state.billing, terms, rules, limit, day)
    if unable is not None:
        raise Refused(str(unable), "the holder is not known to be able to pay that")


def limit_changed(
    state: CreditAccount,
    terms: BillingTerms,
    limit: int,
    change_id: str,
    reason: str,
    day: date,
    by: str = "",
) -> Facts:
    """The change, and what a lower limit brings about; `by` is who decided, empty: the rules."""
    changed = events.LimitChanged(
        account_id=state.account_id,
        customer_id=state.customer_id,
        change_id=change_id,
        previous=state.money(state.limit_minor),
        limit=state.money(limit),
        reason=reason,
        available=state.money(state.available_minor - state.limit_minor + limit),
        transaction_date=day,
        decided_by=by,
    )
    if limit >= state.limit_minor:
        return (changed,)
    told = CreditLineReduced(
        account_id=state.account_id,
        customer_id=state.customer_id,
        change_id=change_id,
        previous=changed.previous,
        limit=changed.limit,
        reason=reason,
        consequences_from=day + NOTICE_DAYS * DAY,
        transaction_date=day,
        decided_by=by,
    )
    after = evolve(state, changed)
    return (changed, told, *_given_back(after, terms, limit, change_id, day))


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
