"""What of the balances is in dispute: it bears no interest and need not be paid (1026.13(d))."""

from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.buckets import Balance


def disputed_in(state: CreditAccount) -> tuple[Balance, ...]:
    """What is in dispute, by bucket. Without disputes, nothing."""
    return ()
