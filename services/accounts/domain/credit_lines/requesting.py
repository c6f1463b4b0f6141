"""Deciding what the holder asks for, and what people decide of it."""

from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agreements import open_terms
from services.accounts.domain.billing.credit_line import limit_changed
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.credit_lines import commands, events
from services.accounts.domain.credit_lines.ability import YOUNG_YEARS, capacity, objections
from services.accounts.domain.credit_lines.rules import CreditLineRules
from services.accounts.domain.credit_lines.state import ChangeKind

Facts = tuple[Fact, ...]

AGE_UNKNOWN = "AGE_UNKNOWN"
YOUNGER_THAN_21 = "YOUNGER_THAN_21"
"""Nobody knows here whether somebody else is liable with the holder, who would have to agree
(12 CFR 1026.51(b)(2)), so that a person has to look."""
ABOVE_ONE_PERSONS_LIMIT = "ABOVE_ONE_PERSONS_LIMIT"
REQUESTED = "REQUESTED"


def rules_of(state: CreditAccount) -> tuple[BillingTerms, CreditLineRules]:
    """The billing and its rules. Raises Refused where there are none."""
    terms = open_terms(state)
    if terms.credit_line is None:
        raise Refused("NO_CREDIT_LINE_RULES", "the programme has no rules for other limits")
    return terms, terms.credit_line


def is_done(state: CreditAccount, kind: str, change_id: str, asked: str) -> bool:
    """Whether it was asked already. Raises Refused where something else was, under the same id."""
    known = state.billing.credit_line.done.get(f"{kind} {change_id}")
    if known is None or known == asked:
        return known is not None
    raise Refused("CREDIT_LINE_ASKED_DIFFERENTLY", "another request or answer has this id")


def check_higher(state: CreditAccount, limit_minor: int) -> None:
    """Raises Invalid for a limit that is none, Refused while another is waited for."""
    if limit_minor <= state.limit_minor:
        raise Invalid("LIMIT_NOT_HIGHER", "the limit is as high already", field="limit")
    if state.billing.credit_line.pending is not None:
        raise Refused("CHANGE_PENDING", "another change waits to be decided")


def _amount(state: CreditAccount, command: commands.RequestCreditLine, field: str) -> int:
    amount = charges.check_currency(state, getattr(command, field), field)
    if amount < 0:
        raise Invalid("AMOUNT_NEGATIVE", "an amount is not negative", field=field)
    return amount


def request(state: CreditAccount, command: commands.RequestCreditLine, context: Context) -> Facts:
    """Decide by the rules, or leave it to people. Raises Invalid unless the limit is higher."""
    terms, rules = rules_of(state)
    if is_done(state, "request", command.request_id, command.request_digest):
        return ()
    limit, day = charges.check_currency(state, command.limit, "limit"), command.transaction_date
    income, owed = (_amount(state, command, f) for f in ("annual_income", "monthly_obligations"))
    check_higher(state, limit)
    named: dict[str, Any] = {
        "account_id": state.account_id,
        "customer_id": state.customer_id,
        "request_id": command.request_id,
        "limit": command.limit,
        "transaction_date": day,
    }
    requested = events.CreditLineRequested(
        **named,
        annual_income=command.sealed_income,
        monthly_obligations=command.sealed_obligations,
        request_digest=command.request_digest,
        capacity=state.money(capacity(rules, income, owed)),
        young=None if command.age_years is None else command.age_years < YOUNG_YEARS,
    )
    after = evolve(state, requested)
    against = tuple(str(each) for each in objections(after, terms, rules, limit, day))
    if against:
        no = events.CreditLineRequestDeclined(**named, reasons=against, declined_by="")
        return (requested, no)
    referred = _referrals(requested, rules)
    if referred:
        return (requested, events.CreditLineRequestReferred(**named, reasons=referred))
    request_id = command.request_id
    return (requested, *limit_changed(after, terms, limit, request_id, REQUESTED, day))


def _referrals(asked: events.CreditLineRequested, rules: CreditLineRules) -> tuple[str, ...]:
    """Why people have to decide."""
    bound = rules.two_people_above_minor
    found = {
        AGE_UNKNOWN: asked.young is None,
        YOUNGER_THAN_21: asked.young,
        ABOVE_ONE_PERSONS_LIMIT: bound and asked.limit.minor_units > bound,
    }
    return tuple(reason for reason, so in found.items() if so)


def decide_request(
    state: CreditAccount, command: commands.DecideCreditLineRequest, context: Context
) -> Facts:
    """One person's decision; more than one may grant, another has to confirm. Raises NotFound
    where nothing waits under this id, Refused where the holder is no longer eligible."""
    terms, rules = rules_of(state)
    asked = "approve" if command.approve else "decline"
    if is_done(state, "decision", command.request_id, asked):
        return ()
    waits = state.billing.credit_line.pending
    if waits is None or waits.change_id != command.request_id or waits.proposed_by:
        raise NotFound("CREDIT_LINE_REQUEST_NOT_FOUND", "no such request waits for a decision")
    limit, day, by = waits.limit_minor, command.transaction_date, command.by
    if not command.approve:
        return (
            events.CreditLineRequestDeclined(
                account_id=state.account_id,
                customer_id=state.customer_id,
                request_id=waits.change_id,
                limit=state.money(limit),
                reasons=(command.reason,),
                declined_by=command.by,
                transaction_date=day,
            ),
        )
    check_still_good(state, terms, rules, limit, command)
    proposed = events.CreditLineChangeProposed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        change_id=waits.change_id,
        kind=ChangeKind.REQUEST,
        limit=state.money(limit),
        reason=command.reason,
        proposed_by=command.by,
        transaction_date=day,
    )
    if rules.two_people_above_minor and limit > rules.two_people_above_minor:
        return (proposed,)
    after = evolve(state, proposed)
    return (proposed, *limit_changed(after, terms, limit, waits.change_id, REQUESTED, day, by))


def check_still_good(
    state: CreditAccount,
    terms: BillingTerms,
    rules: CreditLineRules,
    limit_minor: int,
    command: commands.DecideCreditLineRequest
    | commands.ConfirmCreditLine
    | commands.AnswerCreditLineOffer
    | commands.OfferCreditLine,
) -> None:
    """Raises Refused with the first thing that stands against a limit by now."""
    found = objections(state, terms, rules, limit_minor, command.transaction_date)
    if found:
        raise Refused(str(found[0]), "the limit cannot be raised now")
