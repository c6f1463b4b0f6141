"""The billing day: everything due on an account up to a date, in order, each at most once."""

from collections.abc import Callable
from datetime import date
from functools import reduce

from chassis.kernel.decider import Context
from chassis.kernel.errors import Error
from chassis.kernel.events import Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import commands, events
from services.accounts.domain.billing.agenda import Item, Step, autopay_of, next_due_on, next_item
from services.accounts.domain.billing.agreements import end_hardship, refund_lasting_credit
from services.accounts.domain.billing.cutting import cut
from services.accounts.domain.billing.disputed import awaited_in, disputed_in
from services.accounts.domain.billing.dues import credited_since, due_of_number, paid_towards
from services.accounts.domain.billing.lateness import age, charge_off, check_due, cured, penalise
from services.accounts.domain.billing.posting import moved, ordinary_fee, terms_ever
from services.accounts.domain.billing.required import required_on
from services.accounts.domain.billing.sheet import balances_of
from services.accounts.domain.billing.state import total
from services.accounts.domain.billing.terms import AutopayKind, BillingTerms, FeeKind
from services.accounts.domain.collecting.drawing import drawn
from services.accounts.domain.credit_lines import offering, reviewing
from services.accounts.domain.deferring import settling
from services.accounts.domain.over_limit.charging import confirmed_with, over_limit_fee
from services.accounts.domain.repaying import decide as repaying
from services.accounts.domain.repricing.going_over import go_over

STEPS_LIMIT = 2_000
"""Steps of one command; what is left is done by the next one."""

Facts = tuple[Fact, ...]


def process(state: CreditAccount, command: commands.ProcessBillingDay, context: Context) -> Facts:
    """Do what is due. Nothing where the programme has no billing, or nothing is due.

    Raises Error BILLING_STUCK when a step that is due does nothing: it would stay due for ever.
    """
    told: list[Fact] = []
    for _ in range(STEPS_LIMIT):
        before = len(told)
        terms = terms_ever(state)
        item = next_item(state.billing, terms) if terms else None
        if terms is None or item is None or item.on > command.business_date:
            break
        over = state.billing.ended
        for fact in STEPS[item.step](state, terms, item, context):
            state = evolve(state, fact)
            told.append(fact)
        for fact in () if state.billing.ended and over else cured(state, context):
            state = evolve(state, fact)
            told.append(fact)
        if len(told) == before:
            raise Error("BILLING_STUCK", "a step of billing is due and does nothing")
    return (*told, *agenda_set(state, command.business_date))


def agenda_set(state: CreditAccount, day: date) -> Facts:
    """The next day on which something is due, where it is another than was said, and what was
    said is over or too late."""
    if not state.billing.number:
        return ()
    terms = terms_ever(state)
    following = next_due_on(state.billing, terms) if terms else None
    said = state.billing.agenda_on
    if following == said or (said and following and day < said < following):
        return ()
    return (
        events.BillingAgendaSet(
            account_id=state.account_id, programme_id=state.programme_id, next_due_on=following
        ),
    )


# The end of a cycle


def close(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """Charge the interest of the cycle, and cut its statement."""
    day, before, awaited = item.on, disputed_in(state), awaited_in(state)
    told: Facts = over_limit_fee(state, terms, day)
    state = reduce(evolve, told, state)
    statement, streak, deferred = cut(
        state.account_id, state.currency, state.limit_minor, state.billing, terms, before, awaited
    )
    charged = balances_of((each.bucket, each.interest_minor) for each in statement.balances)
    if interest := sum(each.minor for each in charged):
        told += (
            events.InterestCharged(
                **moved(state, interest, day),
                number=statement.number,
                amount=state.money(interest),
                by_bucket=charged,
            ),
        )
    return (
        *told,
        events.StatementCut(
            account_id=state.account_id,
            customer_id=state.customer_id,
            statement_id=statement.statement_id,
            number=statement.number,
            opened_on=statement.opened_on,
            closed_on=statement.closed_on,
            due_on=statement.due_on,
            closing=state.money(statement.closing_minor),
            minimum=state.money(statement.minimum.total_minor),
            past_due=state.money(statement.minimum.past_due_minor),
            streak=streak,
            disputed=before,
            deferred=deferred,
            statement=statement,
            transaction_date=day,
            awaited_minor=awaited,
        ),
        *confirmed_with(state, day),
    )


def annual_fee(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """The fee for a year of the account."""
    event = item.on.isoformat()
    charged = ordinary_fee(state, terms, FeeKind.ANNUAL, event, 0, item.on)
    return charged or (events.AnnualFeeSkipped(account_id=state.account_id, due_on=item.on),)


def end_pause(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """Interest and fees are charged again."""
    return end_hardship(state, context)


# Due dates


def autopay(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """Collect what the holder or the programme has chosen, at most what is owed and not on its way
    already."""
    due = due_of_number(state.billing, item.subject)
    pending = state.billing.collecting.pending_minor
    kind, fixed = autopay_of(state.billing, terms)
    wanted = {
        AutopayKind.MINIMUM: due.minimum_now - paid_towards(state.billing, due) - pending,
        AutopayKind.STATEMENT: due.closing_now - credited_since(state.billing, due) - pending,
        AutopayKind.FIXED: fixed,
    }.get(kind, 0)
    amount = min(wanted, state.posted_minor - total(disputed_in(state)) - pending)
    source = f"autopay {due.number}"
    if amount <= 0:
        number = due.number
        return (
            events.AutopaySkipped(
                account_id=state.account_id, number=number, transaction_date=item.on
            ),
        )
    # Whoever chooses it after the close, before the due date is checked, pays in the open cycle.
    return drawn(state, source, source, amount, max(item.on, state.billing.cycle_opened_on))


def restore_required(
    state: CreditAccount, terms: BillingTerms, item: Item, context: Context
) -> Facts:
    """The time to pay what a dispute was lost for is over: it is required again (1026.13(g)(2))."""
    return required_on(state, item.on)


STEPS: dict[Step, Callable[[CreditAccount, BillingTerms, Item, Context], Facts]] = {
    Step.END_DEFERRAL: settling.ended,
    Step.ANNUAL_FEE: annual_fee,
    Step.COLLECT: repaying.draw,
    Step.AUTOPAY: autopay,
    Step.CHECK_DUE: check_due,
    Step.AGE: age,
    Step.CHARGE_OFF: charge_off,
    Step.CLOSE: close,
    Step.END_PAUSE: end_pause,
    Step.EXPIRE_OFFER: offering.expire,
    Step.REVIEW: reviewing.review_in_time,
    Step.RESTORE_REQUIRED: restore_required,
    Step.GO_OVER: go_over,
    Step.PENALISE: penalise,
    Step.REFUND_CREDIT: refund_lasting_credit,
}
"""What is done for each thing that is due."""
