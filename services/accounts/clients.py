"""What accounts asks of others: risk's word on a charge, and auth to destroy somebody's keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from cards.auth.v1 import key_service_pb2 as keys
from cards.auth.v1.key_service_pb2_grpc import KeyServiceStub
from cards.risk.v1.risk_service_pb2 import VERDICT_BLOCK, AssessChargeRequest
from cards.risk.v1.risk_service_pb2_grpc import RiskServiceStub

from chassis import answers, call
from chassis.kernel import ids
from chassis.kernel.errors import Error, Unavailable
from chassis.logs import log
from chassis.ports import Rpc
from services.accounts.domain.account.commands import AuthoriseCharge
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
