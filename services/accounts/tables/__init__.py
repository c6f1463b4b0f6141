"""The read models' tables; a file for each part of the service, which registers itself here."""

from services.accounts.tables import (
    applications,
    billing_run,
    books,
    business_days,
    clearing,
    credit_lines,
    disputes,
    network_references,
    reconciliation,
    screening,
    search,
    statements,
)
from services.accounts.tables.metadata import METADATA

__all__ = [
    "METADATA",
    "applications",
    "billing_run",
    "books",
    "business_days",
    "clearing",
    "credit_lines",
    "disputes",
    "network_references",
    "reconciliation",
    "screening",
    "search",
    "statements",
]
