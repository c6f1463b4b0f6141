"""Whenever accounts speaks, who is told of it."""

from services.notify.policies import agreements, billing, charges, credit_lines, disputes, holders

POLICIES = (
    *charges.POLICIES,
    *holders.POLICIES,
    *billing.POLICIES,
    *agreements.POLICIES,
    *credit_lines.POLICIES,
    *disputes.POLICIES,
)
