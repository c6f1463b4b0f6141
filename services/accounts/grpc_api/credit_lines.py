"""The rpcs about other credit limits: asked for, offered, confirmed, reviewed."""

from typing import Any

import grpc
from cards.accounts.v1 import credit_line_service_pb2 as pb
from cards.accounts.v1.credit_line_service_pb2_grpc import (
    CreditLineServiceServicer,
    add_CreditLineServiceServicer_to_server,
)

from chassis import answers
from chassis.call import derived_id
from chassis.kernel.errors import Refused
from chassis.kernel.money import Money
from chassis.ports import Ports
from chassis.service import Rpcs
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agenda import review_on
from services.accounts.domain.credit_lines import commands, events
from services.accounts.grpc_api import messages
from services.accounts.grpc_api.programmes import person
from services.accounts.queries import credit_lines as queries
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.billing import BillingCases
from services.accounts.use_cases.credit_lines import CreditLines

Context = grpc.aio.ServicerContext[Any, Any]

DECIDED = (events.CreditLineRequestDeclined, events.CreditLineRequestReferred)


def rpcs(ports: Ports, accounts: Accounts) -> Rpcs:
    """What is served about other credit limits."""
    service = pb.DESCRIPTOR.services_by_name["CreditLineService"]
    return [(add_CreditLineServiceServicer_to_server, CreditLineApi(ports, accounts), service)]


class CreditLineApi(CreditLineServiceServicer):
    """cards.accounts.v1.CreditLineService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._cases = BillingCases(ports, accounts)
        self._lines = CreditLines(accounts)
        self._accounts = accounts
        self._application = ports.application
        self._database = ports.database

    async def RequestCreditLine(
        self, request: pb.RequestCreditLineRequest, context: Context
    ) -> pb.RequestCreditLineResponse:
        account, request_id = await self._accounts.account(request.account_id), derived_id()
        command = await self._lines.requested(
            account,
            request_id,
            answers.of_money(request.limit),
            answers.of_money(request.annual_income),
            messages.of_optional_money(request, "monthly_obligations") or account.money(0),
            await self._cases.today(account),
        )

        def render(settled: Any) -> pb.RequestCreditLineResponse:
            found: Any = next((f for f in settled.facts if isinstance(f, DECIDED)), None)
            declined = isinstance(found, events.CreditLineRequestDeclined)
            return pb.RequestCreditLineResponse(
                request_id=request_id,
                outcome="GRANTED" if found is None else "DECLINED" if declined else "REFERRED",
                reasons=found.reasons if found else (),
                credit_line=_message(settled.state),
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def DecideCreditLine(
        self, request: pb.DecideCreditLineRequest, context: Context
    ) -> pb.DecideCreditLineResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.DecideCreditLineRequest(
            account_id=request.account_id,
            request_id=request.request_id,
            approve=request.approve,
            reason=request.reason,
            by=person(),
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.DecideCreditLineResponse(
                credit_line=_message(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def OfferCreditLine(
        self, request: pb.OfferCreditLineRequest, context: Context
    ) -> pb.OfferCreditLineResponse:
        account, offer_id = await self._accounts.account(request.account_id), derived_id()
        command = commands.OfferCreditLine(
            account_id=request.account_id,
            offer_id=offer_id,
            limit=answers.of_money(request.limit),
            reason=request.reason,
            by=person(),
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.OfferCreditLineResponse(
                offer_id=offer_id,
                credit_line=_message(settled.state),
                receipt=answers.receipt(settled),
            ),
        )

    async def ConfirmCreditLine(
        self, request: pb.ConfirmCreditLineRequest, context: Context
    ) -> pb.ConfirmCreditLineResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.ConfirmCreditLine(
            account_id=request.account_id,
            change_id=request.change_id,
            approve=request.approve,
            reason=request.reason,
            by=person(),
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ConfirmCreditLineResponse(
                credit_line=_message(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def AnswerCreditLineOffer(
        self, request: pb.AnswerCreditLineOfferRequest, context: Context
    ) -> pb.AnswerCreditLineOfferResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.AnswerCreditLineOffer(
            account_id=request.account_id,
            offer_id=request.offer_id,
            accept=request.accept,
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.AnswerCreditLineOfferResponse(
                credit_line=_message(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def ReviewCreditLine(
        self, request: pb.ReviewCreditLineRequest, context: Context
    ) -> pb.ReviewCreditLineResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.ReviewCreditLine(
            account_id=request.account_id,
            review_id=derived_id(),
            reason=request.reason,
            transaction_date=await self._cases.today(account),
        )

        def render(settled: Any) -> pb.ReviewCreditLineResponse:
            kind = events.CreditLineReviewed
            found: Any = next((f for f in settled.facts if isinstance(f, kind)), None)
            if found is None:
                raise Refused("CREDIT_LINE_ASKED_DIFFERENTLY", "this review was held before")
            return pb.ReviewCreditLineResponse(
                outcome=str(found.outcome),
                reasons=found.reasons,
                utilisation_basis_points=found.utilisation_basis_points,
                late_payments=found.late_payments,
                credit_line=_message(settled.state),
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def GetCreditLine(
        self, request: pb.GetCreditLineRequest, context: Context
    ) -> pb.GetCreditLineResponse:
        account = await self._accounts.account(request.account_id)
        if not account.billing.number:
            raise Refused("NO_BILLING", "the account has no billing cycles")
        cursor = answers.of_page_token(request.page_token, int)
        size, before = answers.page_size(request.page_size), cursor[0] if cursor else 0
        rows = await self._database.read(
            lambda connection: queries.steps(connection, request.account_id, before, size + 1)
        )
        return pb.GetCreditLineResponse(
            credit_line=_message(account),
            steps=[_step(row) for row in rows[:size]],
            next_page_token=answers.page_token(rows[size - 1].position) if len(rows) > size else "",
        )

    async def ListCreditLineQueue(
        self, request: pb.ListCreditLineQueueRequest, context: Context
    ) -> pb.ListCreditLineQueueResponse:
        cursor = answers.of_page_token(request.page_token, int)
        size, after = answers.page_size(request.page_size), cursor[0] if cursor else 0
        rows = await self._database.read(
            lambda connection: queries.queue(connection, after, size + 1)
        )
        return pb.ListCreditLineQueueResponse(
            pending=[
                pb.PendingCreditLine(
                    account_id=row.account_id,
                    change_id=row.change_id,
                    kind=_kind(row.kind),
                    limit=answers.money(Money(row.limit_minor, row.currency)),
                    proposed_by=row.proposed_by,
                    since=row.since,
                )
                for row in rows[:size]
            ],
            next_page_token=answers.page_token(rows[size - 1].position) if len(rows) > size else "",
        )


def _kind(word: str) -> Any:
    return pb.CreditLineChangeKind.Value(f"CREDIT_LINE_CHANGE_KIND_{word}")


def _step(row: Any) -> pb.CreditLineStep:
    money = answers.money(Money(row.limit_minor, row.currency)) if row.currency else None
    return pb.CreditLineStep(
        step=row.step,
        change_id=row.change_id,
        limit=money,
        reasons=row.reasons.split(),
        decided_by=row.decided_by,
        transaction_date=row.on_date,
    )


def _message(account: CreditAccount) -> pb.CreditLine:
    line, terms = account.billing.credit_line, account.in_force.billing
    following = review_on(account.billing, terms) if terms else None
    waits, offer = line.pending, line.offer
    return pb.CreditLine(
        limit=answers.money(account.money(account.limit_minor)),
        available=messages.available(account),
        pending=pb.PendingCreditLine(
            account_id=account.account_id,
            change_id=waits.change_id,
            kind=_kind(waits.kind),
            limit=answers.money(account.money(waits.limit_minor)),
            proposed_by=waits.proposed_by,
        )
        if waits
        else None,
        offer=pb.CreditLineOffer(
            offer_id=offer.offer_id,
            limit=answers.money(account.money(offer.limit_minor)),
            expires_on=offer.expires_on.isoformat(),
        )
        if offer
        else None,
        reductions=[
            pb.CreditLineReduction(
                previous=answers.money(account.money(each.previous_minor)),
                consequences_from=each.consequences_from.isoformat(),
            )
            for each in line.reductions
        ],
        next_review_on=following.isoformat() if following else "",
        changed_on=line.changed_on.isoformat() if line.changed_on else "",
    )
