"""Everything that can have happened in accounts; upcasters at the foot."""

from datetime import date, datetime
from typing import Any, ClassVar

from chassis.kernel.events import Fact, Upcasters, fact
from chassis.kernel.money import Money
from services.accounts.domain.values import (
    CardKind,
    CardStatus,
    CardUse,
    Channel,
    Delivery,
    EntryMode,
    LossKind,
    Merchant,
    Network,
    Terms,
)

# `transaction_date` is the business date on which it happened in the holder's life.


@fact
class ProgrammeDefined(Fact):
    """A card programme exists, with the first version of its terms."""

    programme_id: str
    programme_version: int
    name: str
    currency: str
    default_limit: Money
    terms: Terms
    transaction_date: date


@fact
class CustomerRegistered(Fact):
    """A customer is known. Every personal field is ciphertext under the customer's own key, or
    empty; `profile_digest` is a keyed hash of them all, to tell a repetition from another;
    `identity_hash` of who they are, empty where that is not known well enough."""

    customer_id: str
    given_name: str
    family_name: str
    email: str
    phone: str
    date_of_birth: str
    address: str
    locale: str
    profile_digest: str
    registered_at: datetime
    transaction_date: date
    identity_hash: str = ""


@fact
class AccountOpened(Fact):
    """A credit account is open, on the terms that its programme had then."""

    account_id: str
    customer_id: str
    programme_id: str
    programme_version: int
    currency: str
    limit: Money
    terms: Terms
    transaction_date: date


@fact
class AccountSuspended(Fact):
    """Nothing may be charged to the account until it is reinstated."""

    account_id: str
    customer_id: str
    reason: str
    channel: Channel
    transaction_date: date


@fact
class AccountReinstated(Fact):
    """A suspended account may be charged again."""

    account_id: str
    customer_id: str
    reason: str
    channel: Channel
    transaction_date: date


@fact
class CardIssued(Fact):
    """A card is issued; `replaces_card_id` is empty for a new one, `cardholder_id` where the
    account's holder holds it."""

    version: ClassVar[int] = 2

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    kind: CardKind
    expires_on: date
    replaces_card_id: str
    transaction_date: date
    status: CardStatus = CardStatus.ACTIVE
    cardholder_id: str = ""
    use: CardUse = CardUse.ANY
    merchant_id: str = ""
    delivery: Delivery = Delivery.NONE


@fact
class CardBlocked(Fact):
    """Every charge of the card is declined until it is unblocked."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    reason: str
    channel: Channel
    charge_id: str
    transaction_date: date


@fact
class CardUnblocked(Fact):
    """A blocked card works again."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    reason: str
    channel: Channel
    transaction_date: date


@fact
class CardReportedLost(Fact):
    """A card is lost or stolen: its number is never accepted again."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    reason: LossKind
    channel: Channel
    transaction_date: date


@fact
class CardReplaced(Fact):
    """A new card with a new number has taken the place of another."""

    account_id: str
    customer_id: str
    card_id: str
    replacement_card_id: str
    replacement_last_four: str
    reason: LossKind
    transaction_date: date


@fact
class ChargeAuthorised(Fact):
    """A charge is approved; `held` may exceed `amount` where the amount is an estimate. `requested`
    is what was asked for where it is not `amount`, `markup` the part of `amount` that the house
    takes for another currency; `decided_by_network`: approved elsewhere, whatever the limit."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    amount: Money
    held: Money
    original_amount: Money | None
    rate: str
    merchant: Merchant
    entry_mode: EntryMode
    response_code: str
    available: Money
    stand_in: bool
    assessment_id: str
    hold_expires_at: datetime
    transaction_date: date
    transaction_at: datetime
    requested: Money | None = None
    markup: Money | None = None
    settlement_amount: Money | None = None
    network: Network = Network.UNSPECIFIED
    decided_by_network: bool = False


@fact
class ChargeDeclined(Fact):
    """A charge is refused, in the words of networks and in detail; `control_id` names the spend
    control that stood against it."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    amount: Money
    original_amount: Money | None
    rate: str
    merchant: Merchant
    entry_mode: EntryMode
    response_code: str
    reason: str
    available: Money
    stand_in: bool
    assessment_id: str
    transaction_date: date
    transaction_at: datetime
    network: Network = Network.UNSPECIFIED
    decided_by_network: bool = False
    control_id: str = ""


@fact
class ChargeAdvised(Fact):
    """The merchant told the new total of a charge."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    advice_id: str
    amount: Money
    held: Money
    available: Money
    hold_expires_at: datetime
    transaction_date: date
    markup: Money | None = None


@fact
class ChargeIncremented(Fact):
    """More was asked for on a charge, and approved; `amount` is the new total, `by` and `to`
    what was asked for, in minor units, 0 where not said."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    increment_id: str
    by_minor: int
    to_minor: int
    amount: Money
    held: Money
    available: Money
    hold_expires_at: datetime
    transaction_date: date
    markup: Money | None = None


@fact
class ChargeIncrementDeclined(Fact):
    """More was asked for on a charge, and refused; `amount` is the total it would have had."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    increment_id: str
    by_minor: int
    to_minor: int
    amount: Money
    response_code: str
    reason: str
    available: Money
    transaction_date: date
    control_id: str = ""


@fact
class ChargeCleared(Fact):
    """A charge is posted: `amount` is owed, `released` of the hold fell, for `over_hold` of the
    amount there was no hold; `forced` when no approved authorisation stands behind it. `markup`
    is the part of `amount` that the house takes for another currency."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    clearing_id: str
    amount: Money
    released: Money
    over_hold: Money
    final: bool
    forced: bool
    original_amount: Money | None
    rate: str
    merchant: Merchant
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date
    markup: Money | None = None
    settlement_amount: Money | None = None


@fact
class ChargeReversed(Fact):
    """All (`full`) or part of what was held falls, because the merchant took it back.
    `asked_minor` is 0 where everything was asked for."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    reversal_id: str
    asked_minor: int
    amount: Money
    released: Money
    full: bool
    available: Money
    transaction_date: date


@fact
class ChargeRefunded(Fact):
    """Money came back and is posted; `charge_id` is empty when it is not linked to a charge."""

    account_id: str
    customer_id: str
    card_id: str
    refund_id: str
    charge_id: str
    amount: Money
    original_amount: Money | None
    rate: str
    merchant: Merchant
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date
    settlement_amount: Money | None = None
    credited_on: date | None = None


@fact
class HoldExpired(Fact):
    """Nobody cleared a charge in time; it still may be cleared."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    released: Money
    available: Money
    transaction_date: date


@fact
class PaymentRecorded(Fact):
    """The holder paid something back. `credited_on`: from when on it counts, where that is before
    it was posted."""

    account_id: str
    customer_id: str
    payment_id: str
    amount: Money
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date
    credited_on: date | None = None


def with_defaults(fields: dict[str, Any]) -> dict[str, Any]:
    """What the next version has more has defaults that say what was so before."""
    return fields


UPCASTERS: Upcasters = {"CardIssued.v1": with_defaults}
