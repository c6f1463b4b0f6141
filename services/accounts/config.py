"""What accounts can be told, besides what every service can."""

from pathlib import Path

from pydantic import Field, PositiveInt

from services.accounts.iso8583.settings import Iso8583Settings

REFERENCE = Path(__file__).resolve().parents[2] / "data" / "reference"


class AccountsSettings(Iso8583Settings):
    """The settings of accounts, `CARDS_ACCOUNTS_*`."""

    assessment_deadline_ms: PositiveInt = 150
    """How long an authorisation waits for risk before the stand-in rule decides."""
    screening_deadline_ms: PositiveInt = 1_000
    """How long an application waits for risk to look for the applicant on lists; without a word,
    people look at it."""
    test_clock_allowed: bool = False
    """Whether business dates may be advanced: in test systems only, never where real money is."""
    device_token_bin: str = Field(default="489537", pattern="^([0-9]{6}|[0-9]{8})$")
    """What the numbers of device tokens begin with: a range of its own, in which no card is."""
    dispute_windows_path: Path | None = None
    """A table of the networks' windows in the place of the typical ones: CSV, see README."""
    category_codes_path: Path = REFERENCE / "mcc_codes.csv"
    """The table of merchant category codes that gives trades their names."""
    currency_codes_path: Path = REFERENCE / "iso4217_codes_all.csv"
    """The table of ISO 4217: which currencies there are, and how many decimals they have."""
