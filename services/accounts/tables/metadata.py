"""What holds every table of accounts besides the event store's."""

from sqlalchemy import MetaData

METADATA = MetaData()
