"""What facts do to the read models; a file for each part of the service."""

from services.risk.projections import charges, screening

PROJECTIONS = (*charges.PROJECTIONS, *screening.PROJECTIONS)
