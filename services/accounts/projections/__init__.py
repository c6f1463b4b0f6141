"""What facts do to the read models; a file for each part of the service."""

from services.accounts.projections import (
    applications,
    books,
    business_days,
    clearing,
    reconciliation,
)

PROJECTIONS = (
    *applications.PROJECTIONS,
    *books.PROJECTIONS,
    *business_days.PROJECTIONS,
    *clearing.PROJECTIONS,
    *reconciliation.PROJECTIONS,
)
