"""A customer: whoever owes. Personal fields come in and stay as ciphertext."""

from datetime import datetime

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, command, value
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


# state


@value
class Customer:
    """`customer_id` is empty until the customer is registered."""

    customer_id: str = ""
    profile: SealedProfile | None = None
    profile_digest: str = ""
    registered_at: datetime | None = None


# evolve


def evolve(state: Customer, fact: CustomerRegistered) -> Customer:
    """The customer after a fact."""
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
        registered_at=fact.registered_at,
    )


# decide


def decide(
    state: Customer, command: RegisterCustomer, context: Context
) -> tuple[CustomerRegistered, ...]:
    """Register once. Raises Refused when the id is taken by another profile."""
    if state.customer_id:
        if state.profile_digest == command.profile_digest:
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
            registered_at=context.now,
            transaction_date=context.now.date(),
        ),
    )


CUSTOMER: Decider[Customer] = Decider(
    category="customer",
    state=Customer,
    initial=Customer(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.customer_id),
    commands=(RegisterCustomer,),
    facts=(CustomerRegistered,),
)
