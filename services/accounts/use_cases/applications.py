"""From an application to a customer with an account and a card, all in one unit or not at all."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from google.protobuf.message import Message

from chassis import call
from chassis.kernel import ids
from chassis.kernel.errors import Exhausted, Invalid, Refused
from chassis.kernel.events import Command
from chassis.kernel.money import Money
from chassis.work import Settled
from services.accounts.clients import Person, Screener
from services.accounts.domain.account.commands import NewCard, OpenAccount
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.applications.applicant import APPLICANT, Applicant
from services.accounts.domain.applications.application import (
    APPLICATION,
    Application,
    ApplicationStatus,
)
from services.accounts.domain.applications.commands import (
    ClaimApplicant,
    ConfirmApproval,
    DeclineApplication,
    KnowApplicant,
    ReleaseApplicant,
    SealedApplication,
    SubmitApplication,
    WithdrawApplication,
)
from services.accounts.domain.applications.verification import (
    Outcome,
    Particulars,
    Screening,
    findings,
    outcome_of,
)
from services.accounts.domain.customer import RegisterCustomer
from services.accounts.domain.customers.commands import AttachAccount
from services.accounts.domain.programme import PROGRAMME
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.values import CardKind
from services.accounts.use_cases.accounts import Accounts, first_place
from services.accounts.use_cases.business_days import business_date
from services.accounts.use_cases.formats import birthday_of, email_of, phone_of

M = TypeVar("M", bound=Message)
Render = Callable[[Settled, CreditAccount | None], M]

ATTEMPTS_LIMIT = 3
OVERTAKEN = frozenset({"APPLICANT_TAKEN", "ACCOUNT_OPENED_DIFFERENTLY", "CARD_ISSUED_DIFFERENTLY"})
"""Somebody else was a moment faster; what they did is looked at anew."""
APPLICATION_PURPOSE = "accounts.application"
INCOME = "annual_income"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody asks for, in clear. `profile` has the names of SealedProfile."""

    application_id: str
    programme_id: str
    profile: dict[str, str]
    annual_income: Money | None
    requested_limit: Money | None
    card_kind: CardKind


@dataclass(frozen=True, slots=True)
class Applications:
    """The steps around the decider of applications."""

    accounts: Accounts
    screener: Screener

    async def submit(self, asked: Asked, render: Render[M]) -> M:
        """Verify an application and decide it by rule. Raises Invalid for what can be put right."""
        application = self.accounts.application
        programme = await application.state(PROGRAMME, asked.programme_id)
        today = await business_date(self.accounts.ports, asked.programme_id)
        version = programme.in_force_on(today)
        asked, phone_in_use = self._normalised(asked, version)
        known = await application.find(APPLICATION, asked.application_id)
        for _ in range(ATTEMPTS_LIMIT):
            if known is not None:
                return await self._submitted_again(known, asked, render)
            try:
                return await self._submitted(asked, version, phone_in_use, render)
            except Refused as refusal:
                if refusal.reason not in OVERTAKEN:
                    raise
            known = await application.find(APPLICATION, asked.application_id)
        raise Exhausted("TOO_MUCH_AT_ONCE", "somebody of this name applies again and again")

    def _normalised(self, asked: Asked, version: Version) -> tuple[Asked, bool]:
        """The same in the forms that we keep, and whether the telephone number is in use."""
        profile, terms = asked.profile, version.terms
        for amount, field in (
            (asked.requested_limit, "requested_limit"),
            (asked.annual_income, f"applicant.{INCOME}"),
        ):
            if amount is not None and amount.currency != terms.currency:
                raise Invalid("CURRENCY_MISMATCH", f"not in {terms.currency}", field=field)
        if asked.annual_income is None and terms.minimum_income_minor:
            raise Invalid(
                "INCOME_MISSING", "this programme asks for it", field=f"applicant.{INCOME}"
            )
        *lines, _, city, postal_code, country = profile["address"].split("\n")
        if not (lines and city.strip() and postal_code.strip() and country):
            raise Invalid(
                "ADDRESS_INCOMPLETE",
                "an address has a line, a city, a postal code and a country",
                field="applicant.address",
            )
        today = self.accounts.ports.clock.now().date()
        born = birthday_of(profile["date_of_birth"], today, "applicant.date_of_birth")
        phone, in_use = phone_of(profile["phone"], country, "applicant.phone")
        email = email_of(profile["email"], "applicant.email")
        kept = {**profile, "phone": phone, "email": email, "date_of_birth": born.isoformat()}
        limit = asked.requested_limit
        if limit is None:
            limit = Money(terms.default_limit_minor, terms.currency)
        return replace(asked, profile=kept, requested_limit=limit), in_use

    def _digest(self, asked: Asked) -> str:
        canonical = json.dumps(asdict(asked), sort_keys=True).encode()
        return self.accounts.keys.lookup_hash(APPLICATION_PURPOSE, canonical)

    async def _submitted_again(self, known: Application, asked: Asked, render: Render[M]) -> M:
        same = replace(known.submitted, application_digest=self._digest(asked))
        command = SubmitApplication(
            application_id=asked.application_id,
            account_id=known.account_id,
            application=same,
            findings=known.findings,
        )
        return await self._answer(command, known.account_id, render)

    async def _submitted(
        self, asked: Asked, version: Version, phone_in_use: bool, render: Render[M]
    ) -> M:
        sealed = await self._sealed(asked, version)
        screening_id = ids.derive("screening of application", sealed.application_digest)
        screening = await self.screener.ask(
            person_of(sealed.customer_id, asked.profile), screening_id
        )
        applicant = await self.accounts.application.find(APPLICANT, sealed.identity_hash)
        terms, income = version.terms, asked.annual_income
        today = self.accounts.ports.clock.now().date()
        particulars = Particulars(
            date_of_birth=birthday_of(asked.profile["date_of_birth"], today, ""),
            phone_in_use=phone_in_use,
            annual_income_minor=income.minor_units if income else None,
            requested_limit_minor=sealed.requested_limit.minor_units,
            is_customer=bool((applicant or Applicant()).customer_ids),
            has_open_application=bool((applicant or Applicant()).application_id),
            screening=screening,
        )
        command = SubmitApplication(
            application_id=asked.application_id,
            account_id=account_of(asked.application_id),
            application=sealed,
            findings=findings(particulars, terms, today),
            screening_id="" if screening is Screening.NOT_AVAILABLE else screening_id,
        )
        claim = ClaimApplicant(
            identity_hash=sealed.identity_hash, application_id=asked.application_id
        )
        match outcome_of(command.findings):
            case Outcome.DECLINED:
                return await self._answer(command, "", render)
            case Outcome.REFERRED:
                return await self._answer(command, "", render, claim)
        limit = sealed.requested_limit
        return await self._opened(sealed, limit, (claim, command), asked.application_id, render)

    async def _sealed(self, asked: Asked, version: Version) -> SealedApplication:
        """Under the key of the customer whom the applicant may become."""
        accounts, limit = self.accounts, asked.requested_limit
        customer_id = ids.derive("customer of application", asked.application_id)
        assert limit is not None
        income = str(asked.annual_income.minor_units) if asked.annual_income else ""
        return SealedApplication(
            customer_id=customer_id,
            programme_id=asked.programme_id,
            programme_version=version.number,
            card_kind=asked.card_kind,
            requested_limit=limit,
            profile=await accounts.sealed(customer_id, asked.profile),
            profile_digest=accounts.digest(customer_id, asked.profile),
            annual_income=await accounts.seal(customer_id, INCOME, income),
            identity_hash=accounts.identity_hash(asked.profile),
            application_digest=self._digest(asked),
        )

    async def confirm(self, application_id: str, by: str, render: Render[M]) -> M:
        """Approve what another proposed, and open what goes with it."""
        application = self.accounts.application
        account_id = account_of(application_id)
        command = ConfirmApproval(application_id=application_id, account_id=account_id, by=by)
        for _ in range(ATTEMPTS_LIMIT):
            known = await application.find(APPLICATION, application_id)
            proposed = known and known.status is ApplicationStatus.APPROVAL_PROPOSED
            if known is None or known.limit is None or not proposed:
                return await self._answer(command, account_id, render)
            try:
                asked, unit = known.submitted, (command,)
                return await self._opened(asked, known.limit, unit, application_id, render)
            except Refused as refusal:
                if refusal.reason not in OVERTAKEN:
                    raise
        raise Exhausted("TOO_MUCH_AT_ONCE", "this application is confirmed again and again")

    async def _opened(
        self,
        asked: SealedApplication,
        limit: Money,
        unit: tuple[Command, ...],
        application_id: str,
        render: Render[M],
    ) -> M:
        """`unit`, and in the same unit a customer, an account on the terms of today, a card."""
        accounts, account_id = self.accounts, account_of(application_id)
        programme = await accounts.application.state(PROGRAMME, asked.programme_id)
        today = await business_date(accounts.ports, asked.programme_id)
        version = programme.in_force_on(today)
        customer_id, hashed = asked.customer_id, asked.identity_hash
        register = RegisterCustomer(
            customer_id=customer_id,
            profile=asked.profile,
            profile_digest=asked.profile_digest,
            identity_hash=hashed,
        )

        def opening(card: NewCard) -> OpenAccount:
            return OpenAccount(
                account_id=account_id,
                customer_id=customer_id,
                programme_id=asked.programme_id,
                programme_version=version.number,
                terms=version.terms,
                limit=limit,
                card=card,
                opened_on=today,
            )

        return await accounts.with_new_number(
            first_place(account_id, customer_id),
            version.terms.bin,
            asked.card_kind,
            opening,
            lambda settled: render(settled, settled.state),
            (
                *unit,
                register,
                ReleaseApplicant(identity_hash=hashed, application_id=application_id),
                KnowApplicant(identity_hash=hashed, customer_id=customer_id),
                AttachAccount(customer_id=customer_id, account_id=account_id),
            ),
        )

    async def end(self, command: DeclineApplication | WithdrawApplication, render: Render[M]) -> M:
        """Decline or withdraw one; whoever applied may apply again."""
        known = await self.accounts.application.find(APPLICATION, command.application_id)
        if known is None:
            return await self._answer(command, "", render)
        release = ReleaseApplicant(
            identity_hash=known.submitted.identity_hash, application_id=command.application_id
        )
        return await self._answer(command, "", render, release)

    async def _answer(
        self, command: Command, account_id: str, render: Render[M], *first: Command
    ) -> M:
        application = self.accounts.application
        account: CreditAccount | None = None
        if account_id:
            account = await application.find(CREDIT_ACCOUNT, account_id)
        return await application.answer(
            *first, command, render=lambda settled: render(settled, account)
        )

    async def reveal(self, application_id: str) -> tuple[Application, dict[str, str]]:
        """An application and who applies, in clear, which is put on record first. The names are
        those of SealedProfile, and `annual_income` in minor units. Raises NotFound
        APPLICATION_NOT_FOUND or KEY_DESTROYED."""
        accounts = self.accounts
        known = await accounts.application.state(APPLICATION, application_id)
        asked = known.submitted
        if call.current().principal.person.customer_id != asked.customer_id:
            await accounts.application.witness(APPLICATION, application_id)
        clear = await accounts.unsealed(asked.customer_id, asked.profile)
        clear[INCOME] = await accounts.unseal(asked.customer_id, INCOME, asked.annual_income)
        return known, clear


def person_of(customer_id: str, profile: Mapping[str, str]) -> Person:
    """Whom risk is asked about."""
    name = f"{profile['given_name']} {profile['family_name']}".strip()
    return Person(subject_id=customer_id, name=name, date_of_birth=profile["date_of_birth"])


def account_of(application_id: str) -> str:
    """The id of the account that an application leads to."""
    return ids.derive("account of application", application_id)


def application_in(settled: Settled) -> Application:
    """The application among the states of a unit."""
    return next(each for each in settled.states if isinstance(each, Application))
