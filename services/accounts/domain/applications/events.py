"""What can have happened to an application, and to what is known of an applicant."""

from datetime import date, datetime

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money
from services.accounts.domain.applications.verification import Finding
from services.accounts.domain.customer import SealedProfile
from services.accounts.domain.values import CardKind

# Who proposed, confirmed or declined is a person's subject, such as `operator:…`; empty where the
# rules decided.


@fact
class ApplicationSubmitted(Fact):
    """Somebody applies. Every personal field is ciphertext under the applicant's own key, which
    becomes the customer's; `identity_hash` is a keyed hash of who they are, and
    `application_digest` of all that was asked for, to tell a repetition from another."""

    application_id: str
    customer_id: str
    programme_id: str
    programme_version: int
    card_kind: CardKind
    requested_limit: Money
    profile: SealedProfile
    profile_digest: str
    annual_income: str
    identity_hash: str
    application_digest: str
    submitted_at: datetime
    transaction_date: date


@fact
class ApplicationVerified(Fact):
    """What was submitted has been looked through; `findings` is what was found wrong or is to be
    looked at by somebody. `screening_id` is what risk calls the screening of the applicant, empty
    if there was none."""

    application_id: str
    programme_id: str
    findings: tuple[Finding, ...]
    transaction_date: date
    screening_id: str = ""


@fact
class ApplicationReferred(Fact):
    """The rules leave the decision to people, for these reasons."""

    application_id: str
    programme_id: str
    reasons: tuple[Finding, ...]
    transaction_date: date


@fact
class ApplicationApprovalProposed(Fact):
    """One person would grant a referred application this limit; another has to confirm."""

    application_id: str
    programme_id: str
    limit: Money
    proposed_by: str
    transaction_date: date


@fact
class ApplicationApproved(Fact):
    """The applicant is a customer, with this account."""

    application_id: str
    programme_id: str
    customer_id: str
    account_id: str
    limit: Money
    proposed_by: str
    confirmed_by: str
    transaction_date: date


@fact
class ApplicationDeclined(Fact):
    """The applicant gets no account, for these reasons, UPPER_SNAKE; `customer_id` is who they
    would have become, under which they are told."""

    application_id: str
    programme_id: str
    reasons: tuple[str, ...]
    declined_by: str
    transaction_date: date
    customer_id: str = ""


@fact
class ApplicationWithdrawn(Fact):
    """The applicant does not want an account any more."""

    application_id: str
    programme_id: str
    reason: str
    withdrawn_by: str
    transaction_date: date


@fact
class ApplicantClaimed(Fact):
    """Somebody has an open application; there is none besides."""

    identity_hash: str
    application_id: str


@fact
class ApplicantReleased(Fact):
    """An open application of somebody has come to nothing."""

    identity_hash: str
    application_id: str


@fact
class ApplicantKnown(Fact):
    """Somebody is a customer."""

    identity_hash: str
    customer_id: str


@fact
class ApplicantForgotten(Fact):
    """Somebody is a customer no more, or not under this name any more."""

    identity_hash: str
    customer_id: str
