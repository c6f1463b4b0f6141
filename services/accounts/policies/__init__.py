"""Whenever others speak, what accounts does; and what happens by itself in time."""

from services.accounts.policies import business_days, cards, charges, disputes, screening

POLICIES = (*charges.POLICIES, *screening.POLICIES)
TIMERS = (
    *charges.TIMERS,
    *disputes.TIMERS,
    *cards.TIMERS,
    *business_days.TIMERS,
    *screening.TIMERS,
)
