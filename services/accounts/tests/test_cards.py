"""Accounts and their cards: issue, block, lose, suspend."""

from dataclasses import replace
from datetime import date

import pytest

from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Command
from services.accounts.domain import events
from services.accounts.domain.account import cards, commands
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.values import AccountStatus, CardKind, CardStatus, Channel, LossKind
from services.accounts.tests.stories import TODAY, AccountStory, Story, pounds, terms

OPENING = commands.OpenAccount(
    account_id="account",
    customer_id="customer",
    programme_id="everyday",
    programme_version=1,
    terms=terms(),
    limit=pounds(1000),
    card=commands.NewCard(card_id="card", last_four="4242", kind=CardKind.VIRTUAL),
)


def block(
    channel: Channel = Channel.OPERATOR, reason: str = "SUSPICIOUS", card_id: str = "card"
) -> Command:
    return commands.BlockCard(account_id="account", card_id=card_id, reason=reason, channel=channel)


def unblock(channel: Channel = Channel.OPERATOR, card_id: str = "card") -> Command:
    return commands.UnblockCard(
        account_id="account", card_id=card_id, reason="CLEARED_UP", channel=channel
    )


def lost(
    kind: LossKind = LossKind.LOST,
    new: str = "new",
    last_four: str = "1881",
    card_id: str = "card",
) -> Command:
    return commands.ReportCardLost(
        account_id="account",
        card_id=card_id,
        kind=kind,
        channel=Channel.HOLDER,
        replacement=commands.NewCard(card_id=new, last_four=last_four, kind=CardKind.VIRTUAL),
    )


def test_opening_an_account_issues_its_first_card() -> None:
    story = Story(CREDIT_ACCOUNT)
    opened, issued = story.when(OPENING)
    assert opened == events.AccountOpened(
        account_id="account",
        customer_id="customer",
        programme_id="everyday",
        programme_version=1,
        currency="GBP",
        limit=pounds(1000),
        terms=terms(),
        transaction_date=TODAY,
    )
    assert issued == events.CardIssued(
        account_id="account",
        customer_id="customer",
        card_id="card",
        last_four="4242",
        kind=CardKind.VIRTUAL,
        expires_on=date(2029, 3, 31),
        replaces_card_id="",
        transaction_date=TODAY,
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(OPENING, customer_id="somebody else"),
        replace(OPENING, programme_id="another"),
        replace(OPENING, limit=pounds(2000)),
        replace(OPENING, card=replace(OPENING.card, last_four="0000")),
    ],
)
def test_an_account_id_is_never_used_twice(other: Command) -> None:
    story = AccountStory()
    with pytest.raises(Refused) as refusal:
        story.decide(other)
    assert refusal.value.reason == "ACCOUNT_OPENED_DIFFERENTLY"


def test_a_limit_is_in_the_currency_of_the_programme_and_not_negative() -> None:
    story = Story(CREDIT_ACCOUNT)
    euros = replace(OPENING, terms=terms(currency="EUR"))
    with pytest.raises(Invalid) as mismatch:
        story.decide(euros)
    assert mismatch.value.reason == "CURRENCY_MISMATCH"
    with pytest.raises(Invalid) as negative:
        story.decide(replace(OPENING, limit=pounds(-1)))
    assert negative.value.reason == "LIMIT_NEGATIVE"


@pytest.mark.parametrize(
    "command", [block(), unblock(), lost(), commands.ExpireHold(account_id="a", charge_id="c")]
)
def test_nothing_is_decided_about_an_account_that_is_not_there(command: Command) -> None:
    with pytest.raises(NotFound) as unknown:
        Story(CREDIT_ACCOUNT).decide(command)
    assert unknown.value.reason == "ACCOUNT_NOT_FOUND"


def test_a_card_that_is_blocked_is_declined_and_unblocked_works_again() -> None:
    story = AccountStory()
    (fact,) = story.when(block())
    assert isinstance(fact, events.CardBlocked)
    assert (fact.last_four, fact.reason, fact.channel) == (
        "4242",
        "SUSPICIOUS",
        Channel.OPERATOR,
    )
    declined = story.authorise(10, "first")
    assert isinstance(declined, events.ChargeDeclined)
    assert (declined.response_code, declined.reason) == ("62", "CARD_BLOCKED")
    story.when(unblock())
    assert isinstance(story.authorise(10, "second"), events.ChargeAuthorised)


def test_a_holder_lifts_only_a_block_of_their_own() -> None:
    story = AccountStory()
    story.when(block(Channel.HOLDER))
    story.when(unblock(Channel.HOLDER))
    story.when(block(Channel.RISK))
    with pytest.raises(Refused) as refusal:
        story.decide(unblock(Channel.HOLDER))
    assert refusal.value.reason == "BLOCKED_BY_ISSUER"


def test_a_block_by_risk_takes_the_place_of_one_by_the_holder_and_not_the_other_way() -> None:
    story = AccountStory()
    story.when(block(Channel.HOLDER))
    (fact,) = story.when(block(Channel.RISK, "RISK_VERDICT"))
    assert isinstance(fact, events.CardBlocked)
    assert story.state.cards[0].status_channel is Channel.RISK
    assert story.decide(block(Channel.HOLDER)) == ()


def test_a_lost_card_is_declined_for_ever_and_replaced() -> None:
    story = AccountStory()
    reported, issued, replaced = story.when(lost())
    assert isinstance(reported, events.CardReportedLost)
    assert isinstance(issued, events.CardIssued)
    assert (issued.card_id, issued.replaces_card_id) == ("new", "card")
    assert replaced == events.CardReplaced(
        account_id="account",
        customer_id="customer",
        card_id="card",
        replacement_card_id="new",
        replacement_last_four="1881",
        reason=LossKind.LOST,
        transaction_date=TODAY,
    )
    declined = story.authorise(10, "with the old")
    assert isinstance(declined, events.ChargeDeclined)
    assert (declined.response_code, declined.reason) == ("41", "CARD_LOST")
    assert isinstance(story.authorise(10, "with the new", card_id="new"), events.ChargeAuthorised)
    with pytest.raises(Refused) as refusal:
        story.decide(unblock())
    assert refusal.value.reason == "CARD_LOST"
    assert story.decide(block()) == ()


def test_a_stolen_card_is_declined_as_stolen() -> None:
    story = AccountStory()
    story.when(lost(LossKind.STOLEN))
    declined = story.authorise(10)
    assert isinstance(declined, events.ChargeDeclined)
    assert (declined.response_code, declined.reason) == ("43", "CARD_STOLEN")
    assert story.state.cards[0].status is CardStatus.STOLEN


@pytest.mark.parametrize(
    "again", [lost(new="third"), lost(last_four="0000"), lost(LossKind.STOLEN)]
)
def test_a_card_is_replaced_once(again: Command) -> None:
    story = AccountStory()
    story.when(lost())
    with pytest.raises(Refused) as refusal:
        story.decide(again)
    assert refusal.value.reason == "CARD_ALREADY_REPORTED"


def test_a_replacement_is_not_a_card_of_the_account_already() -> None:
    with pytest.raises(Refused) as refusal:
        AccountStory().decide(lost(new="card"))
    assert refusal.value.reason == "CARD_ISSUED_DIFFERENTLY"


def test_a_blocked_card_may_still_be_reported_lost() -> None:
    story = AccountStory()
    story.when(block())
    assert len(story.when(lost())) == 3


def issue(card_id: str, last_four: str = "0000") -> Command:
    return commands.IssueCard(
        account_id="account",
        card=commands.NewCard(card_id=card_id, last_four=last_four, kind=CardKind.PHYSICAL),
    )


def test_several_cards_share_one_limit() -> None:
    story = AccountStory(limit=100)
    story.when(issue("second"))
    story.authorise(60, "one")
    declined = story.authorise(60, "two", card_id="second")
    assert isinstance(declined, events.ChargeDeclined)
    assert declined.reason == "INSUFFICIENT_CREDIT"


def test_a_card_id_is_never_used_twice_and_cards_are_limited() -> None:
    story = AccountStory()
    for number in range(cards.CARDS_LIMIT - 1):
        story.when(issue(f"card {number}"))
    with pytest.raises(Refused) as differently:
        story.decide(issue("card 1", "9999"))
    assert differently.value.reason == "CARD_ISSUED_DIFFERENTLY"
    with pytest.raises(Refused) as many:
        story.decide(issue("one more"))
    assert many.value.reason == "TOO_MANY_CARDS"
    story.when(lost())


def test_a_suspended_account_is_declined_until_it_is_reinstated() -> None:
    story = AccountStory()
    channel = Channel.OPERATOR
    story.when(commands.SuspendAccount(account_id="account", reason="ARREARS", channel=channel))
    assert story.state.status is AccountStatus.SUSPENDED
    declined = story.authorise(10, "first")
    assert isinstance(declined, events.ChargeDeclined)
    assert (declined.response_code, declined.reason) == ("57", "ACCOUNT_SUSPENDED")
    with pytest.raises(Refused) as refusal:
        story.decide(issue("another"))
    assert refusal.value.reason == "ACCOUNT_SUSPENDED"
    story.when(commands.ReinstateAccount(account_id="account", reason="PAID", channel=channel))
    assert isinstance(story.authorise(10, "second"), events.ChargeAuthorised)


def test_unknown_cards_are_not_found() -> None:
    story = AccountStory()
    for command in (block(card_id="other"), unblock(card_id="other"), lost(card_id="other")):
        with pytest.raises(NotFound) as unknown:
            story.decide(command)
        assert unknown.value.reason == "CARD_NOT_FOUND"


@pytest.mark.parametrize(
    ("today", "months", "last_day"),
    [
        (date(2026, 3, 14), 36, date(2029, 3, 31)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 1, 31), 25, date(2028, 2, 29)),
        (date(2026, 11, 1), 1, date(2026, 12, 31)),
    ],
)
def test_a_card_is_good_until_the_end_of_a_month(today: date, months: int, last_day: date) -> None:
    assert cards.good_until(today, months) == last_day
