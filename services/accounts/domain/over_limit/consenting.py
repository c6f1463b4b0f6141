"""Deciding about the consent: given after a notice, confirmed, revoked at any time."""

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agreements import billed_terms
from services.accounts.domain.over_limit import commands, events
from services.accounts.domain.over_limit.notice import notice_of

Facts = tuple[Fact, ...]


def give(state: CreditAccount, command: commands.GiveOverLimitConsent, context: Context) -> Facts:
    """Consent. Raises Refused where there is no such fee, where another notice is to be told
    first, and where a consent is in force."""
    terms, known = billed_terms(state), state.billing.over_limit
    if known.find(command.consent_id) is not None:
        return ()
    notice = notice_of(terms, command.transaction_date)
    if notice is None:
        raise Refused("NO_OVER_LIMIT_FEE", "the programme charges nothing for that")
    if command.notice_id != notice.notice_id:
        raise Refused("NOTICE_OUTDATED", "the holder has to be told what it costs now")
    if known.current is not None:
        raise Refused("CONSENT_IN_FORCE", "the holder has consented already")
    return (
        events.OverLimitConsentGiven(
            account_id=state.account_id,
            customer_id=state.customer_id,
            consent_id=command.consent_id,
            notice_id=command.notice_id,
            method=command.method,
            channel=command.channel,
            transaction_date=command.transaction_date,
        ),
    )


def confirm(
    state: CreditAccount, command: commands.ConfirmOverLimitConsent, context: Context
) -> Facts:
    """Put on record that the confirmation was sent. Raises NotFound for another consent."""
    known = state.billing.over_limit.find(command.consent_id)
    if known is None:
        raise NotFound("CONSENT_NOT_FOUND", "there is no such consent")
    if known.confirmed_on is not None:
        return ()
    return (
        events.OverLimitConsentConfirmed(
            account_id=state.account_id,
            customer_id=state.customer_id,
            consent_id=known.consent_id,
            with_statement=False,
            transaction_date=command.transaction_date,
        ),
    )


def revoke(
    state: CreditAccount, command: commands.RevokeOverLimitConsent, context: Context
) -> Facts:
    """Take it back, at once (12 CFR 1026.56(i)); where there is none it is taken back already."""
    known = state.billing.over_limit.current
    if known is None:
        return ()
    return (
        events.OverLimitConsentRevoked(
            account_id=state.account_id,
            customer_id=state.customer_id,
            consent_id=known.consent_id,
            method=command.method,
            channel=command.channel,
            transaction_date=command.transaction_date,
        ),
    )
