"""How each fact about dearer terms changes billing; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.repricing import events
from services.accounts.domain.repricing.state import Announcement


def _announced(before: Billing, terms: BillingTerms, fact: events.MigrationAnnounced) -> Billing:
    announced = Announcement(
        programme_version=fact.programme_version,
        terms=fact.terms,
        announced_on=fact.transaction_date,
        effective_on=fact.effective_on,
        protected_until=fact.protected_until,
        raised=fact.raised,
    )
    return replace(before, announced=announced)


def _rejected(before: Billing, terms: BillingTerms, fact: events.MigrationRejected) -> Billing:
    if before.announced is None:
        return before
    return replace(before, announced=replace(before.announced, rejected=True))


def _lapsed(before: Billing, terms: BillingTerms, fact: events.MigrationLapsed) -> Billing:
    return replace(before, announced=None)


BILLED: dict[type[Fact], Callable[[Billing, BillingTerms, Any], Billing]] = {
    events.MigrationAnnounced: _announced,
    events.MigrationRejected: _rejected,
    events.MigrationLapsed: _lapsed,
}
"""What each fact does to billing."""
