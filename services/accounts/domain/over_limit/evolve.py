"""How each fact changes what is known about exceeding the limit; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.over_limit import events
from services.accounts.domain.over_limit.state import Consent

CONSENTS_LIMIT = 8
"""Consents that are remembered, the latest."""


def _given(before: Billing, terms: BillingTerms, fact: events.OverLimitConsentGiven) -> Billing:
    given = Consent(consent_id=fact.consent_id, given_on=fact.transaction_date)
    known = before.over_limit
    consents = (*known.consents[-(CONSENTS_LIMIT - 1) :], given)
    return replace(before, over_limit=replace(known, consents=consents))


def _changed(before: Billing, consent_id: str, **changes: Any) -> Billing:
    known = before.over_limit
    consents = tuple(
        replace(each, **changes) if each.consent_id == consent_id else each
        for each in known.consents
    )
    return replace(before, over_limit=replace(known, consents=consents))


def _confirmed(
    before: Billing, terms: BillingTerms, fact: events.OverLimitConsentConfirmed
) -> Billing:
    # What a statement confirms counts from the next cycle on.
    day = fact.transaction_date + DAY if fact.with_statement else fact.transaction_date
    return _changed(before, fact.consent_id, confirmed_on=day)


def _revoked(before: Billing, terms: BillingTerms, fact: events.OverLimitConsentRevoked) -> Billing:
    return _changed(before, fact.consent_id, revoked_on=fact.transaction_date)


def _exceeded(before: Billing, terms: BillingTerms, fact: events.LimitExceeded) -> Billing:
    known = replace(
        before.over_limit,
        transaction_in=fact.transaction_in,
        fees=fact.fees,
        charged_in=fact.number,
    )
    return replace(before, over_limit=known)


BILLED: dict[type[Fact], Callable[[Billing, BillingTerms, Any], Billing]] = {
    events.OverLimitConsentGiven: _given,
    events.OverLimitConsentConfirmed: _confirmed,
    events.OverLimitConsentRevoked: _revoked,
    events.LimitExceeded: _exceeded,
}
"""What each fact does to billing."""
