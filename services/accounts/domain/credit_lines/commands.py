"""What can be asked about other credit limits."""

from datetime import date

from chassis.kernel.events import Command, command
from chassis.kernel.money import Money


@command
class RequestCreditLine(Command):
    """The holder asks for a higher limit. Income and obligations are told in clear to be decided
    on, and sealed to be kept; `age_years` is None where nobody knows it."""

    account_id: str
    request_id: str
    limit: Money
    annual_income: Money
    monthly_obligations: Money
    sealed_income: str
    sealed_obligations: str
    request_digest: str
    age_years: int | None
    transaction_date: date


@command
class DecideCreditLineRequest(Command):
    """A person decides a request that the rules left to people."""

    account_id: str
    request_id: str
    approve: bool
    reason: str
    by: str
    transaction_date: date


@command
class OfferCreditLine(Command):
    """Offer the holder a higher limit."""

    account_id: str
    offer_id: str
    limit: Money
    reason: str
    by: str
    transaction_date: date


@command
class ConfirmCreditLine(Command):
    """A second person is for, or against, what another proposed."""

    account_id: str
    change_id: str
    approve: bool
    reason: str
    by: str
    transaction_date: date


@command
class AnswerCreditLineOffer(Command):
    """The holder accepts an offer, or does not."""

    account_id: str
    offer_id: str
    accept: bool
    transaction_date: date


@command
class ReviewCreditLine(Command):
    """Look at the limit now, besides the reviews in time; one under each id."""

    account_id: str
    review_id: str
    reason: str
    transaction_date: date
