"""The read models' tables; a file for each part of the service, which registers itself here."""

from services.accounts.tables import books
from services.accounts.tables.metadata import METADATA

__all__ = ["METADATA", "books"]
