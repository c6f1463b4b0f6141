"""Small lists in the forms in which the real ones are published; nobody in them exists."""

from services.risk.domain.screening.values import EntryKind, ListEntry, ListVersion
from services.risk.name_matching.index import NameIndex

UN_XML = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-01-01T00:00:00Z">
  <INDIVIDUALS>
    <INDIVIDUAL>
      <DATAID>1</DATAID>
      <FIRST_NAME>ZORAN</FIRST_NAME>
      <SECOND_NAME>MILUTIN</SECOND_NAME>
      <THIRD_NAME>VUKASEVIC</THIRD_NAME>
      <REFERENCE_NUMBER>TSi.001</REFERENCE_NUMBER>
      <NAME_ORIGINAL_SCRIPT>Зоран Милутин Вукашевић</NAME_ORIGINAL_SCRIPT>
      <NATIONALITY>
        <VALUE>Serbia</VALUE>
        <VALUE>Syrian Arab Republic</VALUE>
      </NATIONALITY>
      <INDIVIDUAL_ALIAS>
        <QUALITY>Good</QUALITY>
        <ALIAS_NAME>Zoran Vukas</ALIAS_NAME>
      </INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS>
        <QUALITY>Low</QUALITY>
        <ALIAS_NAME>The Baker</ALIAS_NAME>
      </INDIVIDUAL_ALIAS>
      <INDIVIDUAL_DATE_OF_BIRTH>
        <TYPE_OF_DATE>EXACT</TYPE_OF_DATE>
        <DATE>1971-03-02</DATE>
      </INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH>
        <TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE>
        <YEAR>1974</YEAR>
      </INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH>
        <TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE>
        <FROM_YEAR>1980</FROM_YEAR>
        <TO_YEAR>1982</TO_YEAR>
      </INDIVIDUAL_DATE_OF_BIRTH>
    </INDIVIDUAL>
  </INDIVIDUALS>
  <ENTITIES>
    <ENTITY>
      <DATAID>2</DATAID>
      <FIRST_NAME>BLUE RIVER TRADING &amp; SHIPPING</FIRST_NAME>
      <REFERENCE_NUMBER>TSe.002</REFERENCE_NUMBER>
      <ENTITY_ALIAS>
        <QUALITY>a.k.a.</QUALITY>
        <ALIAS_NAME>Brts</ALIAS_NAME>
      </ENTITY_ALIAS>
    </ENTITY>
  </ENTITIES>
</CONSOLIDATED_LIST>
"""

_NONE = ",-0-" * 8
OFAC_SDN = (
    f'101,"PETROV-SYNTHETIC, Vladimir Ivanovich","individual","TEST"{_NONE[:-4]},'
    '"DOB 07 Oct 1952; alt. DOB circa 1955; POB Nowhere; nationality Russia; citizen Malta."\r\n'
    f'102,"GREEN HARBOUR LINES, LTD.",-0- ,"TEST"{_NONE}\r\n'
    f'103,"SEA CUCUMBER","vessel","TEST"{_NONE[:-4]},"Vessel built 1990; IMO 1234567."\r\n'
    "\x1a\r\n"
)
OFAC_ALT = (
    '101,9,"aka","PETROFF-SYNTHETIC, Wladimir",-0- \r\n102,10,"fka","GHL SHIPPING",-0- \r\n\x1a\r\n'
)
PLAIN = (
    "reference,kind,names,dates_of_birth,nationalities\n"
    "PEP-1,PERSON,Li Xiaoming;李晓明,1968-05-04,CN\n"
    "PEP-2,PERSON,Fatima al-Mansouri-Test,1970/1972,AE;QA\n"
    "PEP-3,ORGANISATION,Ministry of Examples,,\n"
)


def person(reference: str, *names: str, births: tuple[str, ...] = ()) -> ListEntry:
    """A person on a list."""
    return ListEntry(reference=reference, kind=EntryKind.PERSON, names=names, births=births)


def index_of(*entries: ListEntry) -> NameIndex:
    """An index over one list."""
    made = NameIndex()
    made.add(ListVersion(list_id="test", version_id="v1"), entries)
    return made
