"""A message is sent by one at a time, again after a failure, and not for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact
from services.notify.domain.events import (
    Channel,
    MessageAbandoned,
    MessageReplayed,
    SendClaimed,
    SendFailed,
    SendSucceeded,
    Template,
)
from services.notify.domain.message import (
    ATTEMPT_LIMIT,
    CLAIM_LASTS,
    LONGEST_RETRY_AFTER,
    MESSAGE,
    ClaimSend,
    Delivery,
    Message,
    RecordSendFailed,
    RecordSendSucceeded,
    ReplayMessage,
    retry_after,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Life:
    """A message that lives through commands at given instants."""

    def __init__(self) -> None:
        self.state: Message = MESSAGE.initial
        self.now = NOW

    def when(self, asked: Command) -> list[Fact]:
        context = Context(now=self.now, actor="test:1", new_id=lambda: "unused")
        facts = list(MESSAGE.decide(self.state, asked, context))
        self.state = MESSAGE.fold(facts, self.state)
        assert MESSAGE.decide(self.state, asked, context) == [], "a command may be repeated"
        return facts

    def claim(self, claim: str) -> list[Fact]:
        return self.when(
            ClaimSend(
                message_id="m",
                claim_id=claim,
                customer_id="c",
                channel=Channel.EMAIL,
                template=Template.CARD_BLOCKED,
                template_version="v",
            )
        )

    def fail(self, claim: str, *, permanent: bool = False) -> list[Fact]:
        return self.when(
            RecordSendFailed(
                message_id="m",
                claim_id=claim,
                reason="SMTP_451",
                permanent=permanent,
                jitter_permille=0,
            )
        )

    def succeed(self, claim: str) -> list[Fact]:
        return self.when(RecordSendSucceeded(message_id="m", claim_id=claim))


def kinds(facts: list[Fact]) -> list[type[Fact]]:
    return [type(fact) for fact in facts]


def test_only_one_claims_a_message_and_sends_it() -> None:
    life = Life()
    assert kinds(life.claim("1")) == [SendClaimed]
    with pytest.raises(Refused, match="NOT_YET"):
        life.claim("2")
    assert kinds(life.succeed("1")) == [SendSucceeded]
    with pytest.raises(Refused, match="ALREADY_SENT"):
        life.claim("3")


def test_a_claim_whose_outcome_nobody_recorded_runs_out() -> None:
    life = Life()
    life.claim("1")
    life.now += CLAIM_LASTS
    (claimed,) = life.claim("2")
    assert isinstance(claimed, SendClaimed)
    assert claimed.attempt == 2
    # The first sender was only slow: the message has gone out, and is not tried again.
    assert kinds(life.succeed("1")) == [SendSucceeded]
    assert life.fail("2") == []
    assert life.state.delivery is Delivery.SENT


def test_a_failed_message_waits_longer_each_time_and_is_then_given_up() -> None:
    life = Life()
    waited: list[timedelta] = []
    for attempt in range(1, ATTEMPT_LIMIT + 1):
        life.claim(str(attempt))
        facts = life.fail(str(attempt))
        (failed,) = [fact for fact in facts if isinstance(fact, SendFailed)]
        waited.append(failed.retry_at - life.now)
        life.now = failed.retry_at
    assert waited == sorted(waited)
    assert waited[-1] <= LONGEST_RETRY_AFTER
    assert isinstance(facts[-1], MessageAbandoned)
    assert facts[-1].reason == "SMTP_451"
    with pytest.raises(Refused, match="ALREADY_ABANDONED"):
        life.claim("again")


def test_a_message_waits_before_it_is_tried_again() -> None:
    life = Life()
    life.claim("1")
    life.fail("1")
    with pytest.raises(Refused, match="NOT_YET"):
        life.claim("2")


def test_a_permanent_failure_is_not_tried_again() -> None:
    life = Life()
    life.claim("1")
    assert kinds(life.fail("1", permanent=True)) == [SendFailed, MessageAbandoned]


def test_a_message_whose_senders_always_vanish_is_given_up() -> None:
    life = Life()
    for attempt in range(ATTEMPT_LIMIT):
        life.claim(str(attempt))
        life.now += CLAIM_LASTS
    context = Context(now=life.now, actor="test:1", new_id=lambda: "unused")
    claim = ClaimSend(
        message_id="m",
        claim_id="last",
        customer_id="c",
        channel=Channel.EMAIL,
        template=Template.CARD_BLOCKED,
        template_version="v",
    )
    (abandoned,) = MESSAGE.decide(life.state, claim, context)
    assert isinstance(abandoned, MessageAbandoned)
    assert abandoned.reason == "OUTCOME_UNKNOWN"


def test_an_abandoned_message_can_be_brought_back_and_no_other() -> None:
    life = Life()
    with pytest.raises(NotFound, match="MESSAGE_UNKNOWN"):
        life.when(ReplayMessage(message_id="m", replay_id="1"))
    life.claim("1")
    with pytest.raises(Refused, match="NOT_ABANDONED"):
        life.when(ReplayMessage(message_id="m", replay_id="1"))
    life.fail("1", permanent=True)
    assert kinds(life.when(ReplayMessage(message_id="m", replay_id="1"))) == [MessageReplayed]
    assert kinds(life.claim("2")) == [SendClaimed]


def test_nobody_records_an_outcome_without_a_claim() -> None:
    life = Life()
    with pytest.raises(Refused, match="NOT_CLAIMED"):
        life.succeed("1")
    with pytest.raises(Refused, match="NOT_CLAIMED"):
        life.fail("1")


@given(st.integers(1, ATTEMPT_LIMIT), st.integers(0, 1000))
def test_waiting_is_bounded_and_jitter_only_adds_to_it(attempt: int, jitter: int) -> None:
    waiting, least = retry_after(attempt, jitter), retry_after(attempt, 0)
    assert least <= waiting <= least * 3 / 2 <= LONGEST_RETRY_AFTER * 3 / 2


steps = st.lists(
    st.tuples(st.sampled_from(["claim", "succeed", "fail", "wait"]), st.sampled_from("123")),
    max_size=30,
)


@given(steps)
def test_whatever_happens_a_message_succeeds_at_most_once_and_rests_then(
    given_steps: list[tuple[str, str]],
) -> None:
    life = Life()
    facts: list[Fact] = []
    for what, claim in given_steps:
        if what == "wait":
            life.now += timedelta(seconds=int(claim) * 30)
            continue
        try:
            facts += getattr(life, what)(claim)
        except Refused:
            continue  # What is refused changes nothing.
    ends = [i for i, fact in enumerate(facts) if isinstance(fact, SendSucceeded)]
    assert len(ends) <= 1
    if ends:
        assert facts[ends[0] + 1 :] == []
