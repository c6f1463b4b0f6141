"""A payment that comes back unpaid after it was credited."""

from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound
from chassis.kernel.events import Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.billing import commands, events
from services.accounts.domain.billing.dues import required_without
from services.accounts.domain.billing.fees import event_of_return
from services.accounts.domain.billing.posting import moved, penalty_fee, terms_of
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import FeeKind

Facts = tuple[Fact, ...]


def return_payment(
    state: CreditAccount, command: commands.ReturnPayment, context: Context
) -> Facts:
    """Take a payment back. Raises NotFound for one that was never made, Refused for a repetition
    that is another."""
    act = state.acts.get(act_key("payment", command.payment_id))
    if act is None:
        raise NotFound("PAYMENT_NOT_FOUND", "there is no such payment on this account")
    known = state.acts.get(act_key("return", command.payment_id))
    if known is not None:
        return ()
    amount, day = int(act.asked), command.posting_date
    returned = events.PaymentReturned(
        **{**moved(state, amount, day), "transaction_date": command.transaction_date},
        payment_id=command.payment_id,
        reason=command.reason,
        amount=state.money(amount),
        credited_on=_credited_on(state.billing, command.payment_id, day),
        required_again=state.money(required_without(state.billing, command.payment_id, amount)),
    )
    after, terms = evolve(state, returned), terms_of(state)
    if terms is None:
        # Without cycles, or after their end, it is owed all the same; but there is no fee.
        return (returned,)
    event, most = event_of_return(state.billing, command.payment_id, day)
    kind = FeeKind.RETURNED_PAYMENT
    return (returned, *penalty_fee(after, terms, kind, event, most, day))


def _credited_on(billing: Billing, payment_id: str, otherwise: date) -> date:
    moves = [move for cycle in billing.closed for move in cycle.moves]
    for line in (*moves, *billing.booked()):
        if line.entry_id == payment_id:
            return line.effective_on
    return otherwise
