"""The life of a card: every step of the table, every step that is not in it, and what it costs."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, Fact
from chassis.kernel.money import Money
from chassis.recorded import Meta
from chassis.work import Cancel, Schedule
from services.accounts.domain import events
from services.accounts.domain.account import commands as account
from services.accounts.domain.life import commands
from services.accounts.domain.life.events import (
    CardExpired,
    CardRenewed,
    CardTerminated,
    MerchantLocked,
)
from services.accounts.domain.life.transitions import CARD_TRANSITIONS, DELIVERIES
from services.accounts.domain.values import (
    CardKind,
    CardStatus,
    CardUse,
    Channel,
    Delivery,
    LossKind,
    Merchant,
)
from services.accounts.policies import cards as policies
from services.accounts.tests.stories import GROCER, NOW, AccountStory

BAKER = Merchant(id="M-2", name="Baker", mcc="5462", country="GB")
NAMELESS = Merchant(name="Stall", mcc="5462", country="GB")
META = Meta(NOW, "operator:olga")


def order(story: AccountStory, card_id: str = "other", **fields: Any) -> None:
    """Issue a second card."""
    card = account.NewCard(
        **{"card_id": card_id, "last_four": "1111", "kind": CardKind.VIRTUAL, **fields}
    )
    story.when(account.IssueCard(account_id="account", card=card))


def step(card_id: str, status: CardStatus, before: CardStatus, channel: Channel) -> Command:
    """The command that brings a card from a status to another."""
    fields: dict[str, Any] = {
        "account_id": "account",
        "card_id": card_id,
        "reason": "BECAUSE",
        "channel": channel,
    }
    back: dict[CardStatus, type[Command]] = {
        CardStatus.PENDING: commands.ActivateCard,
        CardStatus.PAUSED: commands.ResumeCard,
    }
    match status:
        case CardStatus.ACTIVE:
            return back.get(before, account.UnblockCard)(**fields)
        case CardStatus.PAUSED:
            return commands.PauseCard(**fields)
        case CardStatus.BLOCKED:
            return account.BlockCard(**fields)
        case CardStatus.TERMINATED:
            return commands.TerminateCard(**fields)
        case CardStatus.EXPIRED:
            return commands.ExpireCard(account_id="account", card_id=card_id, sequence=1)
        case _:
            return account.ReportCardLost(
                account_id="account",
                card_id=card_id,
                kind=LossKind(status),
                channel=channel,
                replacement=account.NewCard(card_id="new", last_four="9999", kind=CardKind.VIRTUAL),
            )


def brought_to(status: CardStatus, channel: Channel) -> AccountStory:
    """A story whose second card is in a status, brought there by a channel if it may."""
    story = AccountStory()
    order(story, pending=status is CardStatus.PENDING)
    if status in (CardStatus.PENDING, CardStatus.ACTIVE):
        return story
    if status is CardStatus.EXPIRED:
        story.now += timedelta(days=4_000)
    allowed = CARD_TRANSITIONS[CardStatus.ACTIVE][status]
    by = channel if channel in allowed else sorted(allowed)[0]
    story.when(step("other", status, CardStatus.ACTIVE, by))
    return story


STEPS = [
    (before, after, channel)
    for before in CardStatus
    for after in CardStatus
    for channel in Channel
    # Nothing brings a card into the beginning, and time only is asked for expiry.
    if before is not after and after is not CardStatus.PENDING
    if after is not CardStatus.EXPIRED or channel is Channel.SYSTEM
]


@pytest.mark.parametrize(("before", "after", "channel"), STEPS)
def test_what_the_table_allows_is_done_and_nothing_else(
    before: CardStatus, after: CardStatus, channel: Channel
) -> None:
    story = brought_to(before, channel)
    if after is CardStatus.EXPIRED:
        story.now += timedelta(days=4_000)
    allowed = channel in CARD_TRANSITIONS[before].get(after, frozenset())
    try:
        story.when(step("other", after, before, channel))
    except Refused:
        assert not allowed
    card = story.state.find_card("other")
    assert card is not None
    assert card.status is (after if allowed else before)


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (CardStatus.PENDING, "CARD_NOT_ACTIVE", "78"),
        (CardStatus.PAUSED, "CARD_PAUSED", "62"),
        (CardStatus.EXPIRED, "CARD_EXPIRED", "54"),
        (CardStatus.TERMINATED, "CARD_TERMINATED", "62"),
    ],
)
def test_a_card_that_is_not_active_declines_and_says_why(
    status: CardStatus, reason: str, code: str
) -> None:
    story = brought_to(status, Channel.HOLDER)
    fact: Any = story.authorise(5, card_id="other")
    assert (fact.reason, fact.response_code) == (reason, code)


def test_a_holder_does_not_resume_what_the_house_paused() -> None:
    story = brought_to(CardStatus.PAUSED, Channel.OPERATOR)
    with pytest.raises(Refused, match="PAUSED_BY_ISSUER"):
        story.when(step("other", CardStatus.ACTIVE, CardStatus.PAUSED, Channel.HOLDER))


def test_risk_blocks_a_paused_card_and_the_holder_cannot_lift_it() -> None:
    story = brought_to(CardStatus.PAUSED, Channel.HOLDER)
    story.when(step("other", CardStatus.BLOCKED, CardStatus.PAUSED, Channel.RISK))
    with pytest.raises(Refused, match="BLOCKED_BY_ISSUER"):
        story.when(step("other", CardStatus.ACTIVE, CardStatus.BLOCKED, Channel.HOLDER))


def authorise(story: AccountStory, charge_id: str, merchant: Merchant = GROCER) -> list[Fact]:
    """What follows from a charge of five pounds on the second card."""
    return story.when(
        account.AuthoriseCharge(
            account_id="account",
            charge_id=charge_id,
            card_id="other",
            amount=Money(500, "GBP"),
            merchant=merchant,
            transaction_date=story.now.date(),
            transaction_at=story.now,
        )
    )


def status_of(story: AccountStory) -> CardStatus:
    return story.state.cards[1].status


@pytest.mark.parametrize("channel", [Channel.HOLDER, Channel.RISK])
def test_a_card_that_is_blocked_on_its_way_is_not_good_once_it_is_activated(
    channel: Channel,
) -> None:
    story = brought_to(CardStatus.PENDING, channel)
    story.when(step("other", CardStatus.BLOCKED, CardStatus.PENDING, channel))
    with pytest.raises(Refused, match="CARD_BLOCKED"):
        story.decide(step("other", CardStatus.ACTIVE, CardStatus.PENDING, Channel.HOLDER))
    story.when(step("other", CardStatus.BLOCKED, CardStatus.BLOCKED, Channel.OPERATOR))
    story.when(step("other", CardStatus.ACTIVE, CardStatus.BLOCKED, Channel.OPERATOR))
    # Who unblocks it has not received it.
    assert status_of(story) is CardStatus.PENDING
    story.when(step("other", CardStatus.ACTIVE, CardStatus.PENDING, Channel.HOLDER))
    story.when(step("other", CardStatus.BLOCKED, CardStatus.ACTIVE, Channel.OPERATOR))
    story.when(step("other", CardStatus.ACTIVE, CardStatus.BLOCKED, Channel.OPERATOR))
    assert status_of(story) is CardStatus.ACTIVE


def test_a_card_for_one_charge_ends_with_the_first_that_is_approved() -> None:
    story = AccountStory()
    order(story, use=CardUse.SINGLE_USE)
    story.authorise(5_000, "too dear", card_id="other")
    approved, ended = authorise(story, "first")
    assert isinstance(approved, events.ChargeAuthorised)
    assert isinstance(ended, CardTerminated)
    assert (ended.reason, ended.channel) == ("SINGLE_USE", Channel.SYSTEM)
    (declined,) = authorise(story, "second")
    assert isinstance(declined, events.ChargeDeclined)
    assert isinstance(story.clear(5, "first"), events.ChargeCleared)


def more(amount: int, charge_id: str = "first") -> Command:
    return account.IncrementCharge(
        account_id="account",
        charge_id=charge_id,
        increment_id=f"by {amount}",
        by=Money(amount, "GBP"),
        transaction_date=NOW.date(),
    )


def test_more_on_its_one_charge_is_part_of_it_for_a_card_for_one_charge() -> None:
    story = AccountStory()
    order(story, use=CardUse.SINGLE_USE)
    authorise(story, "first")
    (raised,) = story.when(more(300))
    assert isinstance(raised, events.ChargeIncremented)
    suspend: dict[str, Any] = {"reason": "BECAUSE", "channel": Channel.OPERATOR}
    story.when(account.SuspendAccount(account_id="account", **suspend))
    (refused,) = story.when(more(301))
    assert isinstance(refused, events.ChargeIncrementDeclined)
    assert refused.reason == "ACCOUNT_SUSPENDED"


def test_more_is_declined_on_a_card_that_somebody_ended() -> None:
    story = AccountStory()
    order(story)
    authorise(story, "first")
    story.when(step("other", CardStatus.TERMINATED, CardStatus.ACTIVE, Channel.HOLDER))
    (refused,) = story.when(more(300))
    assert isinstance(refused, events.ChargeIncrementDeclined)
    assert refused.reason == "CARD_TERMINATED"


def test_a_card_locked_to_its_first_merchant_is_good_there_only() -> None:
    story = AccountStory()
    order(story, use=CardUse.MERCHANT_LOCKED)
    (unnamed,) = authorise(story, "unnamed", NAMELESS)
    assert isinstance(unnamed, events.ChargeDeclined)
    approved, locked = authorise(story, "first")
    assert isinstance(approved, events.ChargeAuthorised)
    assert isinstance(locked, MerchantLocked)
    (declined,) = authorise(story, "second", BAKER)
    assert isinstance(declined, events.ChargeDeclined)
    assert (declined.reason, declined.response_code) == ("CARD_OF_ANOTHER_MERCHANT", "57")
    (again,) = authorise(story, "third")
    assert isinstance(again, events.ChargeAuthorised)


def test_a_card_locked_to_a_given_merchant_is_good_nowhere_else() -> None:
    story = AccountStory()
    order(story, use=CardUse.MERCHANT_LOCKED, merchant_id="M-2")
    (declined,) = authorise(story, "first")
    assert isinstance(declined, events.ChargeDeclined)
    (approved,) = authorise(story, "second", BAKER)
    assert isinstance(approved, events.ChargeAuthorised)


def test_a_plastic_goes_the_way_of_all_plastics() -> None:
    for before, after in [(b, a) for b in Delivery for a in Delivery if a is not b]:
        story = AccountStory()
        order(story, kind=CardKind.PHYSICAL, pending=True)
        story.state = story.state.with_card("other", delivery=before)
        told = commands.RecordDelivery(
            account_id="account", card_id="other", delivery=after, channel=Channel.OPERATOR
        )
        if after in DELIVERIES[before]:
            story.when(told)
        else:
            with pytest.raises(Refused, match="DELIVERY_OUT_OF_ORDER"):
                story.decide(told)


def renew(sequence: int = 1) -> Command:
    return commands.RenewCard(
        account_id="account",
        card_id="other",
        sequence=sequence,
        reason="DAMAGED",
        channel=Channel.HOLDER,
    )


def test_a_damaged_card_keeps_its_number_and_gets_a_new_expiry_and_sequence() -> None:
    story = AccountStory()
    order(story, kind=CardKind.PHYSICAL, pending=True)
    with pytest.raises(Refused, match="CARD_PENDING"):
        story.when(renew())
    story.when(step("other", CardStatus.ACTIVE, CardStatus.PENDING, Channel.HOLDER))
    story.later(days=200)
    (fact,) = story.when(renew())
    assert isinstance(fact, CardRenewed)
    assert (fact.sequence, fact.delivery) == (2, Delivery.ORDERED)
    card = story.state.find_card("other")
    assert card is not None
    assert (card.last_four, card.status) == ("1111", CardStatus.ACTIVE)
    assert card.expires_on == date(2029, 9, 30)
    with pytest.raises(Refused, match="NO_SUCH_PLASTIC"):
        story.when(renew(sequence=3))


def test_a_card_damaged_on_its_first_day_gets_an_expiry_of_its_own_too() -> None:
    # Of the same number and expiry would be the same CVV: the damaged plastic would go on working.
    story = AccountStory()
    order(story)
    seen = {story.state.cards[1].expires_on}
    for sequence in (1, 2, 3):
        (fact,) = story.when(renew(sequence))
        assert isinstance(fact, CardRenewed)
        seen.add(fact.expires_on)
    assert sorted(seen) == [
        date(2029, 3, 31),
        date(2029, 4, 30),
        date(2029, 5, 31),
        date(2029, 6, 30),
    ]


def timers(fact: Fact) -> dict[str, Schedule | Cancel]:
    """What the policies set or take back after a fact."""
    return {
        timer.timer_id: timer
        for rule in policies.TIMERS
        if isinstance(fact, rule.on)
        for timer in rule.do(fact, META)
    }


def test_a_card_is_renewed_a_month_before_its_last_day_and_expires_after_it() -> None:
    story = AccountStory()
    issued = story.facts[-1]
    set_at = {
        name: timer.due_at for name, timer in timers(issued).items() if isinstance(timer, Schedule)
    }
    assert set_at == {
        "renew-card": datetime(2029, 3, 1, tzinfo=UTC),
        "expire-card": datetime(2029, 4, 1, tzinfo=UTC),
    }
    story.now = set_at["renew-card"]
    (renewed,) = story.when(commands.RenewInTime(account_id="account", card_id="card", sequence=1))
    assert isinstance(renewed, CardRenewed)
    assert (renewed.reason, renewed.expires_on) == ("EXPIRING", date(2032, 3, 31))
    assert set(timers(renewed)) == {"renew-card", "expire-card"}
    # The timer of the old plastic, should it still come, does nothing.
    story.now = set_at["expire-card"]
    assert not story.when(commands.ExpireCard(account_id="account", card_id="card", sequence=1))


def test_a_card_on_a_suspended_account_is_not_renewed_and_expires() -> None:
    story = AccountStory()
    suspend = account.SuspendAccount(
        account_id="account", reason="BECAUSE", channel=Channel.OPERATOR
    )
    story.when(suspend)
    story.now = datetime(2029, 4, 1, tzinfo=UTC)
    assert not story.when(commands.RenewInTime(account_id="account", card_id="card", sequence=1))
    (fact,) = story.when(commands.ExpireCard(account_id="account", card_id="card", sequence=1))
    assert isinstance(fact, CardExpired)


@pytest.mark.parametrize("day", range(1, 32))
def test_cards_of_the_shortest_life_are_renewed_and_not_again_and_again(day: int) -> None:
    story = AccountStory(card_validity_months=1)
    story.now = datetime(2026, 1, day, tzinfo=UTC)
    order(story)
    due, fact = story.now, story.facts[-1]
    for sequence in range(1, 6):
        timer = timers(fact)["renew-other"]
        assert isinstance(timer, Schedule)
        assert timer.due_at > due, "a renewal is due before the one before it"
        story.now = due = timer.due_at
        facts = story.when(timer.command)
        if not facts:
            break
        (fact,) = facts
        assert isinstance(fact, CardRenewed)
        assert fact.sequence == sequence + 1


def test_a_lost_card_of_an_authorised_user_is_replaced_for_the_same_user_and_by_post() -> None:
    story = AccountStory()
    order(story, kind=CardKind.PHYSICAL, pending=True, cardholder_id="niece")
    story.when(step("other", CardStatus.ACTIVE, CardStatus.PENDING, Channel.HOLDER))
    lost = story.when(step("other", CardStatus.LOST, CardStatus.ACTIVE, Channel.HOLDER))
    new = story.state.find_card("new")
    assert new is not None
    assert (new.cardholder_id, new.status) == ("niece", CardStatus.PENDING)
    assert set(timers(lost[0])) == {"renew-other", "expire-other"}
    assert all(isinstance(timer, Cancel) for timer in timers(lost[0]).values())
