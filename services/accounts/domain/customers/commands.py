"""What can be asked of a customer after the registration."""

from datetime import datetime

from chassis.kernel.events import Command, command
from services.accounts.domain.customers.events import ProfileChange
from services.accounts.domain.values import Channel


@command
class ChangeProfile(Command):
    """Change what is known of a customer; `profile_digest` is that of the whole new profile."""

    customer_id: str
    changes: tuple[ProfileChange, ...]
    profile_digest: str
    identity_hash: str
    channel: Channel


@command
class AttachAccount(Command):
    """An account is opened for the customer, in the same unit."""

    customer_id: str
    account_id: str


@command
class AttachHolding(Command):
    """A card of somebody else's account is issued for the customer to hold, in the same unit."""

    customer_id: str
    account_id: str


@command
class BeginErasure(Command):
    """Let nothing new be opened for a customer, who is about to be forgotten; `account_ids` are
    those on which there is a condition in the same unit."""

    customer_id: str
    account_ids: tuple[str, ...]
    by: str


@command
class CompleteErasure(Command):
    """The keys are destroyed; this is the proof."""

    customer_id: str
    certificate_id: str
    certificate: str
    destroyed_keys: tuple[str, ...]
    destroyed_at: datetime


@command
class RequireClosure(Command):
    """Nothing may happen in this unit unless the account is closed and nothing is owed on it."""

    account_id: str


@command
class RestrictCustomer(Command):
    """Bar a customer from all accounts; `cause_id` is the hit or the screening that people have
    confirmed, and is good for one restriction."""

    customer_id: str
    cause_id: str
    reason: str
    by: str


@command
class LiftCustomerRestriction(Command):
    """Let a customer have accounts again."""

    customer_id: str
    reason: str
    by: str


@command
class RequireNoRestriction(Command):
    """Nothing may happen in this unit while the customer is restricted."""

    customer_id: str
