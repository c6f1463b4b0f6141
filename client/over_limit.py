"""`cards over-limit`: what exceeding the limit costs, and consenting to it or not."""

from typing import Annotated
from uuid import uuid4

import typer
from cards.accounts.v1 import over_limit_service_pb2 as pb
from cards.accounts.v1.over_limit_service_pb2_grpc import OverLimitServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import SystemPath, console, open_session, run

AccountId = Annotated[str, typer.Argument(help="Account id.")]


def show(
    account: AccountId,
    consent: Annotated[bool, typer.Option(help="Consent to the fee that is shown.")] = False,
    revoke: Annotated[bool, typer.Option(help="Revoke the consent.")] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show what exceeding the limit costs and whether that was consented to; consent or revoke."""
    asked = pb.GetOverLimitConsentRequest(account_id=account)
    electronic = pb.CONSENT_METHOD_ELECTRONIC

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(OverLimitServiceStub, "accounts")
            found = await stub.GetOverLimitConsent(asked)
            _fees(found.notice)
            if consent:
                given = pb.GiveOverLimitConsentRequest(
                    idempotency_key=uuid4().hex,
                    account_id=account,
                    notice_id=found.notice.notice_id or "none",
                    method=electronic,
                )
                await stub.GiveOverLimitConsent(given)
            if revoke:
                taken = pb.RevokeOverLimitRequest(
                    idempotency_key=uuid4().hex, account_id=account, method=electronic
                )
                await stub.RevokeOverLimit(taken)
            found = await stub.GetOverLimitConsent(asked)
            rows = (
                (each.consent_id, each.given_on, each.confirmed_on, each.revoked_on)
                for each in found.consents
            )
            headings = ("consent", "#given", "#fees from", "#revoked")
            console.print(tables.table("consents", headings, rows))

    run(work)


def _fees(notice: pb.OverLimitNotice) -> None:
    if not notice.notice_id:
        console.print("exceeding the limit costs nothing")
        return
    again = tables.money(notice.repeated_fee)
    console.print(f"exceeding the limit costs {tables.money(notice.fee)}, again {again}")
