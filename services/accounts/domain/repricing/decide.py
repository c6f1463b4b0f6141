"""Deciding about dearer terms: 12 CFR 1026.9(c)(2) and (h), and 1026.55."""

from collections.abc import Callable
from datetime import date
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agreements import billed_terms, open_terms
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.fees import first_year_ends_on, in_first_year
from services.accounts.domain.billing.following import with_billing
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.programmes.state import Version, no_version
from services.accounts.domain.repricing import commands, events
from services.accounts.domain.repricing.comparing import raised, repays_otherwise
from services.accounts.domain.repricing.state import (
    NOT_IN_FIRST_YEAR,
    REJECTABLE,
    Announcement,
    Raised,
)
from services.accounts.domain.repricing.summarising import changes

NOTICE_DAYS = 45
"""Before dearer terms are in effect their holder is told of them: 1026.9(c)(2)(i)."""
NOTICE_DAYS_MOST = 120
"""Not earlier, so that what was bought since is still known when they are."""
PROTECTED_DAYS = 14
"""What is bought so many days after the notice keeps its rate, too: 1026.55(b)(3)(ii)."""
REASONS_LIMIT = 4
"""No more than four principal reasons are told: 1026.9(c)(2)(iv)(A)(8)."""
REPRICED = "PROGRAMME_REPRICED"
"""Why rates are raised where nobody says more: all who have the programme get other terms."""
PROTECTIONS_LIMIT = 12
"""So many times rates may be raised with something under them kept apart."""

Facts = tuple[Fact, ...]


def announce(state: CreditAccount, command: commands.AnnounceMigration, context: Context) -> Facts:
    """Announce it once. Raises NotFound for a version that there is not, and Refused where it is
    not dearer, another is announced, it is too soon, or the law stands against it."""
    old = open_terms(state)
    if command.programme_id != state.programme_id:
        raise Refused("PROGRAMME_OF_ANOTHER", "the account is on another programme")
    version, today = command.version, command.today or context.now.date()
    if version is None:
        raise no_version()
    if _is_announced(state.billing.announced, command):
        return ()
    opened_on = state.billing.opened_on or today
    found = raised(state.in_force, version.terms, opened_on, today)
    if not found:
        raise Refused("NOTICE_NOT_NEEDED", "nothing is dearer; the account may be moved at once")
    soonest = max(today + NOTICE_DAYS * DAY, version.effective_on)
    effective_on = command.effective_on or soonest
    _check_day(state, version, found, effective_on, today)
    if Raised.RATES in found and version.terms.billing:
        _check_protected(state, old, version.terms.billing)
    return (
        events.MigrationAnnounced(
            account_id=state.account_id,
            customer_id=state.customer_id,
            programme_id=state.programme_id,
            previous_version=state.programme_version,
            programme_version=version.number,
            terms=version.terms,
            raised=found,
            may_reject=any(each in REJECTABLE for each in found),
            effective_on=effective_on,
            protected_until=_protected_until(state, today),
            transaction_date=today,
            changes=changes(state.in_force, version.terms, opened_on, effective_on),
            reasons=_reasons(found, command.reasons),
            currency=version.terms.currency,
        ),
    )


def _reasons(found: tuple[Raised, ...], told: tuple[str, ...]) -> tuple[str, ...]:
    """Why, which has to be told of rates."""
    if len(told) > REASONS_LIMIT:
        raise Invalid("TOO_MANY_REASONS", f"at most {REASONS_LIMIT} reasons", field="reasons")
    return told or ((REPRICED,) if Raised.RATES in found else ())


def _is_announced(known: Announcement | None, command: commands.AnnounceMigration) -> bool:
    if known is None:
        return False
    if known.programme_version != command.programme_version:
        if known.rejected:
            return False
        raise Refused("ANOTHER_VERSION_ANNOUNCED", "the account goes over to another version")
    if known.rejected:
        raise Refused("REJECTED_BY_HOLDER", "the holder has rejected these terms")
    if command.effective_on in (None, known.effective_on):
        return True
    raise Refused("ANNOUNCED_DIFFERENTLY", "the version is announced for another day")


def _check_day(
    state: CreditAccount, version: Version, found: tuple[Raised, ...], day: date, today: date
) -> None:
    if day < today + NOTICE_DAYS * DAY:
        raise Refused("NOTICE_TOO_SHORT", f"at least {NOTICE_DAYS} days before it is told")
    if day > today + NOTICE_DAYS_MOST * DAY:
        raise Refused("NOTICE_TOO_EARLY", f"at most {NOTICE_DAYS_MOST} days before it is told")
    if day < version.effective_on:
        raise Refused("VERSION_NOT_IN_FORCE", "this version takes effect later than that")
    first_year = in_first_year(state.billing, day)
    if first_year and any(each in NOT_IN_FIRST_YEAR for each in found):
        raise Refused("FIRST_YEAR", "no rate and no annual fee is raised in the first year")


def _check_protected(state: CreditAccount, old: BillingTerms, new: BillingTerms) -> None:
    if repays_otherwise(old, new):
        raise Refused(
            "MINIMUM_NOT_PERMITTED",
            "of what keeps its rate twice the share may be asked for, and nothing else more",
        )
    if len(state.billing.protections) >= PROTECTIONS_LIMIT:
        raise Refused("TOO_MANY_PROTECTIONS", f"at most {PROTECTIONS_LIMIT} times")


def _protected_until(state: CreditAccount, today: date) -> date:
    """Fourteen days after the notice; nothing of the first year bears more either."""
    until = today + PROTECTED_DAYS * DAY
    year = first_year_ends_on(state.billing)
    return max(until, year - DAY) if year else until


def reject(state: CreditAccount, command: commands.RejectMigration, context: Context) -> Facts:
    """Stay on the terms before. Raises Refused where nothing is announced or it is too late, and
    for terms that there is no right to reject."""
    billed_terms(state)
    known, today = state.billing.announced, command.today or context.now.date()
    if known is None or known.programme_version != command.programme_version:
        raise Refused("NOTHING_ANNOUNCED", "no such version is announced to the account")
    if known.rejected:
        return ()
    if not known.is_rejectable:
        raise Refused("NO_RIGHT_TO_REJECT", "rates and minimum payments are not rejected")
    return (
        events.MigrationRejected(
            account_id=state.account_id,
            customer_id=state.customer_id,
            programme_id=state.programme_id,
            programme_version=known.programme_version,
            transaction_date=today,
        ),
    )


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], Facts]] = {
    commands.AnnounceMigration: with_billing(announce, evolve),
    commands.RejectMigration: with_billing(reject, evolve),
}
