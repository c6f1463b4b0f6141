"""What of the balances is in dispute: it bears no interest and need not be paid (1026.13(d))."""

from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.buckets import Balance
from services.accounts.domain.billing.entries import home_of


def disputed_in(state: CreditAccount) -> tuple[Balance, ...]:
    """What is in dispute, by bucket. Without disputes, nothing."""
    terms = state.in_force.billing
    if terms is None or not state.disputes.open_minor:
        return ()
    sums: dict[str, int] = {}
    for charge_id, minor in state.disputes.disputed_charges():
        bucket = home_of(state.billing, terms, charge_id, state.charges[charge_id].merchant.mcc)
        sums[bucket] = sums.get(bucket, 0) + minor
    return tuple(Balance(bucket=bucket, minor=minor) for bucket, minor in sorted(sums.items()))
