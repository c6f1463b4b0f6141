"""How clearing files are written: CSV and ISO 8583 records, read into the same columns."""

from collections.abc import Callable

from services.accounts.domain.clearing.values import FileFormat
from services.accounts.use_cases.clearing_formats import csv_file, iso8583_file
from services.accounts.use_cases.clearing_formats.columns import Reading

READERS: dict[FileFormat, Callable[[bytes], Reading]] = {
    FileFormat.CSV: csv_file.read,
    FileFormat.ISO8583: iso8583_file.read,
}
