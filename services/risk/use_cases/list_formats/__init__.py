"""How lists are published, each read into the same entries; nothing of a malformed one is kept."""

from collections.abc import Callable, Iterator, Mapping

from services.risk.domain.screening.values import ListEntry, ListFormat
from services.risk.use_cases.list_formats import ofac, plain, united_nations

Reader = Callable[[bytes, bytes], Iterator[ListEntry]]
"""The file, and the file of aliases where there is one → entries. Raises Invalid
SCREENING_LIST_MALFORMED."""

READERS: Mapping[ListFormat, Reader] = {
    ListFormat.UN_XML: united_nations.read,
    ListFormat.OFAC_CSV: ofac.read,
    ListFormat.PLAIN_CSV: plain.read,
}
