"""What facts do to the read models; a file for each part of the service."""

from services.accounts.projections import (
    applications,
    billing_run,
    books,
    business_days,
    clearing,
    credit_lines,
    disputes,
    reconciliation,
    screening,
    statements,
)

PROJECTIONS = (
    *applications.PROJECTIONS,
    *billing_run.PROJECTIONS,
    *books.PROJECTIONS,
    *business_days.PROJECTIONS,
    *clearing.PROJECTIONS,
    *credit_lines.PROJECTIONS,
    *disputes.PROJECTIONS,
    *reconciliation.PROJECTIONS,
    *screening.PROJECTIONS,
    *statements.PROJECTIONS,
)
