"""What the support service can be told."""

from pydantic_settings import SettingsConfigDict

from chassis.config import Settings


class SupportSettings(Settings):
    """Settings from CARDS_SUPPORT_*; none of its own so far."""

    model_config = SettingsConfigDict(env_prefix="CARDS_SUPPORT_")
