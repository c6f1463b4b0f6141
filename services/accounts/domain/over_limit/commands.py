"""What can be asked about exceeding the limit."""

from datetime import date

from chassis.kernel.events import Command, command
from services.accounts.domain.over_limit.state import ConsentMethod
from services.accounts.domain.values import Channel


@command
class GiveOverLimitConsent(Command):
    """The holder, who was told the notice of this id, consents."""

    account_id: str
    consent_id: str
    notice_id: str
    method: ConsentMethod
    channel: Channel
    transaction_date: date


@command
class ConfirmOverLimitConsent(Command):
    """The confirmation was sent."""

    account_id: str
    consent_id: str
    transaction_date: date


@command
class RevokeOverLimitConsent(Command):
    """Nothing that exceeds the limit from now on is to be charged for."""

    account_id: str
    method: ConsentMethod
    channel: Channel
    transaction_date: date
