"""Deciding that a customer may use no account, because people have found them on a list of
sanctions, and that they may again."""

from typing import TYPE_CHECKING

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.customers import commands, events

if TYPE_CHECKING:
    from services.accounts.domain.customer import Customer

CAUSES_LIMIT = 100
"""So many causes are remembered, the latest; nobody is on more lists."""


def restrict(
    state: "Customer", command: commands.RestrictCustomer, context: Context
) -> tuple[Fact, ...]:
    """Restrict once for each cause, so that what comes again after it was lifted changes nothing.
    Whoever is no customer, or is forgotten, has no account to be barred from."""
    if not state.customer_id or state.erasing or command.cause_id in state.causes:
        return ()
    return (
        events.CustomerRestricted(
            customer_id=state.customer_id,
            cause_id=command.cause_id,
            reason=command.reason,
            account_ids=state.account_ids,
            holding_ids=state.holding_ids,
            restricted_by=command.by,
            transaction_date=context.now.date(),
        ),
    )


def attach_holding(
    state: "Customer", command: commands.AttachHolding, context: Context
) -> tuple[Fact, ...]:
    """Take note of it once. Raises NotFound, and Refused for whoever is restricted or forgotten."""
    _check_there(state)
    if state.erasing:
        raise Refused("CUSTOMER_ERASED", "the customer is forgotten, or about to be")
    check_unrestricted(state)
    if command.account_id in state.holding_ids:
        return ()
    return (
        events.CustomerHoldingAttached(
            customer_id=state.customer_id, account_id=command.account_id
        ),
    )


def lift(
    state: "Customer", command: commands.LiftCustomerRestriction, context: Context
) -> tuple[Fact, ...]:
    """Lift it, whatever the causes were; accounts stay suspended until people reinstate them.
    Raises NotFound."""
    _check_there(state)
    if not state.restricted_because:
        return ()
    return (
        events.CustomerRestrictionLifted(
            customer_id=state.customer_id,
            reason=command.reason,
            lifted_by=command.by,
            transaction_date=context.now.date(),
        ),
    )


def _check_there(state: "Customer") -> None:
    if not state.customer_id:
        raise NotFound("CUSTOMER_NOT_FOUND", "there is no such customer")


def require_no_restriction(
    state: "Customer", command: commands.RequireNoRestriction, context: Context
) -> tuple[Fact, ...]:
    """Let the unit happen. Raises Refused while the customer is restricted."""
    check_unrestricted(state)
    return ()


def check_unrestricted(state: "Customer") -> None:
    """Raises Refused while the customer is restricted."""
    if state.restricted_because:
        raise Refused("CUSTOMER_RESTRICTED", "the customer may use no account")
