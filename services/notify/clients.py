"""E-mail over SMTP: one message at a time, with a name by which a receiver knows it again."""

from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

import aiosmtplib

from chassis.kernel.clock import Clock
from services.notify.config import NotifySettings
from services.notify.rendering import Rendered

SEND_LIMIT_SECONDS = 20.0
"""An attempt takes no longer, which is well within the claim it is made under."""
PERMANENT_FROM = 500


class MailFailed(Exception):
    """An attempt failed; `reason` is UPPER_SNAKE and holds nothing of the message. `permanent`:
    another attempt would fail too. `away`: the server could not be reached at all."""

    def __init__(self, reason: str, *, permanent: bool = False, away: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.away = away


class Mailer(Protocol):
    """Something that hands e-mail over."""

    async def send(self, message_id: str, address: str, rendered: Rendered) -> None:
        """Hand a message over. Raises MailFailed."""
        ...


class SmtpMailer:
    """Hands e-mail to the server of the settings."""

    def __init__(self, settings: NotifySettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def send(self, message_id: str, address: str, rendered: Rendered) -> None:
        """Hand a message over; the same `message_id` gives the same Message-ID."""
        settings = self._settings
        try:
            message = self._compose(message_id, address, rendered)
        except ValueError:
            raise MailFailed("ADDRESS_MALFORMED", permanent=True) from None
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                use_tls=settings.smtp_tls,
                username=settings.smtp_user or None,
                password=settings.smtp_password.get_secret_value() or None,
                timeout=SEND_LIMIT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            permanent = all(code >= PERMANENT_FROM for code in codes)
            raise MailFailed("RECIPIENT_REFUSED", permanent=permanent) from None
        except aiosmtplib.SMTPAuthenticationError:
            raise MailFailed("MAIL_SERVER_REFUSES_US", away=True) from None
        except aiosmtplib.SMTPResponseException as error:
            # The server's text may repeat the address, so only its code is told.
            permanent = error.code >= PERMANENT_FROM
            raise MailFailed(f"SMTP_{error.code}", permanent=permanent) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            raise MailFailed("MAIL_SERVER_AWAY", away=True) from None

    def _compose(self, message_id: str, address: str, rendered: Rendered) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._settings.mail_from
        message["To"] = address
        # What looks like an encoded word (RFC 2047) would be shown as what it stands for.
        message["Subject"] = rendered.subject.replace("=?", "= ?")
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{message_id}@{self._settings.mail_domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(rendered.text)
        message.add_alternative(rendered.html, subtype="html")
        return message
