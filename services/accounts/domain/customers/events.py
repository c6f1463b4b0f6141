"""What can have happened to a customer after the registration."""

from datetime import date, datetime

from chassis.kernel.events import Fact, fact, value
from services.accounts.domain.values import Channel


@value
class ProfileChange:
    """A field of the profile by its name, and its new value: ciphertext, or empty."""

    field: str
    sealed: str


@fact
class CustomerProfileChanged(Fact):
    """Something about a customer is different; `fields` says what, `changes` holds ciphertext."""

    customer_id: str
    fields: tuple[str, ...]
    changes: tuple[ProfileChange, ...]
    profile_digest: str
    identity_hash: str
    channel: Channel
    transaction_date: date


@fact
class CustomerAccountAttached(Fact):
    """An account is the customer's."""

    customer_id: str
    account_id: str


@fact
class CustomerHoldingAttached(Fact):
    """The customer holds a card of somebody else's account, or has held one."""

    customer_id: str
    account_id: str


@fact
class CustomerErasureBegun(Fact):
    """A customer is to be forgotten: nothing new may be opened for them."""

    customer_id: str
    requested_by: str
    transaction_date: date


@fact
class CustomerErased(Fact):
    """Every key of a customer is destroyed; `certificate` is the key service's signed proof."""

    customer_id: str
    certificate_id: str
    certificate: str
    destroyed_keys: tuple[str, ...]
    destroyed_at: datetime
    transaction_date: date


@fact
class CustomerRestricted(Fact):
    """A customer may use no account: these are suspended, and no other is opened; on the accounts
    of `holding_ids`, which are others', the customer's cards are blocked. `cause_id` is the hit or
    the screening that people have confirmed."""

    customer_id: str
    cause_id: str
    reason: str
    account_ids: tuple[str, ...]
    restricted_by: str
    transaction_date: date
    holding_ids: tuple[str, ...] = ()


@fact
class CustomerRestrictionLifted(Fact):
    """People let a customer have accounts again; those that were suspended may be reinstated."""

    customer_id: str
    reason: str
    lifted_by: str
    transaction_date: date
