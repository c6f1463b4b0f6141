"""The networks' own windows: when each stage of a dispute may be begun, and what becomes of one
that was not. The figures are those of the typical table; its sources stand in networks.py."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.kernel.errors import Refused
from chassis.kernel.events import Fact
from chassis.work import Cancel, Schedule
from services.accounts.domain.disputes import commands, events, networks
from services.accounts.domain.disputes.commands import Deadline
from services.accounts.domain.disputes.state import (
    STAGES,
    DisputeReason,
    DisputeStatus,
    NetworkWindows,
    WindowCategory,
)
from services.accounts.domain.values import Network
from services.accounts.policies import disputes as policies
from services.accounts.tests.stories import TODAY, pounds
from services.accounts.tests.test_disputes import ON, DisputeStory, refusal_of
from services.accounts.tests.test_golden import META
from services.accounts.use_cases.dispute_windows import load

CHARGED_BACK, REPRESENTED = DisputeStatus.CHARGED_BACK, DisputeStatus.REPRESENTED
PRE_ARBITRATION, ARBITRATION = DisputeStatus.PRE_ARBITRATION, DisputeStatus.ARBITRATION
ORDER = list(STAGES)
POSTED = date(2026, 3, 16)
DAYS = {
    Network.VISA: (120, 30, 30, 40),
    Network.MASTERCARD: (120, 45, 45, 75),
    Network.DISCOVER: (120, 30, 30, 40),
    Network.JCB: (120, 30, 30, 40),
}
"""For a consumer's dispute; JCB has no row of its own."""


def on(story: DisputeStory, stage: DisputeStatus, day: date) -> commands.AdvanceDispute:
    return commands.AdvanceDispute(**ON, stage=stage, posting_date=day)


class WindowStory(DisputeStory):
    """A charge of 100.00 over a network, posted on 16 March 2026, in dispute."""

    def __init__(
        self, network: Network = Network.VISA, reason: DisputeReason = DisputeReason.NOT_RECEIVED
    ) -> None:
        super().__init__()
        charge = self.state.charges["charge"]
        assert charge.posted_on == POSTED
        # Only a network's own door says which it is; everything else about the charge is decided.
        charges = self.state.charges.set("charge", replace(charge, network=network))
        self.state = replace(self.state, charges=charges)
        self.open(reason=reason)

    def begin(self, stage: DisputeStatus) -> date:
        """Begin a stage on the last day of its window; returns that day."""
        day = self.dispute.window_ends_on
        assert day is not None
        self.when(on(self, stage, day))
        return day

    def at(self, deadline: Deadline, day: date) -> list[Fact]:
        return self.check(deadline, day)


@pytest.mark.parametrize("network", DAYS)
def test_each_stage_may_be_begun_until_the_last_day_of_its_window(network: Network) -> None:
    story, since = WindowStory(network), POSTED
    for stage, days in zip(ORDER, DAYS[network], strict=True):
        last = since + timedelta(days=days)
        assert story.dispute.next_stage is stage
        assert story.dispute.window_ends_on == last
        with pytest.raises(Refused) as refused:
            story.when(on(story, stage, last + timedelta(days=1)))
        assert refused.value.reason == "DISPUTE_WINDOW_CLOSED"
        assert refused.value.metadata == {"ended_on": last.isoformat()}
        since = story.begin(stage)
    assert story.dispute.next_stage is None
    assert story.dispute.window_ends_on is None
    assert story.at(Deadline.WINDOW, since + timedelta(days=1_000)) == []


@pytest.mark.parametrize("stage", ORDER)
@pytest.mark.parametrize("reached", range(5))
def test_a_stage_follows_only_the_one_before_it(reached: int, stage: DisputeStatus) -> None:
    """Of all orders of the four stages one is possible; a stage that was reached is only told."""
    story = WindowStory()
    for each in ORDER[:reached]:
        story.begin(each)
    day = story.dispute.window_ends_on or TODAY
    if stage in ORDER[: reached + 1]:
        facts = story.when(on(story, stage, day))
        assert len(facts) == (1 if stage in ORDER[reached : reached + 1] else 0)
    else:
        assert refusal_of(story, on(story, stage, day)) == "STAGE_OUT_OF_ORDER"


@pytest.mark.parametrize(
    ("network", "reason", "days"),
    [
        (Network.VISA, DisputeReason.UNAUTHORISED, 120),
        (Network.VISA, DisputeReason.DUPLICATE, 120),
        (Network.MASTERCARD, DisputeReason.UNAUTHORISED, 120),
        (Network.MASTERCARD, DisputeReason.WRONG_AMOUNT, 90),
        (Network.UNSPECIFIED, DisputeReason.DUPLICATE, 90),
        (Network.UNIONPAY, DisputeReason.CREDIT_NOT_PROCESSED, 120),
    ],
)
def test_a_chargeback_has_so_many_days_from_posting(
    network: Network, reason: DisputeReason, days: int
) -> None:
    assert WindowStory(network, reason).dispute.window_ends_on == POSTED + timedelta(days=days)


@pytest.mark.parametrize("reached", range(4))
def test_a_window_that_runs_out_closes_the_stage_for_who_waits(reached: int) -> None:
    """Of the four stages only the second is the merchant's to begin: silence to a chargeback is
    the house's money, silence of the house is the merchant's."""
    story = WindowStory()
    for stage in ORDER[:reached]:
        story.begin(stage)
    last = story.dispute.window_ends_on
    assert last is not None
    assert story.at(Deadline.WINDOW, last) == []
    told = story.at(Deadline.WINDOW, last + timedelta(days=1))
    lapsed = told[0]
    assert isinstance(lapsed, events.DisputeStageLapsed)
    assert (lapsed.stage, lapsed.ended_on) == (ORDER[reached], last)
    if ORDER[reached] is REPRESENTED:
        assert lapsed.in_favour_of == "HOUSE"
        resolved = told[1]
        assert isinstance(resolved, events.DisputeResolved)
        assert (resolved.outcome, resolved.explanation) == (DisputeStatus.WON, "UNCONTESTED")
        assert (story.owed, story.ledger()) == (0, {})
    else:
        assert lapsed.in_favour_of == "MERCHANT"
        assert len(told) == 1
        assert story.dispute.is_open
        assert refusal_of(story, on(story, ORDER[reached], last)) == "DISPUTE_WINDOW_CLOSED"


@pytest.mark.parametrize("outcome", [DisputeStatus.LOST, DisputeStatus.WRITTEN_OFF])
def test_who_missed_a_window_still_decides_with_the_holder(outcome: DisputeStatus) -> None:
    """1026.13(f): that the network pays nothing any more is no reason against the holder; but the
    house cannot win of the network what it did not ask for in time."""
    story = WindowStory()
    story.at(Deadline.WINDOW, POSTED + timedelta(days=121))
    won = commands.ResolveDispute(
        **ON, outcome=DisputeStatus.WON, explanation="so", posting_date=TODAY
    )
    assert refusal_of(story, won) == "NETWORK_RECOURSE_LOST"
    fact = story.resolve(outcome)
    is_lost = outcome is DisputeStatus.LOST
    assert (fact.credit, fact.loss) == (pounds(0 if is_lost else 100),) * 2


def test_what_the_holder_has_for_good_is_not_credited_twice_when_it_is_won() -> None:
    """Comment 13(c)(2)-2: credited on the last day to resolve, and then the merchant is silent."""
    story = WindowStory()
    story.when(on(story, CHARGED_BACK, TODAY + timedelta(days=80)))
    story.at(Deadline.RESOLVE, TODAY + timedelta(days=90))
    assert story.owed == 0
    lapsed, resolved = story.at(Deadline.WINDOW, TODAY + timedelta(days=111))
    assert isinstance(lapsed, events.DisputeStageLapsed)
    assert isinstance(resolved, events.DisputeResolved)
    assert (resolved.credit, resolved.loss, story.owed) == (pounds(0), pounds(0), 0)


@pytest.mark.parametrize("reached", range(4))
def test_the_end_of_a_window_is_told_once_some_days_before(reached: int) -> None:
    story = WindowStory()
    for stage in ORDER[:reached]:
        story.begin(stage)
    last = story.dispute.window_ends_on
    assert last is not None
    assert story.at(Deadline.WINDOW_WARNING, last - timedelta(days=8)) == []
    (told,) = story.at(Deadline.WINDOW_WARNING, last - timedelta(days=7))
    assert isinstance(told, events.DisputeWindowWarned)
    assert (told.stage, told.ends_on) == (ORDER[reached], last)
    assert told.acts == ("MERCHANT" if ORDER[reached] is REPRESENTED else "HOUSE")
    assert story.at(Deadline.WINDOW_WARNING, last) == []


def test_a_window_is_watched_anew_with_every_stage() -> None:
    story = WindowStory()
    opened = story.facts[-1]
    assert isinstance(opened, events.DisputeOpened)
    warning, end = policies.watch_the_window_of_the_next_stage(opened, META)
    assert isinstance(warning, Schedule)
    assert isinstance(end, Schedule)
    assert [warning.due_at, end.due_at] == [
        datetime.combine(POSTED + timedelta(days=days), time(), UTC) for days in (113, 121)
    ]
    for stage in ORDER:
        story.begin(stage)
    advanced = story.facts[-1]
    assert isinstance(advanced, events.DisputeAdvanced)
    none_left = list(policies.watch_the_window_of_the_next_stage(advanced, META))
    assert len(none_left) == 2
    assert all(isinstance(each, Cancel) for each in none_left)


def test_a_dispute_keeps_the_windows_it_was_opened_with() -> None:
    """A change of the table is for disputes received from its date on."""
    later = NetworkWindows(
        network=Network.VISA,
        category=WindowCategory.CONSUMER,
        effective_from=date(2026, 10, 1),
        from_transaction=True,
        chargeback_days=10,
        representment_days=9,
        pre_arbitration_days=8,
        arbitration_days=7,
    )
    table, reason = (*networks.TYPICAL, later), DisputeReason.NOT_RECEIVED
    before = networks.windows_for(table, Network.VISA, reason, date(2026, 9, 30))
    assert before is not None
    assert before.chargeback_days == 120
    assert networks.windows_for(table, Network.VISA, reason, date(2026, 10, 1)) is later
    made_on = date(2026, 10, 2)
    window = networks.first_window(later, made_on, date(2026, 10, 5))
    assert window == {"window_ends_on": date(2026, 10, 12), "warn_on": date(2026, 10, 5)}


def test_without_a_row_there_is_no_limit() -> None:
    assert networks.windows_for((), Network.VISA, DisputeReason.DUPLICATE, TODAY) is None
    assert networks.first_window(None, POSTED, POSTED)["window_ends_on"] is None


HEADING = (
    "network,category,effective_from,chargeback_days,representment_days,pre_arbitration_days,"
    "arbitration_days\n"
)


def test_a_deployment_has_a_table_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "windows.csv"
    path.write_text(f"{HEADING},CONSUMER,2020-01-01,60,20,20,20\n", encoding="utf-8")
    (row,) = load(path)
    assert (row.network, row.chargeback_days, row.warning_days) == (Network.UNSPECIFIED, 60, 7)
    assert load(None) is networks.TYPICAL


@pytest.mark.parametrize(
    "rows",
    [
        "VISA,CONSUMER,2020-01-01,60,20,20,0\n",
        "VISA,KINDNESS,2020-01-01,60,20,20,20\n",
        "VISA,FRAUD,2020-01-01,60,20,20,20\n" * 2,
    ],
)
def test_a_table_that_cannot_be_meant_is_no_table(tmp_path: Path, rows: str) -> None:
    path: Any = tmp_path / "windows.csv"
    path.write_text(HEADING + rows, encoding="utf-8")
    with pytest.raises(ValueError, match=r"twice|validation error"):
        load(path)
