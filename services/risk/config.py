"""Settings of risk, from CARDS_RISK_*."""

from pathlib import Path

from pydantic import Field, PositiveFloat

from chassis.config import Settings
from services.risk.domain.screening.judging import (
    THRESHOLD_LEAST,
    THRESHOLD_MOST,
    THRESHOLD_USUAL,
)
from services.risk.rule_engine import INITIAL_RULES


class RiskSettings(Settings):
    """What risk can be told besides what every service can."""

    initial_rules_path: Path = INITIAL_RULES
    """The rule set (TOML) that is in force until people activate another one."""
    rule_book_poll_seconds: PositiveFloat = 0.5
    """How long a worker may go on judging by a rule set after another one was activated."""
    screening_threshold: int = Field(default=THRESHOLD_USUAL, ge=THRESHOLD_LEAST, le=THRESHOLD_MOST)
    """From which score (of 1000) on a listed name is a match; recorded with every screening."""
