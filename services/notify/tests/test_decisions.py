"""Who is told what: one decision per fact and channel, and each with its rule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound
from chassis.kernel.events import Command, Fact
from chassis.kernel.money import Money
from services.notify.domain.events import (
    Channel,
    ChargeAlert,
    ContactRegistered,
    Details,
    Locale,
    MessageRead,
    MessageReleased,
    NoticeDecided,
    Preferences,
    Template,
    Verdict,
)
from services.notify.domain.recipient import (
    MANDATORY,
    RECIPIENT,
    ConsiderNotice,
    MarkRead,
    Recipient,
    RegisterContact,
    SetPreferences,
    message_id_of,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CONTEXT = Context(now=NOW, actor="test:1", new_id=lambda: "unused")


def told(state: Recipient, asked: Command) -> tuple[Recipient, Sequence[Fact]]:
    """The recipient and the facts after a command, which is then repeated and changes nothing."""
    facts = RECIPIENT.decide(state, asked, CONTEXT)
    after = RECIPIENT.fold(facts, state)
    assert RECIPIENT.decide(after, asked, CONTEXT) == []
    return after, facts


def reachable(preferences: Preferences | None = None) -> Recipient:
    contact = RegisterContact(
        customer_id="c", contact_id="1", sealed_email_address="sealed", locale=Locale.ZH_CN
    )
    state, _ = told(RECIPIENT.initial, contact)
    if preferences is not None:
        state, _ = told(state, SetPreferences(customer_id="c", preferences=preferences))
    return state


def consider(template: Template, amount: Money | None = None, event: str = "e1") -> ConsiderNotice:
    details = Details(happened_at=NOW, amount=amount)
    return ConsiderNotice(customer_id="c", event_id=event, template=template, details=details)


def verdicts(state: Recipient, asked: ConsiderNotice) -> dict[Channel, tuple[Verdict, str]]:
    _, (decided,) = told(state, asked)
    assert isinstance(decided, NoticeDecided)
    return {each.channel: (each.verdict, each.rule) for each in decided.decisions}


def test_without_an_address_the_inbox_still_has_the_message_and_the_email_its_reason() -> None:
    assert verdicts(RECIPIENT.initial, consider(Template.CHARGE_DECLINED)) == {
        Channel.IN_APP: (Verdict.SEND, "ALWAYS"),
        Channel.EMAIL: (Verdict.WITHHOLD, "NO_EMAIL_ADDRESS"),
    }


@pytest.mark.parametrize(
    ("preferences", "amount", "verdict", "rule"),
    [
        (None, Money(99_99, "GBP"), Verdict.WITHHOLD, "BELOW_ALERT_AMOUNT"),
        (None, Money(100_00, "GBP"), Verdict.SEND, "FROM_ALERT_AMOUNT"),
        (
            Preferences(charge_alert=ChargeAlert.EVERY),
            Money(1, "GBP"),
            Verdict.SEND,
            "ALERT_FOR_EVERY_CHARGE",
        ),
        (
            Preferences(charge_alert=ChargeAlert.NEVER),
            Money(10**9, "GBP"),
            Verdict.WITHHOLD,
            "ALERTS_DECLINED",
        ),
        (
            Preferences(alert_from=Money(5_00, "GBP")),
            Money(4_99, "GBP"),
            Verdict.WITHHOLD,
            "BELOW_ALERT_AMOUNT",
        ),
        (
            Preferences(alert_from=Money(5_00, "GBP")),
            Money(1, "USD"),
            Verdict.SEND,
            "ALERT_IN_ANOTHER_CURRENCY",
        ),
    ],
)
def test_the_holder_says_which_approved_charges_to_be_told_of(
    preferences: Preferences | None, amount: Money, verdict: Verdict, rule: str
) -> None:
    decided = verdicts(reachable(preferences), consider(Template.CHARGE_APPROVED, amount))
    assert decided == dict.fromkeys(Channel, (verdict, rule))


@pytest.mark.parametrize("template", Template)
def test_what_is_mandatory_cannot_be_declined(template: Template) -> None:
    picky = reachable(Preferences(charge_alert=ChargeAlert.NEVER, no_service_email=True))
    decided = verdicts(picky, consider(template, Money(1, "GBP")))
    if template in MANDATORY:
        assert decided == dict.fromkeys(Channel, (Verdict.SEND, MANDATORY[template]))
    else:
        assert decided[Channel.EMAIL][0] is Verdict.WITHHOLD


def test_a_message_of_the_inbox_can_be_read_once_and_no_other() -> None:
    state, _ = told(RECIPIENT.initial, consider(Template.CARD_BLOCKED))
    message_id = message_id_of("e1", Channel.IN_APP)
    _, facts = told(state, MarkRead(customer_id="c", message_id=message_id))
    assert facts == [MessageRead(customer_id="c", message_id=message_id)]
    email = MarkRead(customer_id="c", message_id=message_id_of("e1", Channel.EMAIL))
    with pytest.raises(NotFound, match="MESSAGE_UNKNOWN"):
        RECIPIENT.decide(state, email, CONTEXT)


def test_taking_the_address_back_stops_email() -> None:
    gone = RegisterContact(
        customer_id="c", contact_id="2", sealed_email_address="", locale=Locale.EN
    )
    state, _ = told(reachable(), gone)
    decided = verdicts(state, consider(Template.CARD_BLOCKED))
    assert decided[Channel.EMAIL] == (Verdict.WITHHOLD, "NO_EMAIL_ADDRESS")


def test_what_had_to_be_told_is_sent_as_soon_as_there_is_an_address() -> None:
    """An applicant who is declined at once can be written to only afterwards."""
    state = RECIPIENT.initial
    for event, template in (("e1", Template.APPLICATION_DECLINED), ("e2", Template.ACCOUNT_OPENED)):
        state, _ = told(state, consider(template, event=event))
    nowhere = RegisterContact(
        customer_id="c", contact_id="0", sealed_email_address="", locale=Locale.EN
    )
    state, facts = told(state, nowhere)
    assert [type(each) for each in facts] == [ContactRegistered]
    contact = replace(nowhere, contact_id="1", sealed_email_address="sealed")
    state, facts = told(state, contact)
    assert facts[1:] == [
        MessageReleased(
            customer_id="c",
            message_id=message_id_of("e1", Channel.EMAIL),
            rule="REGULATORY_IS_MANDATORY",
        )
    ]
    _, facts = told(state, replace(contact, contact_id="2"))
    assert [type(each) for each in facts] == [ContactRegistered]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(Template))), max_size=30))
def test_however_often_a_fact_comes_there_is_one_message_per_channel(
    comes: list[tuple[int, Template]],
) -> None:
    state = reachable()
    messages: list[tuple[str, Channel]] = []
    for event, template in comes:
        state, facts = told(state, consider(template, Money(1, "GBP"), f"e{event}"))
        messages += [
            (each.message_id, each.channel)
            for fact in facts
            if isinstance(fact, NoticeDecided)
            for each in fact.decisions
        ]
    assert len(messages) == len(set(messages)) == len(Channel) * len({each for each, _ in comes})
