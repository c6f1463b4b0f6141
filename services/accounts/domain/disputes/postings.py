"""The entries of disputes: what is between holder, house and network stands on an account of its
own until it is decided."""

from chassis.kernel.money import Money
from services.accounts.domain.disputes import events
from services.accounts.domain.double_entry import LedgerAccount, Posting, Postings


def _lines(account_id: str, credit: Money, recovered: Money, loss: Money) -> tuple[Posting, ...]:
    """The holder is credited, the network pays, the house bears the loss; the rest is open."""
    amounts = (
        (LedgerAccount.RECEIVABLE, -credit),
        (LedgerAccount.SETTLEMENT, recovered),
        (LedgerAccount.DISPUTE_LOSS, loss),
        (LedgerAccount.DISPUTE_RECEIVABLE, credit - recovered - loss),
    )
    return tuple(
        Posting(ledger_account=name, account_id=account_id, amount=amount)
        for name, amount in amounts
        if amount
    )


def _credited(fact: events.ProvisionalCreditGranted) -> tuple[Posting, ...]:
    nothing = Money(0, fact.credit.currency)
    return _lines(fact.account_id, fact.credit, nothing, nothing)


def _advanced(fact: events.DisputeAdvanced) -> tuple[Posting, ...]:
    nothing = Money(0, fact.recovered.currency)
    return _lines(fact.account_id, nothing, fact.recovered, nothing)


def _resolved(fact: events.DisputeResolved) -> tuple[Posting, ...]:
    return _lines(fact.account_id, fact.credit, fact.recovered, fact.loss)


POSTINGS: Postings = {
    events.ProvisionalCreditGranted: _credited,
    events.DisputeAdvanced: _advanced,
    events.DisputeResolved: _resolved,
}
