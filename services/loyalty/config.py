"""What the loyalty service can be told."""

from pydantic_settings import SettingsConfigDict

from chassis.config import Settings


class LoyaltySettings(Settings):
    """Settings from CARDS_LOYALTY_*; none of its own so far."""

    model_config = SettingsConfigDict(env_prefix="CARDS_LOYALTY_")
