"""Deciding how an account stands; billing decides with the same functions."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.life.decide import ended
from services.accounts.domain.standing import commands, events
from services.accounts.domain.standing.transitions import ACCOUNT_TRANSITIONS
from services.accounts.domain.values import AccountStatus, AccountSubStatus, Channel

SETTLED_ONLY = (AccountStatus.CLOSED,)
"""What an account becomes only when nothing is owed either way, and nothing is held."""

REASONS = {
    AccountStatus.ACTIVE: "ACCOUNT_ACTIVE",
    AccountStatus.SUSPENDED: "ACCOUNT_SUSPENDED",
    AccountStatus.CHARGED_OFF: "ACCOUNT_CHARGED_OFF",
    AccountStatus.CLOSED: "ACCOUNT_CLOSED",
}
"""What is said where an account does not stand as it would have to."""

BY_THEMSELVES = (AccountStatus.ACTIVE, AccountStatus.SUSPENDED)
"""What has commands and facts of its own: SuspendAccount and ReinstateAccount."""


def mark(
    state: CreditAccount,
    sub_status: AccountSubStatus,
    so: bool,
    reason: str,
    channel: Channel,
    context: Context,
) -> tuple[Fact, ...]:
    """Say that something is so of an account, or no more; nothing where it is said already."""
    if (sub_status in state.sub_statuses) == so:
        return ()
    others = set(state.sub_statuses) - {sub_status}
    marks = tuple(sorted(others | {sub_status} if so else others))
    return (_changed(state, state.status, marks, reason, channel, context),)


def move(
    state: CreditAccount, status: AccountStatus, reason: str, channel: Channel, context: Context
) -> tuple[Fact, ...]:
    """Charge an account off, or close it with all its cards; nothing where it is so already.

    Raises Refused for what the table does not allow, and for closing what is not settled.
    """
    if status in BY_THEMSELVES:
        raise Invalid("STATUS_HAS_ITS_OWN_COMMAND", "suspend or reinstate it", field="status")
    if state.status is status:
        return ()
    check_move(state, status, channel)
    if status in SETTLED_ONLY:
        _check_settled(state)
    facts: tuple[Fact, ...] = (
        _changed(state, status, state.sub_statuses, reason, channel, context),
    )
    if status is AccountStatus.CLOSED:
        facts += tuple(
            each for card in state.cards for each in ended(state, card, reason, channel, context)
        )
    return facts


def check_move(state: CreditAccount, status: AccountStatus, channel: Channel) -> None:
    """Raises Refused unless the table allows the step to this channel."""
    allowed = ACCOUNT_TRANSITIONS[state.status].get(status)
    if allowed is None:
        raise Refused(REASONS[state.status], f"the account is {_plain(state.status)}")
    if channel not in allowed:
        raise Refused(
            "NOT_BY_THIS_CHANNEL", f"no {channel.lower()} makes an account {_plain(status)}"
        )


def _plain(status: AccountStatus) -> str:
    return status.lower().replace("_", " ")


def _check_settled(state: CreditAccount) -> None:
    if state.held_minor:
        raise Refused("ACCOUNT_HAS_HOLDS", "charges are still held on the account")
    if state.posted_minor:
        raise Refused("ACCOUNT_HAS_BALANCE", "something is still owed")


def _changed(
    state: CreditAccount,
    status: AccountStatus,
    marks: tuple[AccountSubStatus, ...],
    reason: str,
    channel: Channel,
    context: Context,
) -> events.AccountStandingChanged:
    return events.AccountStandingChanged(
        account_id=state.account_id,
        customer_id=state.customer_id,
        before=state.status,
        status=status,
        sub_statuses=marks,
        reason=reason,
        channel=channel,
        transaction_date=context.now.date(),
    )


def mark_account(
    state: CreditAccount, command: commands.MarkAccount, context: Context
) -> tuple[Fact, ...]:
    """See `mark`."""
    asked = command.sub_status, command.so, command.reason, command.channel
    return mark(state, *asked, context)


def change_standing(
    state: CreditAccount, command: commands.ChangeStanding, context: Context
) -> tuple[Fact, ...]:
    """See `move`."""
    return move(state, command.status, command.reason, command.channel, context)


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.MarkAccount: mark_account,
    commands.ChangeStanding: change_standing,
}
