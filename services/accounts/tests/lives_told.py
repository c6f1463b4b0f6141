"""What is told in any life: every statement explains itself and follows from the one before."""

from chassis.kernel.events import Fact
from services.accounts.domain.billing.statement import LineKind, Statement


def statements(facts: list[Fact]) -> list[Statement]:
    """All that were told, in order."""
    return [fact.statement for fact in facts if hasattr(fact, "statement")]


def explains_itself(told: Statement, closing: int, before: dict[str, int]) -> None:
    """A statement opens as the one before closed, in all and by balance, and adds up."""
    assert told.opening_minor == closing
    assert {b.bucket: b.opening_minor for b in told.balances if b.opening_minor} == before
    charged = sum(line.interest_minor for line in told.balances)
    assert sum(line.interest_minor for line in told.interest) == charged
    booked = (LineKind.INTEREST, LineKind.INTEREST_ADJUSTED)
    adjusted = sum(line.amount_minor for line in told.lines if line.kind in booked)
    assert told.interest_minor == charged + adjusted
    for line in told.balances:
        movement = line.debits_minor - line.credits_minor + line.interest_minor
        assert line.closing_minor == line.opening_minor + movement
    assert told.closing_minor == sum(line.closing_minor for line in told.balances)
    assert told.closing_minor == (
        told.opening_minor
        + told.purchases_minor
        + told.cash_advances_minor
        + told.balance_transfers_minor
        + told.other_debits_minor
        - told.refunds_minor
        - told.payments_minor
        + told.fees_minor
        + told.interest_minor
    )
    assert 0 <= told.minimum.total_minor <= max(0, told.closing_minor)
    for each in told.deferred:
        assert 0 < each.balance_minor <= max(0, told.closing_minor)
        assert each.interest_minor <= each.accrued_minor
