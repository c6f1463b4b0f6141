"""What the notify service can be told."""

from pydantic import PositiveInt, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.config import Settings


class NotifySettings(Settings):
    """Settings from CARDS_NOTIFY_*."""

    model_config = SettingsConfigDict(env_prefix="CARDS_NOTIFY_")

    smtp_host: str = ""
    """Where e-mail is handed over (SMTP). Empty: nothing is sent, and e-mail waits."""
    smtp_port: PositiveInt = 25
    """The port there."""
    smtp_tls: bool = False
    """Speak TLS from the first byte; without it STARTTLS is used where the server offers it."""
    smtp_user: str = ""
    """Our user there; empty: none is needed."""
    smtp_password: SecretStr = SecretStr("")
    """Its password."""
    mail_from: str = "cards@example.org"
    """The sender people see."""
    mail_domain: str = "example.org"
    """The domain of Message-ID, by which receivers tell a message sent twice."""
    issuer_name: str = ""
    """Who the letters are from, as the law wants it named in notices. Empty: it is left out."""
    issuer_address: str = ""
    """Where the house is, in one line."""
    issuer_telephone: str = ""
    """The toll-free number at which holders may reject changes and revoke what they agreed to."""
    issuer_supervisor: str = ""
    """Name and address of the agency that watches over fair lending here (12 CFR 1002.9(b)(1))."""
