"""Who is told of the terms of an account: dearer ones, penalty rates, and what was agreed."""

from collections.abc import Iterable
from datetime import timedelta

from cards.accounts.v1 import events_pb2 as accounts

from chassis.kernel.events import Command
from chassis.policies import About, Policy
from services.notify.domain.events import ChangedTerm, Template
from services.notify.policies.notices import day, notice, sum_of

DAY = timedelta(days=1)


def announce_dearer_terms(message: accounts.MigrationAnnounced, about: About) -> Iterable[Command]:
    """The holder is told 45 days before what changes, why rates rise, and until when it may be
    rejected: before the day on which it takes effect (12 CFR 1026.9(c)(2)(iv) and (h)(1))."""
    effective_on = day(message.effective_on)
    yield notice(
        message.customer_id,
        about,
        Template.TERMS_CHANGING,
        from_day=effective_on,
        until_day=day(message.protected_until),
        reply_by=effective_on - DAY if effective_on and message.may_reject else None,
        may_reject=message.may_reject,
        raised=tuple(message.raised),
        reasons=tuple(message.reasons),
        changes=tuple(
            ChangedTerm(
                term=each.term,
                unit=each.unit,
                before=each.before,
                after=each.after,
                currency=message.currency,
                from_on=day(each.from_on),
            )
            for each in message.changes
        ),
    )


def confirm_rejected_terms(message: accounts.MigrationRejected, about: About) -> Iterable[Command]:
    """The holder learns that all stays as it is."""
    yield notice(message.customer_id, about, Template.TERMS_REJECTED)


def announce_a_penalty_rate(
    message: accounts.PenaltyRateImposed, about: About
) -> Iterable[Command]:
    """The holder is told 45 days before, why, and when it ends (12 CFR 1026.9(g))."""
    template, effective_from = Template.PENALTY_RATE_IMPOSED, day(message.effective_from)
    yield notice(message.customer_id, about, template, from_day=effective_from)


def tell_of_a_lifted_penalty_rate(
    message: accounts.PenaltyRateLifted, about: About
) -> Iterable[Command]:
    """The holder learns that the rates are as before."""
    yield notice(message.customer_id, about, Template.PENALTY_RATE_LIFTED)


def confirm_over_limit_consent(
    message: accounts.OverLimitConsentGiven, about: About
) -> Iterable[Command]:
    """The holder has the consent in writing, with the right to revoke it (12 CFR 1026.56(d)(2)
    and (e)(2))."""
    given_on = day(message.transaction_date)
    yield notice(message.customer_id, about, Template.OVER_LIMIT_CONSENT_GIVEN, from_day=given_on)


def confirm_revoked_over_limit_consent(
    message: accounts.OverLimitConsentRevoked, about: About
) -> Iterable[Command]:
    """The holder has it in writing that it costs nothing any more."""
    yield notice(message.customer_id, about, Template.OVER_LIMIT_CONSENT_REVOKED)


def confirm_hardship(message: accounts.HardshipGranted, about: About) -> Iterable[Command]:
    """The holder learns how long nothing is charged, and what is after it, before it begins
    (12 CFR 1026.9(c)(2)(v)(D))."""
    first, last = day(message.starts_on), day(message.ends_on)
    template = Template.HARDSHIP_GRANTED
    yield notice(message.customer_id, about, template, from_day=first, until_day=last)


def confirm_an_instalment_plan(
    message: accounts.InstalmentPlanMade, about: About
) -> Iterable[Command]:
    """The holder has the terms in writing."""
    yield notice(
        message.customer_id,
        about,
        Template.INSTALMENT_PLAN_MADE,
        amount=sum_of(message.principal),
        count=message.months,
        rate_basis_points=message.apr_basis_points,
    )


def tell_of_a_deferred_purchase(
    message: accounts.PurchaseDeferred, about: About
) -> Iterable[Command]:
    """The holder learns how long it bears nothing, and what it costs after that (12 CFR
    1026.9(c)(2)(v)(B))."""
    yield notice(
        message.customer_id,
        about,
        Template.PURCHASE_DEFERRED,
        amount=sum_of(message.principal),
        from_day=day(message.accrues_from),
        until_day=day(message.ends_on),
        rate_basis_points=message.apr_basis_points,
    )


def tell_of_a_transfer(message: accounts.BalanceTransferred, about: About) -> Iterable[Command]:
    """The holder learns what is owed here now, and how long at its own rate."""
    yield notice(
        message.customer_id,
        about,
        Template.BALANCE_TRANSFERRED,
        amount=sum_of(message.amount),
        merchant=message.creditor,
        last_four=message.last_four,
        until_day=day(message.ends_on),
    )


def tell_of_a_declined_transfer(
    message: accounts.BalanceTransferDeclined, about: About
) -> Iterable[Command]:
    """The holder goes on paying there, and learns why."""
    yield notice(
        message.customer_id,
        about,
        Template.BALANCE_TRANSFER_DECLINED,
        amount=sum_of(message.amount),
        merchant=message.creditor,
        reason=message.reason,
    )


def tell_of_a_returned_transfer(
    message: accounts.BalanceTransferReturned, about: About
) -> Iterable[Command]:
    """The holder owes it there again."""
    amount, template = sum_of(message.amount), Template.BALANCE_TRANSFER_RETURNED
    yield notice(message.customer_id, about, template, amount=amount, reason=message.reason)


POLICIES = (
    Policy(accounts.MigrationAnnounced, announce_dearer_terms),
    Policy(accounts.MigrationRejected, confirm_rejected_terms),
    Policy(accounts.PenaltyRateImposed, announce_a_penalty_rate),
    Policy(accounts.PenaltyRateLifted, tell_of_a_lifted_penalty_rate),
    Policy(accounts.OverLimitConsentGiven, confirm_over_limit_consent),
    Policy(accounts.OverLimitConsentRevoked, confirm_revoked_over_limit_consent),
    Policy(accounts.HardshipGranted, confirm_hardship),
    Policy(accounts.InstalmentPlanMade, confirm_an_instalment_plan),
    Policy(accounts.PurchaseDeferred, tell_of_a_deferred_purchase),
    Policy(accounts.BalanceTransferred, tell_of_a_transfer),
    Policy(accounts.BalanceTransferDeclined, tell_of_a_declined_transfer),
    Policy(accounts.BalanceTransferReturned, tell_of_a_returned_transfer),
)
