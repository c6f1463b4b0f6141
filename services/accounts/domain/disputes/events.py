"""What can have happened to disputes."""

from datetime import date

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money
from services.accounts.domain.disputes.state import DisputeReason, DisputeStatus, NetworkWindows
from services.accounts.domain.values import Channel, Merchant


@fact
class DisputeOpened(Fact):
    """A notice of a billing error was received; `amount` need not be paid until it is decided.
    `statement_on` is when the charge was first shown to the holder, if it was. The network may be
    asked for the money until `window_ends_on`; on `warn_on` it is told that this ends."""

    account_id: str
    customer_id: str
    card_id: str
    dispute_id: str
    charge_id: str
    reason: DisputeReason
    amount: Money
    asked: str
    channel: Channel
    evidence: tuple[str, ...]
    statement_on: date | None
    timely: bool
    acknowledge_by: date
    resolve_by: date
    transaction_date: date
    windows: NetworkWindows | None = None
    window_ends_on: date | None = None
    warn_on: date | None = None


@fact
class DisputeAcknowledged(Fact):
    """The holder was told in writing that the notice has come."""

    account_id: str
    customer_id: str
    dispute_id: str
    charge_id: str
    transaction_date: date


@fact
class DisputeEvidenceAdded(Fact):
    """More was handed in; only where it is kept is recorded."""

    account_id: str
    customer_id: str
    dispute_id: str
    charge_id: str
    evidence: tuple[str, ...]
    channel: Channel
    transaction_date: date


@fact
class ProvisionalCreditGranted(Fact):
    """What is disputed is credited to the holder until it is decided."""

    account_id: str
    customer_id: str
    dispute_id: str
    charge_id: str
    credit: Money
    merchant: Merchant
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class DisputeCreditFinalised(Fact):
    """The time to resolve is over: what was credited is the holder's, whatever the network says."""

    account_id: str
    customer_id: str
    dispute_id: str
    charge_id: str
    transaction_date: date


@fact
class DisputeAdvanced(Fact):
    """The procedure of the network went on; `recovered` came from it with this step, or went back
    when negative. The stage after it may be begun until `window_ends_on`."""

    account_id: str
    customer_id: str
    dispute_id: str
    charge_id: str
    stage: DisputeStatus
    recovered: Money
    balance: Money
    transaction_date: date
    posting_date: date
    window_ends_on: date | None = None
    warn_on: date | None = None


@fact
class DisputeWindowWarned(Fact):
    """The time to begin the next stage is nearly over; `acts` is HOUSE or MERCHANT."""

    account_id: str
    customer_id: str
    dispute_id: str
    charge_id: str
    stage: DisputeStatus
    acts: str
    ends_on: date
    transaction_date: date


@fact
class DisputeStageLapsed(Fact):
    """The next stage was not begun in time; who waited for it, HOUSE or MERCHANT, has the money
    of the network for good."""

    account_id: str
    customer_id: str
    dispute_id: str
    charge_id: str
    stage: DisputeStatus
    in_favour_of: str
    ended_on: date
    transaction_date: date


@fact
class DisputeDeadlineMissed(Fact):
    """ACKNOWLEDGE or RESOLVE was not done in time."""

    account_id: str
    customer_id: str
    dispute_id: str
    charge_id: str
    deadline: str
    due_on: date
    transaction_date: date


@fact
class DisputeResolved(Fact):
    """It is decided. With this, `credit` goes to the holder and `recovered` comes from the network,
    each negative for the other way; `loss` is the house's. `corrected` is the error in all, `owed`
    what the holder owes after all, to be paid without further charges by `pay_by`; `awaited` of it
    was withheld and had grace when the notice came. `asked` are the amounts of the decision as
    they were told, None where that was not kept."""

    account_id: str
    customer_id: str
    dispute_id: str
    charge_id: str
    outcome: DisputeStatus
    amount: Money
    corrected: Money
    related: Money
    credit: Money
    recovered: Money
    loss: Money
    owed: Money
    pay_by: date | None
    report_after: date | None
    explanation: str
    merchant: Merchant
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date
    awaited: Money | None = None
    asked: str | None = None


@fact
class RequiredPaymentChanged(Fact):
    """Because of disputes another amount is `required` now of a statement than was `told` with it,
    which stays as it is. Of what was new with it `left_out` need not be paid, at the latest until
    `restored_by`; of its balance `disputed` is withheld."""

    account_id: str
    customer_id: str
    number: int
    due_on: date
    told: Money
    required: Money
    left_out: Money
    disputed: Money
    restored_by: date | None
    transaction_date: date
