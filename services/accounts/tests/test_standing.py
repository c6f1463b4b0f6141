"""How an account stands: every step of the table, everything that is not in it, and its end."""

from typing import Any

import pytest

from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import commands as account
from services.accounts.domain.billing.events import CreditBalanceRefunded
from services.accounts.domain.life.events import CardTerminated
from services.accounts.domain.standing import commands
from services.accounts.domain.standing.events import AccountStandingChanged
from services.accounts.domain.standing.transitions import ACCOUNT_TRANSITIONS
from services.accounts.domain.values import (
    AccountStatus,
    AccountSubStatus,
    CardStatus,
    Channel,
    DeclineReason,
)
from services.accounts.tests.stories import TODAY, AccountStory, pounds

EVERY_STEP = [
    (before, after, channel)
    for before in AccountStatus
    for after in AccountStatus
    for channel in Channel
    if before is not after
]


def change(
    story: AccountStory, status: AccountStatus, channel: Channel = Channel.OPERATOR
) -> list[Fact]:
    """Bring an account to a status, by whichever command does it."""
    fields = {"account_id": "account", "reason": "BECAUSE", "channel": channel}
    if status is AccountStatus.SUSPENDED:
        return story.when(account.SuspendAccount(**fields))  # type: ignore[arg-type]
    if status is AccountStatus.ACTIVE:
        return story.when(account.ReinstateAccount(**fields))  # type: ignore[arg-type]
    return story.when(commands.ChangeStanding(status=status, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(("before", "after", "channel"), EVERY_STEP)
def test_what_the_table_allows_is_done_and_nothing_else(
    before: AccountStatus, after: AccountStatus, channel: Channel
) -> None:
    story = AccountStory()
    if before is not AccountStatus.ACTIVE:
        change(story, before)
    if channel in ACCOUNT_TRANSITIONS[before].get(after, frozenset()):
        change(story, after, channel)
        assert story.state.status is after
    else:
        with pytest.raises(Refused):
            change(story, after, channel)
        assert story.state.status is before


def test_a_settled_account_is_closed_with_all_its_cards() -> None:
    story = AccountStory()
    closed, ended = change(story, AccountStatus.CLOSED)
    assert closed == AccountStandingChanged(
        account_id="account",
        customer_id="customer",
        before=AccountStatus.ACTIVE,
        status=AccountStatus.CLOSED,
        sub_statuses=(),
        reason="BECAUSE",
        channel=Channel.OPERATOR,
        transaction_date=TODAY,
    )
    assert isinstance(ended, CardTerminated)
    assert story.state.cards[0].status is CardStatus.TERMINATED
    fact: object = story.authorise(1)
    assert getattr(fact, "reason", None) == DeclineReason.CARD_TERMINATED


def test_an_account_that_owes_is_not_closed() -> None:
    story = AccountStory()
    story.authorise(50)
    story.clear(50)
    with pytest.raises(Refused, match="ACCOUNT_HAS_BALANCE"):
        change(story, AccountStatus.CLOSED)


def test_what_an_account_is_in_credit_by_is_paid_out_when_it_is_closed() -> None:
    """12 CFR 1026.11(a): a credit balance is refunded."""
    story = AccountStory()
    story.authorise(50)
    story.clear(50)
    story.pay(60)
    refunded, closed, *_ = change(story, AccountStatus.CLOSED)
    assert isinstance(refunded, CreditBalanceRefunded)
    assert (refunded.amount, story.state.posted_minor) == (pounds(10), 0)
    assert isinstance(closed, AccountStandingChanged)
    assert change(story, AccountStatus.CLOSED) == []


def test_an_account_with_a_hold_is_not_closed() -> None:
    story = AccountStory()
    story.authorise(50)
    with pytest.raises(Refused, match="ACCOUNT_HAS_HOLDS"):
        change(story, AccountStatus.CLOSED)


def test_what_is_charged_off_is_still_owed_and_cannot_be_charged() -> None:
    story = AccountStory()
    story.authorise(50)
    story.clear(50)
    change(story, AccountStatus.CHARGED_OFF)
    assert story.state.posted_minor == 5_000
    fact: object = story.authorise(1, "another")
    assert getattr(fact, "reason", None) == DeclineReason.ACCOUNT_CLOSED
    assert getattr(fact, "response_code", None) == "46"


def test_several_things_may_be_so_of_an_account_and_none_bars_a_charge() -> None:
    story = AccountStory()
    for sub_status in AccountSubStatus:
        story.when(
            commands.MarkAccount(
                account_id="account",
                sub_status=sub_status,
                so=True,
                reason="BECAUSE",
                channel=Channel.SYSTEM,
            )
        )
    assert set(story.state.sub_statuses) == set(AccountSubStatus)
    assert getattr(story.authorise(10), "response_code", None) == "00"
    story.when(
        commands.MarkAccount(
            account_id="account",
            sub_status=AccountSubStatus.DELINQUENT,
            so=False,
            reason="PAID",
            channel=Channel.SYSTEM,
        )
    )
    assert story.state.sub_statuses == (AccountSubStatus.INTEREST_AND_FEES_PAUSED,)


def test_why_and_by_whom_an_account_is_not_active_is_known_until_it_is() -> None:
    def told(story: AccountStory) -> tuple[str, Channel | None]:
        return story.state.status_reason, story.state.status_channel

    story = AccountStory()
    asked: dict[str, Any] = {"account_id": "account", "channel": Channel.RISK}
    story.when(account.SuspendAccount(reason="FRAUD", **asked))
    so = AccountSubStatus.DELINQUENT
    story.when(commands.MarkAccount(sub_status=so, so=True, reason="LATE", **asked))
    assert told(story) == ("FRAUD", Channel.RISK)
    change(story, AccountStatus.ACTIVE)
    assert told(story) == ("", None)
    change(story, AccountStatus.CLOSED)
    assert told(story) == ("BECAUSE", Channel.OPERATOR)


@pytest.mark.parametrize("status", [AccountStatus.ACTIVE, AccountStatus.SUSPENDED])
def test_suspending_and_reinstating_have_commands_of_their_own(status: AccountStatus) -> None:
    with pytest.raises(Invalid, match="STATUS_HAS_ITS_OWN_COMMAND"):
        AccountStory().decide(
            commands.ChangeStanding(
                account_id="account", status=status, reason="BECAUSE", channel=Channel.OPERATOR
            )
        )
