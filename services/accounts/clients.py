"""What accounts asks of others: risk's word on a charge and on a name, and auth to destroy keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from cards.auth.v1 import key_service_pb2 as keys
from cards.auth.v1.key_service_pb2_grpc import KeyServiceStub
from cards.risk.v1.risk_service_pb2 import VERDICT_BLOCK, AssessChargeRequest
from cards.risk.v1.risk_service_pb2_grpc import RiskServiceStub
from cards.risk.v1.screening_service_pb2 import (
    SCREENING_LIST_PURPOSE_SANCTIONS,
    SCREENING_OUTCOME_CLEAR,
    SUBJECT_KIND_PERSON,
    ScreenNameRequest,
)
from cards.risk.v1.screening_service_pb2 import Screening as FoundByRisk
from cards.risk.v1.screening_service_pb2_grpc import ScreeningServiceStub

from chassis import answers, call
from chassis.kernel import ids
from chassis.kernel.errors import Error, Forbidden, Invalid, Unavailable
from chassis.logs import log
from chassis.ports import Rpc
from services.accounts.domain.account.commands import AuthoriseCharge
from services.accounts.domain.applications.verification import Screening
from services.accounts.domain.customer import Erasure
from services.accounts.domain.values import Assessment, AssessmentOutcome


@contextmanager
def in_our_own_name() -> Iterator[None]:
    """Ask as the service that we are: whoever called us need not be permitted what we ask."""
    current = call.current_or_none()
    if current is None:
        yield
        return
    with call.entered(replace(current, person_token="")):
        yield


class Risk:
    """The risk service, as far as an authorisation needs it."""

    def __init__(self, rpc: Rpc, deadline_ms: int) -> None:
        self._stub = rpc.stub(RiskServiceStub, "risk")
        self._deadline_seconds = deadline_ms / 1000

    async def assess(self, charge: AuthoriseCharge) -> Assessment:
        """Risk's word, or that it gave none in time; never raises what risk raises."""
        merchant = charge.merchant
        request = AssessChargeRequest(
            charge_id=charge.charge_id,
            account_id=charge.account_id,
            card_id=charge.card_id,
            amount=answers.money(charge.amount),
            merchant_id=merchant.id,
            merchant_name=merchant.name,
            merchant_category_code=merchant.mcc,
            merchant_country=merchant.country,
            entry_mode=charge.entry_mode,
            transaction_at=answers.timestamp(charge.transaction_at),
        )
        try:
            with in_our_own_name():
                answer = await self._stub.AssessCharge(request, timeout=self._deadline_seconds)
        except Error as error:
            # Slow, away or wrong are the same to a holder at a counter: the stand-in rule decides.
            # That risk is away happens; that it refuses the question is a defect.
            level = "warning" if isinstance(error, Unavailable) else "error"
            log("risk_gave_no_word", level=level, reason=error.reason)
            return Assessment(outcome=AssessmentOutcome.UNAVAILABLE)
        refused = answer.verdict == VERDICT_BLOCK
        return Assessment(
            outcome=AssessmentOutcome.REFUSED if refused else AssessmentOutcome.ALLOWED,
            assessment_id=answer.assessment_id,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Whom risk is asked about, in clear; never stored or told to anybody else."""

    subject_id: str
    name: str
    date_of_birth: str


class Screener:
    """The risk service, as far as it looks for people on lists."""

    def __init__(self, rpc: Rpc, deadline_ms: int) -> None:
        self._stub = rpc.stub(ScreeningServiceStub, "risk")
        self._deadline_seconds = deadline_ms / 1000

    async def screen(self, person: Person, screening_id: str) -> Screening:
        """Risk's word, the same for the same screening. Raises what risk raises, among it
        Unavailable, and Refused NO_ACTIVE_LIST; a name that cannot be read is NOT_AVAILABLE."""
        request = ScreenNameRequest(
            idempotency_key=ids.derive("screen name", screening_id),
            screening_id=screening_id,
            subject_id=person.subject_id,
            name=person.name,
            kind=SUBJECT_KIND_PERSON,
            date_of_birth=person.date_of_birth,
        )
        try:
            with in_our_own_name():
                answer = await self._stub.ScreenName(request, timeout=self._deadline_seconds)
        except Invalid as error:
            log("risk_cannot_read_a_name", level="warning", reason=error.reason)
            return Screening.NOT_AVAILABLE
        return _screening(answer.screening)

    async def ask(self, person: Person, screening_id: str) -> Screening:
        """Like `screen`, but never raises what risk raises: who gives no word is not available."""
        try:
            return await self.screen(person, screening_id)
        except Error as error:
            # Away, slow or without a list: people look at the application, as they would anyway.
            level = "error" if isinstance(error, Forbidden) else "warning"
            log("risk_did_not_screen", level=level, reason=error.reason)
            return Screening.NOT_AVAILABLE


def _screening(found: FoundByRisk) -> Screening:
    if found.outcome == SCREENING_OUTCOME_CLEAR:
        return Screening.CLEAR
    purposes = {each.purpose for each in found.matches}
    if purposes and SCREENING_LIST_PURPOSE_SANCTIONS not in purposes:
        return Screening.POLITICALLY_EXPOSED_MATCH
    return Screening.SANCTIONS_MATCH


class KeyDestroyer:
    """The key service, as far as forgetting somebody needs it."""

    def __init__(self, rpc: Rpc) -> None:
        self._stub = rpc.stub(KeyServiceStub, "auth")

    async def destroy(self, subject: str) -> Erasure:
        """Destroy every data key of a subject, in every service; the proof, the same each time.
        Raises NotFound KEY_UNKNOWN, Unavailable."""
        request = keys.DestroyDataKeysRequest(
            idempotency_key=ids.derive("destroy data keys", subject), subject=subject
        )
        with in_our_own_name():
            certificate = (await self._stub.DestroyDataKeys(request)).certificate
        return Erasure(
            certificate_id=certificate.certificate_id,
            certificate=certificate.signed,
            destroyed_keys=tuple(certificate.destroyed_keys),
            destroyed_at=answers.of_timestamp(certificate.destroyed_at),
        )
