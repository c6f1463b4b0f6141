"""The review of a limit in time, by the programme's rules: kept, raised or lowered, and why."""

from datetime import date
from typing import NamedTuple

from chassis.kernel.decider import Context
from chassis.kernel.events import Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agenda import Item
from services.accounts.domain.billing.credit_line import limit_changed
from services.accounts.domain.billing.rounding import BASIS_POINTS, share
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.credit_lines import commands, events
from services.accounts.domain.credit_lines.ability import objections
from services.accounts.domain.credit_lines.offering import REVIEWER, offered_or_proposed
from services.accounts.domain.credit_lines.requesting import is_done, rules_of
from services.accounts.domain.credit_lines.rules import CreditLineRules
from services.accounts.domain.credit_lines.state import ReviewOutcome
from services.accounts.domain.values import AccountStatus

STATEMENTS_LOOKED_AT = 6
"""The utilisation is that of so many latest statements, and of no fewer."""
PAYMENTS_LOOKED_AT = 12

LATE_PAYMENTS, PAST_DUE, LITTLE_USED = "LATE_PAYMENTS", "PAYMENTS_PAST_DUE", "LITTLE_USED"
MUCH_USED, USED_AS_EXPECTED, TOO_FEW = "MUCH_USED", "USED_AS_EXPECTED", "TOO_FEW_STATEMENTS"
CHANGE_PENDING, OWED_ALREADY = "CHANGE_PENDING", "AS_MUCH_IS_OWED"

Facts = tuple[Fact, ...]


class Seen(NamedTuple):
    """What a review looks at; `utilisation` is None before there are enough statements."""

    utilisation: int | None
    late: int
    days_past_due: int


class Verdict(NamedTuple):
    """What it comes to."""

    limit_minor: int
    reasons: tuple[str, ...]


def seen_in(billing: Billing, limit_minor: int) -> Seen:
    """The figures by the statements that are remembered."""
    latest = billing.dues[-STATEMENTS_LOOKED_AT:]
    utilisation = None
    if len(latest) == STATEMENTS_LOOKED_AT and limit_minor:
        owed = sum(max(0, due.closing_minor) for due in latest)
        utilisation = owed * BASIS_POINTS // (STATEMENTS_LOOKED_AT * limit_minor)
    checked = [due for due in billing.dues if due.checked][-PAYMENTS_LOOKED_AT:]
    late = sum(1 for due in checked if not due.met)
    return Seen(utilisation, late, billing.delinquency_days)


def verdict_of(
    state: CreditAccount, terms: BillingTerms, rules: CreditLineRules, seen: Seen, day: date
) -> Verdict:
    """By the rules: what is past due lowers first, then little use; only who pays in time, uses
    the limit and can pay more is raised."""
    limit = state.limit_minor
    if state.status is not AccountStatus.ACTIVE:
        return Verdict(limit, ("ACCOUNT_NOT_ACTIVE",))
    if rules.lower_at_days_past_due and seen.days_past_due >= rules.lower_at_days_past_due:
        return _lowered(state, rules, PAST_DUE)
    if seen.days_past_due or seen.late:
        return Verdict(limit, (PAST_DUE if seen.days_past_due else LATE_PAYMENTS,))
    if seen.utilisation is None:
        return Verdict(limit, (TOO_FEW,))
    if seen.utilisation < rules.lower_below_utilisation_basis_points:
        return _lowered(state, rules, LITTLE_USED)
    if not rules.raise_by_basis_points:
        return Verdict(limit, (USED_AS_EXPECTED,))
    if seen.utilisation < rules.raise_from_utilisation_basis_points:
        return Verdict(limit, (USED_AS_EXPECTED,))
    line = state.billing.credit_line
    if line.pending or line.offer:
        return Verdict(limit, (CHANGE_PENDING,))
    higher = limit + share(limit, rules.raise_by_basis_points)
    if rules.largest_limit_minor:
        higher = max(limit, min(higher, rules.largest_limit_minor))
    against = tuple(str(each) for each in objections(state, terms, rules, higher, day))
    if against or higher == limit:
        return Verdict(limit, against or ("ABOVE_LARGEST_LIMIT",))
    return Verdict(higher, (MUCH_USED,))


def _lowered(state: CreditAccount, rules: CreditLineRules, reason: str) -> Verdict:
    """Never below what is owed and held already, nor below the least limit."""
    wanted = state.limit_minor - share(state.limit_minor, rules.lower_by_basis_points)
    taken = state.posted_minor + state.held_minor
    lower = max(wanted, taken, rules.least_limit_minor)
    if lower < state.limit_minor:
        return Verdict(lower, (reason,))
    return Verdict(state.limit_minor, (reason, *([OWED_ALREADY] if taken > wanted else [])))


def review(
    state: CreditAccount,
    terms: BillingTerms,
    rules: CreditLineRules,
    review_id: str,
    because: str,
    day: date,
) -> Facts:
    """What was seen and decided, and what follows."""
    seen = seen_in(state.billing, state.limit_minor)
    limit, reasons = verdict_of(state, terms, rules, seen, day)
    before = state.limit_minor
    outcome = ReviewOutcome.KEPT if limit == before else ReviewOutcome.LOWERED
    if limit > before:
        above = rules.two_people_above_minor and limit > rules.two_people_above_minor
        raised = ReviewOutcome.RAISED if rules.raises_without_asking else ReviewOutcome.OFFERED
        outcome = ReviewOutcome.PROPOSED if above else raised
    reviewed = events.CreditLineReviewed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        review_id=review_id,
        outcome=outcome,
        limit=state.money(limit),
        reasons=reasons,
        utilisation_basis_points=seen.utilisation or 0,
        late_payments=seen.late,
        days_past_due=seen.days_past_due,
        asked_because=because,
        transaction_date=day,
    )
    after = evolve(state, reviewed)
    if outcome is ReviewOutcome.KEPT:
        return (reviewed,)
    if outcome in (ReviewOutcome.OFFERED, ReviewOutcome.PROPOSED):
        return (
            reviewed,
            *offered_or_proposed(after, rules, limit, review_id, reasons[0], REVIEWER, day),
        )
    return (reviewed, *limit_changed(after, terms, limit, review_id, reasons[0], day))


def review_in_time(
    state: CreditAccount, terms: BillingTerms, item: Item, context: Context
) -> Facts:
    """The review of a business date; one that was not held in time is held once."""
    rules = terms.credit_line
    assert rules is not None, "only rules put a review on the agenda"
    day = max(item.on, state.billing.cycle_opened_on)
    return review(state, terms, rules, f"review {day.isoformat()}", "", day)


def review_now(state: CreditAccount, command: commands.ReviewCreditLine, context: Context) -> Facts:
    """Somebody wants to know now."""
    terms, rules = rules_of(state)
    if is_done(state, "review", command.review_id, ""):
        return ()
    day = command.transaction_date
    return review(state, terms, rules, command.review_id, command.reason, day)
