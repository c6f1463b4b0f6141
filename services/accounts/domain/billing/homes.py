"""Where what belongs to a charge stands, among balances that keep their rates."""

from services.accounts.domain.account.state import Charge, CreditAccount
from services.accounts.domain.billing.entries import home_of
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.repricing.protecting import bought_on, home


def home_in(
    state: CreditAccount, terms: BillingTerms, charge: Charge, number: int | None = None
) -> str:
    """In the open cycle, or in that of a number."""
    billing = state.billing
    bucket = home_of(billing, terms, charge.charge_id, charge.merchant.mcc)
    if not billing.protections:
        return bucket
    day = bought_on(billing, charge.charge_id, charge.transaction_date)
    return home(billing, bucket, day, billing.number if number is None else number)
