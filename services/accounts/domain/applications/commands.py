"""What can be asked about applications. `by` is the person, whoever passes their wish on."""

from chassis.kernel.events import Command, command, value
from chassis.kernel.money import Money
from services.accounts.domain.applications.verification import Finding
from services.accounts.domain.customer import SealedProfile
from services.accounts.domain.values import CardKind


@value
class SealedApplication:
    """What was asked for; personal fields are ciphertext. See ApplicationSubmitted."""

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


@command
class SubmitApplication(Command):
    """Take an application in and decide it by rule; `account_id` is for the account that it gets
    if it is approved, `screening_id` what risk calls its screening, empty if there was none."""

    application_id: str
    account_id: str
    application: SealedApplication
    findings: tuple[Finding, ...]
    screening_id: str = ""


@command
class ProposeApproval(Command):
    """Say that a referred application should be approved with this limit."""

    application_id: str
    limit: Money | None
    by: str


@command
class ConfirmApproval(Command):
    """Approve what another proposed; the applicant becomes a customer in the same unit."""

    application_id: str
    account_id: str
    by: str


@command
class DeclineApplication(Command):
    """Decline a referred application."""

    application_id: str
    reasons: tuple[str, ...]
    by: str


@command
class WithdrawApplication(Command):
    """The applicant does not want it any more."""

    application_id: str
    reason: str
    by: str


@command
class ClaimApplicant(Command):
    """Make this the one open application of somebody."""

    identity_hash: str
    application_id: str


@command
class ReleaseApplicant(Command):
    """This application of somebody is open no more."""

    identity_hash: str
    application_id: str


@command
class KnowApplicant(Command):
    """Somebody is this customer."""

    identity_hash: str
    customer_id: str


@command
class ForgetApplicant(Command):
    """Somebody is this customer no more."""

    identity_hash: str
    customer_id: str
