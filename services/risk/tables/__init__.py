"""The read models' tables; a file for each part of the service, which registers itself here."""

from services.risk.tables import charges, screening
from services.risk.tables.metadata import METADATA

__all__ = ["METADATA", "charges", "screening"]
