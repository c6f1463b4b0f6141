"""The networks' own windows: within which time each stage of a dispute may be begun."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypedDict

from chassis.kernel.errors import Refused
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.disputes import events
from services.accounts.domain.disputes.state import (
    STAGES,
    Dispute,
    DisputeReason,
    DisputeStatus,
    NetworkWindows,
    WindowCategory,
)
from services.accounts.domain.values import Network

HOUSE, MERCHANT = "HOUSE", "MERCHANT"

CATEGORY_OF = {
    DisputeReason.UNAUTHORISED: WindowCategory.FRAUD,
    DisputeReason.NOT_IDENTIFIED: WindowCategory.FRAUD,
    DisputeReason.NOT_RECEIVED: WindowCategory.CONSUMER,
    DisputeReason.NOT_AS_AGREED: WindowCategory.CONSUMER,
    DisputeReason.CREDIT_NOT_PROCESSED: WindowCategory.CONSUMER,
    DisputeReason.WRONG_AMOUNT: WindowCategory.PROCESSING_ERROR,
    DisputeReason.DUPLICATE: WindowCategory.PROCESSING_ERROR,
    DisputeReason.CLARIFICATION: WindowCategory.CONSUMER,
}


def _rows(
    network: Network, since: date, days: tuple[int, int, int], errors: int = 120
) -> list[NetworkWindows]:
    """The rows of a network: 120 days for a chargeback, but so many for processing errors; and
    the days for representment, pre-arbitration and arbitration."""
    return [
        NetworkWindows(
            network=network,
            category=category,
            effective_from=since,
            chargeback_days=errors if category is WindowCategory.PROCESSING_ERROR else 120,
            representment_days=days[0],
            pre_arbitration_days=days[1],
            arbitration_days=days[2],
        )
        for category in WindowCategory
    ]


# Sources, all public: Visa Core Rules, chapter 11 (conditions 10, 12 and 13: 120 days from the
# processing date; response 30; pre-arbitration 30; to it a response within 30, then arbitration
# within 10). Mastercard Chargeback Guide, chapter 2 (4837 and 4853: 120 days from the central site
# business date, 4834: 90; second presentment 45; pre-arbitration 45; a response within 30, then
# arbitration within 45). Discover Dispute Rules Manual as acquirers publish it (120, 30, 30, 30 and
# 10). What no row names has the shortest of these. Networks change them and have exceptions by
# region: a deployment gives a table of its own by CARDS_ACCOUNTS_DISPUTE_WINDOWS_PATH.
TYPICAL: tuple[NetworkWindows, ...] = (
    *_rows(Network.UNSPECIFIED, date(2011, 12, 30), (30, 30, 40), errors=90),
    *_rows(Network.VISA, date(2018, 4, 14), (30, 30, 40)),
    *_rows(Network.MASTERCARD, date(2016, 10, 14), (45, 45, 75), errors=90),
    *_rows(Network.DISCOVER, date(2018, 4, 13), (30, 30, 40)),
)
"""Typical windows; a change is one more row with its date."""


class Window(TypedDict):
    """Until when a stage may be begun, and when it is told that this ends; None: no limit known."""

    window_ends_on: date | None
    warn_on: date | None


def windows_for(
    table: Sequence[NetworkWindows], network: Network, reason: DisputeReason, day: date
) -> NetworkWindows | None:
    """The row in force on a day, of the network or else of any; None where there is none."""
    category = CATEGORY_OF[reason]
    rows = [row for row in table if row.category is category and row.effective_from <= day]
    for wanted in (network, Network.UNSPECIFIED):
        of_network = [row for row in rows if row.network is wanted]
        if of_network:
            return max(of_network, key=lambda row: row.effective_from)
    return None


def _window(windows: NetworkWindows | None, since: date, stage: DisputeStatus | None) -> Window:
    if windows is None or stage is None:
        return Window(window_ends_on=None, warn_on=None)
    ends_on = since + timedelta(days=windows.days_for(stage))
    return Window(window_ends_on=ends_on, warn_on=ends_on - timedelta(days=windows.warning_days))


def first_window(windows: NetworkWindows | None, made_on: date, posted_on: date | None) -> Window:
    """The window of a chargeback of a charge."""
    from_transaction = windows is not None and windows.from_transaction
    since = made_on if from_transaction or posted_on is None else posted_on
    return _window(windows, since, DisputeStatus.CHARGED_BACK)


def next_window(dispute: Dispute, stage: DisputeStatus, day: date) -> Window:
    """The window that opens when a stage is begun."""
    following = next((each for each, after in STAGES.items() if after is stage), None)
    return _window(dispute.windows, day, following)


def check_window(dispute: Dispute, stage: DisputeStatus, day: date) -> None:
    """Raises Refused, with the date, when the time to begin a stage is over."""
    ends_on = dispute.window_ends_on
    if dispute.lapsed or (ends_on is not None and day > ends_on):
        until = ends_on.isoformat() if ends_on else ""
        raise Refused(
            "DISPUTE_WINDOW_CLOSED",
            f"{stage.lower()} could be begun until {until}",
            ended_on=until,
        )


def _acts(stage: DisputeStatus) -> str:
    return MERCHANT if stage is DisputeStatus.REPRESENTED else HOUSE


def warning(
    state: CreditAccount, dispute: Dispute, today: date
) -> tuple[events.DisputeWindowWarned, ...]:
    """Tell once that a window ends, from its day on until it has ended."""
    stage, ends_on, windows = dispute.next_stage, dispute.window_ends_on, dispute.windows
    if stage is None or ends_on is None or windows is None or stage in dispute.warned:
        return ()
    if not ends_on - timedelta(days=windows.warning_days) <= today <= ends_on:
        return ()
    return (
        events.DisputeWindowWarned(
            account_id=state.account_id,
            customer_id=state.customer_id,
            dispute_id=dispute.dispute_id,
            charge_id=dispute.charge_id,
            stage=stage,
            acts=_acts(stage),
            ends_on=ends_on,
            transaction_date=today,
        ),
    )


def lapse(
    state: CreditAccount, dispute: Dispute, today: date
) -> tuple[events.DisputeStageLapsed, ...]:
    """Close the stage whose window has ended, in favour of who waits for it."""
    stage, ends_on = dispute.next_stage, dispute.window_ends_on
    if stage is None or ends_on is None or today <= ends_on:
        return ()
    return (
        events.DisputeStageLapsed(
            account_id=state.account_id,
            customer_id=state.customer_id,
            dispute_id=dispute.dispute_id,
            charge_id=dispute.charge_id,
            stage=stage,
            in_favour_of=HOUSE if _acts(stage) == MERCHANT else MERCHANT,
            ended_on=ends_on,
            transaction_date=today,
        ),
    )
