"""What can have happened about other credit limits; `LimitChanged` is the change itself."""

from datetime import date

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money
from services.accounts.domain.credit_lines.state import ChangeKind, ReviewOutcome

# `change_id` is the request or the offer. Reasons are UPPER_SNAKE; who decided is a person's
# subject, such as `operator:…`, and empty where the rules decided.


@fact
class CreditLineRequested(Fact):
    """The holder asks for a higher limit, and tells income and obligations, which are ciphertext
    under the holder's own key; `capacity` is what can be paid in a month by the rules. `young`:
    not 21 years old yet (12 CFR 1026.51(b)), None where nobody knows."""

    account_id: str
    customer_id: str
    request_id: str
    limit: Money
    annual_income: str
    monthly_obligations: str
    request_digest: str
    capacity: Money
    young: bool | None
    transaction_date: date


@fact
class CreditLineRequestDeclined(Fact):
    """The limit stays, for these reasons."""

    account_id: str
    customer_id: str
    request_id: str
    limit: Money
    reasons: tuple[str, ...]
    declined_by: str
    transaction_date: date


@fact
class CreditLineRequestReferred(Fact):
    """The rules leave a request to people, for these reasons."""

    account_id: str
    customer_id: str
    request_id: str
    limit: Money
    reasons: tuple[str, ...]
    transaction_date: date


@fact
class CreditLineChangeProposed(Fact):
    """Somebody is for a change; another has to confirm it."""

    account_id: str
    customer_id: str
    change_id: str
    kind: ChangeKind
    limit: Money
    reason: str
    proposed_by: str
    transaction_date: date


@fact
class CreditLineChangeConfirmed(Fact):
    """A second person is for the change."""

    account_id: str
    customer_id: str
    change_id: str
    kind: ChangeKind
    limit: Money
    confirmed_by: str
    transaction_date: date


@fact
class CreditLineChangeRejected(Fact):
    """A second person is against an offer."""

    account_id: str
    customer_id: str
    change_id: str
    reason: str
    rejected_by: str
    transaction_date: date


@fact
class CreditLineOffered(Fact):
    """The house offers a higher limit, up to and with `expires_on`; `offered_by` is the person who
    decided to, empty where a review by the rules did."""

    account_id: str
    customer_id: str
    offer_id: str
    previous: Money
    limit: Money
    reason: str
    expires_on: date
    transaction_date: date
    offered_by: str = ""


@fact
class CreditLineOfferAccepted(Fact):
    """The holder takes the offer."""

    account_id: str
    customer_id: str
    offer_id: str
    limit: Money
    transaction_date: date


@fact
class CreditLineOfferDeclined(Fact):
    """The holder does not want it."""

    account_id: str
    customer_id: str
    offer_id: str
    transaction_date: date


@fact
class CreditLineOfferExpired(Fact):
    """Nobody answered in time."""

    account_id: str
    customer_id: str
    offer_id: str
    transaction_date: date


@fact
class CreditLineReviewed(Fact):
    """The limit was looked at: what was seen, what came of it and why. The utilisation is that of
    the latest statements, `late_payments` those of the last year. `asked_because` says why somebody
    wanted it, and is empty where its time had come."""

    account_id: str
    customer_id: str
    review_id: str
    outcome: ReviewOutcome
    limit: Money
    reasons: tuple[str, ...]
    utilisation_basis_points: int
    late_payments: int
    days_past_due: int
    asked_because: str
    transaction_date: date


@fact
class CreditLineReduced(Fact):
    """A lower limit is told to the holder. A fee for what exceeds it only may be charged from
    `consequences_from` on, 45 days later (12 CFR 1026.9(c)(2)(vi))."""

    account_id: str
    customer_id: str
    change_id: str
    previous: Money
    limit: Money
    reason: str
    consequences_from: date
    transaction_date: date
    decided_by: str = ""
