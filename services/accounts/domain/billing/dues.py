"""What was paid towards a minimum payment, by the dates on which it was credited."""

from collections.abc import Callable
from datetime import date

from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.state import Billing, Due
from services.accounts.domain.billing.statement import LineKind, StatementLine


def due_of_number(billing: Billing, number: int) -> Due:
    """The minimum payment of a statement."""
    return next(due for due in billing.dues if due.number == number)


def paid_towards(billing: Billing, due: Due) -> int:
    """Payments credited after a statement up to its due date, less those that came back; one that
    was back-dated before the last statement, but came after it, counts for that one too."""
    paid = sum(
        line.amount_minor
        for line in _known_moves(billing)
        if line.kind is LineKind.PAYMENT and due.closed_on < line.effective_on <= due.due_on
    )
    if due is billing.dues[-1]:
        paid += sum(line.amount_minor for line in _late_news(billing) if line.kind is _PAYMENT)
    return -paid


def credited_since(billing: Billing, due: Due) -> int:
    """All credits since a statement was cut, up to its due date: payments, refunds, waivers."""
    credits = sum(
        line.amount_minor
        for line in _known_moves(billing)
        if line.amount_minor < 0 and due.closed_on < line.effective_on <= due.due_on
    )
    if due is billing.dues[-1]:
        credits += sum(line.amount_minor for line in _late_news(billing) if line.amount_minor < 0)
    return -credits


def required_without(billing: Billing, payment_id: str, amount: int) -> int:
    """What of minimum payments is required again without a payment: the others are counted anew, as
    they came, to the oldest first. What is older than the cycles that are remembered stays paid."""
    left = _left_by(billing, lambda line: line.entry_id != payment_id)
    known = sum(due.remaining_minor for due in billing.dues if due.number in left)
    return max(0, min(sum(left.values()) - known, amount))


def unpaid_after(billing: Billing, due: Due, days: int) -> int:
    """What of a minimum payment was not received within so many days after its due date, whenever
    that was told: by the dates of payments, as far as they are remembered."""
    last_on = due.late_from + days * DAY
    within = _left_by(billing, lambda line: line.effective_on <= last_on).get(due.number, 0)
    by_now = _left_by(billing, lambda line: True).get(due.number, 0)
    return max(0, due.remaining_minor + within - by_now - due.left_out_minor)


def _left_by(billing: Billing, counts: Callable[[StatementLine], bool]) -> dict[int, int]:
    """What is left of remembered minimum payments when the payments that count are counted anew, as
    they came, to the oldest first."""
    since = billing.closed[0].opened_on if billing.closed else date.min
    dues = [due for due in billing.dues if due.closed_on >= since]
    left = {due.number: due.required_minor for due in dues}
    for line in sorted(_payments(billing), key=lambda line: line.posting_date):
        more = -line.amount_minor if counts(line) else 0
        for due in dues:
            part = min(more, left[due.number]) if due.closed_on < line.posting_date else 0
            left[due.number] -= part
            more -= part
    return left


def _payments(billing: Billing) -> list[StatementLine]:
    """The payments that are remembered; what is back-dated is booked in the open cycle."""
    moves = [*_known_moves(billing), *_late_news(billing)]
    known = {line.entry_id: line for line in moves if line.kind is _PAYMENT}
    return list(known.values())


_PAYMENT = LineKind.PAYMENT


def _known_moves(billing: Billing) -> list[StatementLine]:
    """What took effect in the cycles that are remembered."""
    moves = [move for cycle in billing.closed for move in cycle.moves]
    moves += [
        line
        for line in billing.booked()
        if line.effective_on >= billing.cycle_opened_on and line.entry_id not in billing.voided
    ]
    return moves


def _late_news(billing: Billing) -> list[StatementLine]:
    """What was booked since the last statement and took effect before it."""
    return [
        line
        for line in billing.booked()
        if line.effective_on < billing.cycle_opened_on and line.entry_id not in billing.voided
    ]


def is_met(billing: Billing, due: Due) -> bool:
    """Whether a minimum payment was made in time, or nothing of its statement is owed any more but
    what is in dispute. What is disputed after the due date changes nothing about it."""
    required = due.checked_minor if due.checked else due.minimum_now
    if paid_towards(billing, due) >= required:
        return True
    return credited_since(billing, due) >= due.closing_now
