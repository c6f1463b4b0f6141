"""A customer: whoever owes. Personal fields come in and stay as ciphertext."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Conflict, NotFound, Refused
from chassis.kernel.events import Command, Fact, command, value
from services.accounts.domain.customers import commands, events, restricting
from services.accounts.domain.events import CustomerRegistered

# commands


@value
class SealedProfile:
    """The personal fields, each ciphertext or empty; see CustomerRegistered."""

    given_name: str
    family_name: str
    email: str
    phone: str
    date_of_birth: str
    address: str
    locale: str


@command
class RegisterCustomer(Command):
    """Make a customer known; `profile_digest` is the same for the same profile only."""

    customer_id: str
    profile: SealedProfile
    profile_digest: str
    identity_hash: str = ""


# state


@value
class Erasure:
    """The proof that a customer is forgotten; see CustomerErased."""

    certificate_id: str
    certificate: str
    destroyed_keys: tuple[str, ...]
    destroyed_at: datetime


@value
class Customer:
    """`customer_id` is empty until the customer is registered; `profile` is None once they are
    forgotten. `first_digest` is of the profile they were registered with. `restricted_because` is
    why they may use no account, empty where they may; `causes` are those of all restrictions.
    `holding_ids` are accounts of others of which they hold a card."""

    customer_id: str = ""
    profile: SealedProfile | None = None
    profile_digest: str = ""
    first_digest: str = ""
    identity_hash: str = ""
    registered_at: datetime | None = None
    account_ids: tuple[str, ...] = ()
    erasing: bool = False
    erasure: Erasure | None = None
    restricted_because: str = ""
    causes: tuple[str, ...] = ()
    holding_ids: tuple[str, ...] = ()


# evolve


def _registered(state: Customer, fact: CustomerRegistered) -> Customer:
    return Customer(
        customer_id=fact.customer_id,
        profile=SealedProfile(
            given_name=fact.given_name,
            family_name=fact.family_name,
            email=fact.email,
            phone=fact.phone,
            date_of_birth=fact.date_of_birth,
            address=fact.address,
            locale=fact.locale,
        ),
        profile_digest=fact.profile_digest,
        first_digest=fact.profile_digest,
        identity_hash=fact.identity_hash,
        registered_at=fact.registered_at,
    )


def _changed(state: Customer, fact: events.CustomerProfileChanged) -> Customer:
    if state.profile is None:
        return state
    changes = {each.field: each.sealed for each in fact.changes}
    return replace(
        state,
        profile=replace(state.profile, **changes),
        profile_digest=fact.profile_digest,
        identity_hash=fact.identity_hash,
    )


def _attached(state: Customer, fact: events.CustomerAccountAttached) -> Customer:
    return replace(state, account_ids=(*state.account_ids, fact.account_id))


def _erasing(state: Customer, fact: events.CustomerErasureBegun) -> Customer:
    return replace(state, erasing=True)


def _erased(state: Customer, fact: events.CustomerErased) -> Customer:
    erasure = Erasure(
        certificate_id=fact.certificate_id,
        certificate=fact.certificate,
        destroyed_keys=fact.destroyed_keys,
        destroyed_at=fact.destroyed_at,
    )
    return replace(state, profile=None, identity_hash="", erasure=erasure)


def _held(state: Customer, fact: events.CustomerHoldingAttached) -> Customer:
    return replace(state, holding_ids=(*state.holding_ids, fact.account_id))


def _restricted(state: Customer, fact: events.CustomerRestricted) -> Customer:
    causes = (*state.causes, fact.cause_id)[-restricting.CAUSES_LIMIT :]
    return replace(state, restricted_because=fact.reason, causes=causes)


def _lifted(state: Customer, fact: events.CustomerRestrictionLifted) -> Customer:
    return replace(state, restricted_because="")


EVOLVE: dict[type[Fact], Callable[[Customer, Any], Customer]] = {
    CustomerRegistered: _registered,
    events.CustomerProfileChanged: _changed,
    events.CustomerAccountAttached: _attached,
    events.CustomerErasureBegun: _erasing,
    events.CustomerErased: _erased,
    events.CustomerHoldingAttached: _held,
    events.CustomerRestricted: _restricted,
    events.CustomerRestrictionLifted: _lifted,
}


def evolve(state: Customer, fact: Fact) -> Customer:
    """The customer after a fact."""
    return EVOLVE[type(fact)](state, fact)


# decide


def register(
    state: Customer, command: RegisterCustomer, context: Context
) -> tuple[CustomerRegistered, ...]:
    """Register once. Raises Refused when the id is taken by another profile."""
    if state.customer_id:
        if state.first_digest == command.profile_digest:
            return ()
        raise Refused(
            "CUSTOMER_REGISTERED_DIFFERENTLY", "a customer of this id has another profile"
        )
    profile = command.profile
    return (
        CustomerRegistered(
            customer_id=command.customer_id,
            given_name=profile.given_name,
            family_name=profile.family_name,
            email=profile.email,
            phone=profile.phone,
            date_of_birth=profile.date_of_birth,
            address=profile.address,
            locale=profile.locale,
            profile_digest=command.profile_digest,
            identity_hash=command.identity_hash,
            registered_at=context.now,
            transaction_date=context.now.date(),
        ),
    )


def _check_there(state: Customer) -> None:
    if not state.customer_id:
        raise NotFound("CUSTOMER_NOT_FOUND", "there is no such customer")


def _check_kept(state: Customer) -> None:
    _check_there(state)
    if state.erasing:
        raise Refused("CUSTOMER_ERASED", "the customer is forgotten, or about to be")


def change_profile(
    state: Customer, command: commands.ChangeProfile, context: Context
) -> tuple[Fact, ...]:
    """Change it. Raises NotFound, and Refused for whoever is forgotten."""
    _check_kept(state)
    if command.profile_digest == state.profile_digest:
        return ()
    return (
        events.CustomerProfileChanged(
            customer_id=state.customer_id,
            fields=tuple(each.field for each in command.changes),
            changes=command.changes,
            profile_digest=command.profile_digest,
            identity_hash=command.identity_hash,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


def attach(state: Customer, command: commands.AttachAccount, context: Context) -> tuple[Fact, ...]:
    """Take note of it. Raises NotFound, and Refused for whoever is forgotten or restricted."""
    _check_there(state)
    if command.account_id in state.account_ids:
        return ()
    _check_kept(state)
    restricting.check_unrestricted(state)
    return (
        events.CustomerAccountAttached(
            customer_id=state.customer_id, account_id=command.account_id
        ),
    )


def begin_erasure(
    state: Customer, command: commands.BeginErasure, context: Context
) -> tuple[Fact, ...]:
    """Begin once. Raises NotFound, and Conflict when there are other accounts than those that the
    unit has a condition on."""
    _check_there(state)
    if state.erasing:
        return ()
    if set(command.account_ids) != set(state.account_ids):
        raise Conflict("CUSTOMER_CHANGED", "an account was opened meanwhile; try again")
    return (
        events.CustomerErasureBegun(
            customer_id=state.customer_id,
            requested_by=command.by,
            transaction_date=context.now.date(),
        ),
    )


def complete_erasure(
    state: Customer, command: commands.CompleteErasure, context: Context
) -> tuple[Fact, ...]:
    """Keep the proof, once. Raises Refused unless it was begun."""
    _check_there(state)
    if state.erasure is not None:
        return ()
    if not state.erasing:
        raise Refused("ERASURE_NOT_BEGUN", "nobody has asked to forget this customer")
    return (
        events.CustomerErased(
            customer_id=state.customer_id,
            certificate_id=command.certificate_id,
            certificate=command.certificate,
            destroyed_keys=command.destroyed_keys,
            destroyed_at=command.destroyed_at,
            transaction_date=context.now.date(),
        ),
    )


DECIDE: dict[type[Command], Callable[[Customer, Any, Context], tuple[Fact, ...]]] = {
    RegisterCustomer: register,
    commands.ChangeProfile: change_profile,
    commands.AttachAccount: attach,
    commands.BeginErasure: begin_erasure,
    commands.CompleteErasure: complete_erasure,
    commands.AttachHolding: restricting.attach_holding,
    commands.RestrictCustomer: restricting.restrict,
    commands.LiftCustomerRestriction: restricting.lift,
    commands.RequireNoRestriction: restricting.require_no_restriction,
}


def decide(state: Customer, command: Command, context: Context) -> tuple[Fact, ...]:
    """The facts that follow from a command."""
    return DECIDE[type(command)](state, command, context)


CUSTOMER: Decider[Customer] = Decider(
    category="customer",
    state=Customer,
    initial=Customer(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.customer_id),
    commands=tuple(DECIDE),
    facts=tuple(EVOLVE),
)
