"""What can have happened about exceeding the limit."""

from datetime import date

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money
from services.accounts.domain.over_limit.state import ConsentMethod
from services.accounts.domain.values import Channel


@fact
class OverLimitConsentGiven(Fact):
    """The holder was told the fee and consents to it for transactions that exceed the limit;
    `notice_id` names what was told (12 CFR 1026.56(b)(1)(iii))."""

    account_id: str
    customer_id: str
    consent_id: str
    notice_id: str
    method: ConsentMethod
    channel: Channel
    transaction_date: date


@fact
class OverLimitConsentConfirmed(Fact):
    """The consent was confirmed in writing: by a letter or message of its own, or `with_statement`
    on the first statement after it (12 CFR 1026.56(d)(2))."""

    account_id: str
    customer_id: str
    consent_id: str
    with_statement: bool
    transaction_date: date


@fact
class OverLimitConsentRevoked(Fact):
    """The consent is in force no more, from this day on: the holder has revoked it, or the house
    has ended the service (12 CFR 1026.56(g) and (h))."""

    account_id: str
    customer_id: str
    consent_id: str
    method: ConsentMethod
    channel: Channel
    transaction_date: date


@fact
class LimitExceeded(Fact):
    """The limit was exceeded in a cycle by a transaction of the cycle `transaction_in`, and this
    is fee number `fees` for it, at most three (12 CFR 1026.56(j)(1)(i))."""

    account_id: str
    customer_id: str
    number: int
    over: Money
    transaction_in: int
    fees: int
    transaction_date: date
