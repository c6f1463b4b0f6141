"""What facts do to the read models; a file for each part of the service."""

from services.accounts.projections import books

PROJECTIONS = (*books.PROJECTIONS,)
