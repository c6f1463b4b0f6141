"""An account goes over to another version of its programme; the tables of the credit account."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.programmes import commands, events
from services.accounts.domain.programmes.state import no_version
from services.accounts.domain.repricing.comparing import raised
from services.accounts.domain.standing.decide import REASONS
from services.accounts.domain.values import AccountStatus

OVER = (AccountStatus.CHARGED_OFF, AccountStatus.CLOSED)


def migrate(
    state: CreditAccount, command: commands.MigrateAccount, context: Context
) -> tuple[Fact, ...]:
    """Move it. Raises NotFound for a version that there is not, Refused for another programme's,
    one that is not in force yet, a dearer one, which is announced first (1026.9(c)(2)), and for
    an account on which no cycle is to begin any more."""
    if command.programme_id != state.programme_id:
        raise Refused("PROGRAMME_OF_ANOTHER", "the account is on another programme")
    if command.programme_version == state.programme_version:
        return ()
    if state.status in OVER:
        raise Refused(REASONS[state.status], "the account is over, and keeps its terms")
    version, today = command.version, command.today or context.now.date()
    if version is None:
        raise no_version()
    if version.effective_on > today:
        raise Refused("VERSION_NOT_IN_FORCE", "this version has not taken effect yet")
    opened_on = state.billing.opened_on or today
    if state.billing.number and raised(state.in_force, version.terms, opened_on, today):
        raise Refused(
            "NOTICE_NEEDED", "this version is dearer: announce it, and the account goes over then"
        )
    return (
        events.AccountMigrated(
            account_id=state.account_id,
            customer_id=state.customer_id,
            programme_id=state.programme_id,
            previous_version=state.programme_version,
            programme_version=command.programme_version,
            terms=version.terms,
            transaction_date=today,
        ),
    )


def migrated(state: CreditAccount, fact: events.AccountMigrated) -> CreditAccount:
    """The account on the terms of another version."""
    return replace(state, programme_version=fact.programme_version, terms=fact.terms)


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.MigrateAccount: migrate,
}
EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    events.AccountMigrated: migrated,
}
