"""When a card is renewed, and when it expires, by itself."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from chassis.policies import TimerRule
from chassis.recorded import Meta
from chassis.work import Cancel, Schedule
from services.accounts.domain import events
from services.accounts.domain.life.commands import ExpireCard, RenewInTime
from services.accounts.domain.life.events import CardRenewed, CardTerminated

RENEWAL_LEAD_DAYS = 30
"""So long before its last day a card is renewed; a card of a short life, in the middle of it."""
FIRST_SEQUENCE = 1


def renewal_timer(card_id: str) -> str:
    """The name of the timer that renews a card."""
    return f"renew-{card_id}"


def expiry_timer(card_id: str) -> str:
    """The name of the timer that lets a card expire."""
    return f"expire-{card_id}"


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _watch(fact: events.CardIssued | CardRenewed, sequence: int) -> Iterable[Schedule | Cancel]:
    life_days = (fact.expires_on - fact.transaction_date).days
    lead = timedelta(days=min(RENEWAL_LEAD_DAYS, life_days // 2))
    yield Schedule(
        renewal_timer(fact.card_id),
        _begin_of(fact.expires_on - lead),
        RenewInTime(account_id=fact.account_id, card_id=fact.card_id, sequence=sequence),
    )
    yield Schedule(
        expiry_timer(fact.card_id),
        _begin_of(fact.expires_on + timedelta(days=1)),
        ExpireCard(account_id=fact.account_id, card_id=fact.card_id, sequence=sequence),
    )


def watch_the_life_of_a_card(fact: events.CardIssued, meta: Meta) -> Iterable[Schedule | Cancel]:
    """A card is renewed in time, or expires."""
    return _watch(fact, FIRST_SEQUENCE)


def watch_a_renewed_card(fact: CardRenewed, meta: Meta) -> Iterable[Schedule | Cancel]:
    """A renewal counts the time anew."""
    return _watch(fact, fact.sequence)


def forget_a_card_that_ended(
    fact: CardTerminated | events.CardReportedLost, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """What has ended is neither renewed nor expires."""
    yield Cancel(renewal_timer(fact.card_id))
    yield Cancel(expiry_timer(fact.card_id))


TIMERS = (
    TimerRule(events.CardIssued, watch_the_life_of_a_card),
    TimerRule(CardRenewed, watch_a_renewed_card),
    TimerRule(CardTerminated, forget_a_card_that_ended),
    TimerRule(events.CardReportedLost, forget_a_card_that_ended),
)
