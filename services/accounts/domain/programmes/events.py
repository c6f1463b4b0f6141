"""What can have happened to a programme's terms after it was defined, and to accounts thereby."""

from datetime import date

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money
from services.accounts.domain.values import Terms

# Who proposed, approved, rejected or withdrew is a person's subject, such as `operator:…`.


@fact
class ProgrammeChangeProposed(Fact):
    """Somebody wants other terms from a date on; `based_on_version` is the last one approved."""

    programme_id: str
    change_id: str
    based_on_version: int
    name: str
    terms: Terms
    effective_on: date
    note: str
    proposed_by: str
    transaction_date: date


@fact
class ProgrammeChangeApproved(Fact):
    """Another than who proposed them approved new terms: a version, in force from a date on."""

    programme_id: str
    change_id: str
    programme_version: int
    name: str
    currency: str
    default_limit: Money
    terms: Terms
    effective_on: date
    approved_by: str
    transaction_date: date


@fact
class ProgrammeChangeRejected(Fact):
    """Another than who proposed a change does not want it."""

    programme_id: str
    change_id: str
    reason: str
    rejected_by: str
    transaction_date: date


@fact
class ProgrammeChangeWithdrawn(Fact):
    """Whoever proposed a change does not want it any more."""

    programme_id: str
    change_id: str
    withdrawn_by: str
    transaction_date: date


@fact
class AccountMigrated(Fact):
    """An account is on another version of its programme; its limit stays as it is. Of a dearer
    one: what was bought up to `protected_until` keeps its rates."""

    account_id: str
    customer_id: str
    programme_id: str
    previous_version: int
    programme_version: int
    terms: Terms
    transaction_date: date
    protected_until: date | None = None
