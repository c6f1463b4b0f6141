"""The facts of drawing a payment: recorded at once, or initiated where a bank has to confirm."""

from datetime import date

from chassis.kernel.events import Fact
from services.accounts.domain import events as facts
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import events as billing
from services.accounts.domain.billing.posting import moved
from services.accounts.domain.collecting import events
from services.accounts.domain.collecting.state import Settlement

Facts = tuple[Fact, ...]


def drawn(
    state: CreditAccount, payment_id: str, source: str, amount_minor: int, day: date
) -> Facts:
    """A payment that is drawn by itself, as the programme settles payments."""
    terms = state.in_force.billing
    if terms is not None and terms.settlement is Settlement.ON_CONFIRMATION:
        return (initiated(state, payment_id, source, amount_minor, day),)
    amount = state.money(amount_minor)
    return (
        billing.PaymentCollected(
            account_id=state.account_id,
            customer_id=state.customer_id,
            payment_id=payment_id,
            source=source,
            amount=amount,
            transaction_date=day,
        ),
        facts.PaymentRecorded(
            **moved(state, -amount_minor, day), payment_id=payment_id, amount=amount
        ),
    )


def initiated(
    state: CreditAccount, payment_id: str, source: str, amount_minor: int, day: date
) -> events.PaymentInitiated:
    """A payment that a bank has to confirm."""
    return events.PaymentInitiated(
        account_id=state.account_id,
        customer_id=state.customer_id,
        payment_id=payment_id,
        source=source,
        amount=state.money(amount_minor),
        transaction_date=day,
    )
