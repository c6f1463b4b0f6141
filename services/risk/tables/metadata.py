"""The one register of the read models' tables."""

from sqlalchemy import MetaData

METADATA = MetaData()
