"""What can have happened about dearer terms."""

from datetime import date

from chassis.kernel.events import Fact, fact
from services.accounts.domain.repricing.state import Raised
from services.accounts.domain.repricing.summarising import ChangedTerm
from services.accounts.domain.values import Terms


@fact
class MigrationAnnounced(Fact):
    """The holder is told of dearer terms at least 45 days before they have them (1026.9(c)(2));
    what was bought up to `protected_until` keeps its rates (1026.55(b)(3)). `changes` is each term
    that changes, `reasons` why rates are raised, UPPER_SNAKE, the principal one first."""

    account_id: str
    customer_id: str
    programme_id: str
    previous_version: int
    programme_version: int
    terms: Terms
    raised: tuple[Raised, ...]
    may_reject: bool
    effective_on: date
    protected_until: date
    transaction_date: date
    changes: tuple[ChangedTerm, ...] = ()
    reasons: tuple[str, ...] = ()
    currency: str = ""


@fact
class MigrationRejected(Fact):
    """The holder does not want the terms that were announced: they never apply (1026.9(h))."""

    account_id: str
    customer_id: str
    programme_id: str
    programme_version: int
    transaction_date: date


@fact
class MigrationLapsed(Fact):
    """On the day of dearer terms the account could not be used for new transactions: they have to
    be announced anew (comment 55(b)(3)-6)."""

    account_id: str
    customer_id: str
    programme_id: str
    programme_version: int
    transaction_date: date
