"""What can have happened to the standing of an account, besides suspension and its end."""

from datetime import date

from chassis.kernel.events import Fact, fact
from services.accounts.domain.values import AccountStatus, AccountSubStatus, Channel


@fact
class AccountStandingChanged(Fact):
    """An account stands otherwise: `status` and all `sub_statuses` are what is so now, `before`
    is the status until now."""

    account_id: str
    customer_id: str
    before: AccountStatus
    status: AccountStatus
    sub_statuses: tuple[AccountSubStatus, ...]
    reason: str
    channel: Channel
    transaction_date: date
