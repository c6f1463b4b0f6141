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
