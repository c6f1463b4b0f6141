"""Deciding what the house offers, with two people where it is much, and the holder's answer."""

from datetime import date
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agenda import Item
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.credit_line import limit_changed
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.credit_lines import commands, events
from services.accounts.domain.credit_lines.requesting import (
    REQUESTED,
    check_higher,
    check_still_good,
    is_done,
    rules_of,
)
from services.accounts.domain.credit_lines.rules import CreditLineRules
from services.accounts.domain.credit_lines.state import ChangeKind, Pending

Facts = tuple[Fact, ...]

OFFER_ACCEPTED = "OFFER_ACCEPTED"
REVIEWER = "service:accounts"
"""Who proposes what a review by the rules finds."""


def offer(state: CreditAccount, command: commands.OfferCreditLine, context: Context) -> Facts:
    """Offer a limit, or propose it where another has to confirm. Raises Refused with the first
    thing that stands against it, ability to pay above all (comment 51(a)(1)(i)-3)."""
    terms, rules = rules_of(state)
    limit = charges.check_currency(state, command.limit, "limit")
    if is_done(state, "offer", command.offer_id, str(limit)):
        return ()
    check_higher(state, limit)
    if state.billing.credit_line.offer is not None:
        raise Refused("OFFER_OPEN", "the holder has an offer already")
    check_still_good(state, terms, rules, limit, command)
    day = command.transaction_date
    return offered_or_proposed(
        state, rules, limit, command.offer_id, command.reason, command.by, day
    )


def offered_or_proposed(
    state: CreditAccount,
    rules: CreditLineRules,
    limit: int,
    offer_id: str,
    reason: str,
    by: str,
    day: date,
) -> Facts:
    """The offer; above what one may grant, `by` is for it and another has to confirm."""
    if not rules.two_people_above_minor or limit <= rules.two_people_above_minor:
        return (_offered(state, rules, limit, offer_id, reason, by, day),)
    return (
        events.CreditLineChangeProposed(
            account_id=state.account_id,
            customer_id=state.customer_id,
            change_id=offer_id,
            kind=ChangeKind.OFFER,
            limit=state.money(limit),
            reason=reason,
            proposed_by=by,
            transaction_date=day,
        ),
    )


def _offered(
    state: CreditAccount,
    rules: CreditLineRules,
    limit: int,
    offer_id: str,
    reason: str,
    by: str,
    day: date,
) -> events.CreditLineOffered:
    return events.CreditLineOffered(
        account_id=state.account_id,
        customer_id=state.customer_id,
        offer_id=offer_id,
        previous=state.money(state.limit_minor),
        limit=state.money(limit),
        reason=reason,
        expires_on=day + rules.offer_days * DAY,
        transaction_date=day,
        offered_by="" if by == REVIEWER else by,
    )


def confirm(state: CreditAccount, command: commands.ConfirmCreditLine, context: Context) -> Facts:
    """A second person decides. Raises NotFound where nothing waits under this id, Refused to
    whoever proposed it."""
    terms, rules = rules_of(state)
    asked = "approve" if command.approve else "reject"
    if is_done(state, "confirmation", command.change_id, asked):
        return ()
    waits = state.billing.credit_line.pending
    if waits is None or waits.change_id != command.change_id or not waits.proposed_by:
        raise NotFound("CREDIT_LINE_CHANGE_NOT_FOUND", "no such change waits for a second person")
    if waits.proposed_by == command.by:
        raise Refused("SECOND_PERSON_NEEDED", "whoever proposed a change does not decide it")
    if not command.approve:
        return _rejected(state, waits, command)
    check_still_good(state, terms, rules, waits.limit_minor, command)
    confirmed = events.CreditLineChangeConfirmed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        change_id=waits.change_id,
        kind=waits.kind,
        limit=state.money(waits.limit_minor),
        confirmed_by=command.by,
        transaction_date=command.transaction_date,
    )
    after, day = evolve(state, confirmed), command.transaction_date
    limit, change_id, by = waits.limit_minor, waits.change_id, command.by
    if waits.kind is ChangeKind.OFFER:
        return (confirmed, _offered(after, rules, limit, change_id, command.reason, by, day))
    return (confirmed, *limit_changed(after, terms, limit, change_id, REQUESTED, day, by))


def _rejected(state: CreditAccount, waits: Pending, command: commands.ConfirmCreditLine) -> Facts:
    rejected = events.CreditLineChangeRejected(
        account_id=state.account_id,
        customer_id=state.customer_id,
        change_id=waits.change_id,
        reason=command.reason,
        rejected_by=command.by,
        transaction_date=command.transaction_date,
    )
    if waits.kind is ChangeKind.OFFER:
        return (rejected,)
    declined = events.CreditLineRequestDeclined(
        account_id=state.account_id,
        customer_id=state.customer_id,
        request_id=waits.change_id,
        limit=state.money(waits.limit_minor),
        reasons=(command.reason,),
        declined_by=command.by,
        transaction_date=command.transaction_date,
    )
    return (rejected, declined)


def answer(
    state: CreditAccount, command: commands.AnswerCreditLineOffer, context: Context
) -> Facts:
    """Take the offer or not. Raises NotFound where there is none of this id, Refused after its
    last day and where the holder may not be granted it any more."""
    terms, rules = rules_of(state)
    asked = "accept" if command.accept else "decline"
    if is_done(state, "answer", command.offer_id, asked):
        return ()
    known, day = state.billing.credit_line.offer, command.transaction_date
    if known is None or known.offer_id != command.offer_id:
        raise NotFound("OFFER_NOT_FOUND", "there is no such offer, or not any more")
    named: dict[str, Any] = {
        "account_id": state.account_id,
        "customer_id": state.customer_id,
        "offer_id": known.offer_id,
        "transaction_date": day,
    }
    if not command.accept:
        return (events.CreditLineOfferDeclined(**named),)
    if day > known.expires_on:
        raise Refused("OFFER_EXPIRED", "the offer was good until the day before")
    limit = known.limit_minor
    check_still_good(state, terms, rules, limit, command)
    accepted = events.CreditLineOfferAccepted(**named, limit=state.money(limit))
    after = evolve(state, accepted)
    return (accepted, *limit_changed(after, terms, limit, known.offer_id, OFFER_ACCEPTED, day))


def expire(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """The day after its last nobody can accept an offer any more."""
    known = state.billing.credit_line.offer
    if known is None:
        return ()
    return (
        events.CreditLineOfferExpired(
            account_id=state.account_id,
            customer_id=state.customer_id,
            offer_id=known.offer_id,
            transaction_date=item.on,
        ),
    )
