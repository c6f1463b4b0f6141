"""The day of dearer terms."""

from chassis.kernel.decider import Context
from chassis.kernel.events import Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agenda import Item
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.programmes.events import AccountMigrated
from services.accounts.domain.repricing.events import MigrationLapsed
from services.accounts.domain.values import AccountStatus


def go_over(
    state: CreditAccount, terms: BillingTerms, item: Item, context: Context
) -> tuple[Fact, ...]:
    """The account has them, unless it may not be used for new transactions (1026.55(b)(3)(iii))."""
    announced = state.billing.announced
    if announced is None:
        return ()
    if state.status is not AccountStatus.ACTIVE:
        return (
            MigrationLapsed(
                account_id=state.account_id,
                customer_id=state.customer_id,
                programme_id=state.programme_id,
                programme_version=announced.programme_version,
                transaction_date=item.on,
            ),
        )
    return (
        AccountMigrated(
            account_id=state.account_id,
            customer_id=state.customer_id,
            programme_id=state.programme_id,
            previous_version=state.programme_version,
            programme_version=announced.programme_version,
            terms=announced.terms,
            transaction_date=item.on,
            protected_until=announced.protected_until,
        ),
    )
