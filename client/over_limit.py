"""`cards over-limit`: what exceeding the limit costs, and consenting to it or not."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import over_limit_service_pb2 as pb
from cards.accounts.v1.over_limit_service_pb2_grpc import OverLimitServiceStub
from rich.console import Group
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    AccountId,
    By,
    SystemPath,
    ask,
    chosen,
    console,
    group,
    named,
    open_session,
    run,
)

app = group(__doc__)
Method = Annotated[str, typer.Option(help="How: electronic, oral or written.")]


@app.command()
def show(account: AccountId, by: By = OPERATOR, system: SystemPath = DESCRIPTION) -> None:
    """Show what exceeding the limit costs, and whether the holder has consented to it."""
    request = pb.GetOverLimitConsentRequest(account_id=account)
    ask(
        system,
        OverLimitServiceStub,
        "GetOverLimitConsent",
        request,
        lambda answer: Group(_cost(answer.notice), _consents(answer.consents)),
        by,
    )


def _cost(notice: pb.OverLimitNotice) -> str:
    if not notice.notice_id:
        return "exceeding the limit costs nothing"
    again = tables.money(notice.repeated_fee)
    return f"exceeding the limit costs {tables.money(notice.fee)}, within six cycles again {again}"


def _consents(consents: Any) -> Table:
    rows = (
        (each.consent_id, each.given_on, each.confirmed_on or "not yet", each.revoked_on)
        for each in consents
    )
    return tables.table("consents", ("#consent", "#given", "#fees from", "#revoked"), rows)


@app.command()
def consent(
    account: AccountId,
    method: Method = "electronic",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Tell what it costs, and consent to that."""
    how = chosen(pb.ConsentMethod, method)

    async def work() -> None:
        async with open_session(system, by) as session:
            stub = session.stub(OverLimitServiceStub, "accounts")
            asked = pb.GetOverLimitConsentRequest(account_id=account)
            notice = (await stub.GetOverLimitConsent(asked)).notice
            console.print(_cost(notice))
            request = pb.GiveOverLimitConsentRequest(
                account_id=account,
                notice_id=notice.notice_id or "none",
                method=how,
                **named(),
            )
            answer = await stub.GiveOverLimitConsent(request)
            console.print(_consents([answer.consent]))

    run(work)


@app.command()
def confirm(
    account: AccountId,
    consent_id: Annotated[str, typer.Argument(help="Consent id, of `cards over-limit show`.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Say that the holder was sent the confirmation; fees are charged from now on."""
    request = pb.ConfirmOverLimitRequest(account_id=account, consent_id=consent_id, **named())
    ask(
        system,
        OverLimitServiceStub,
        "ConfirmOverLimit",
        request,
        lambda answer: _consents([answer.consent]),
    )


@app.command()
def revoke(
    account: AccountId,
    method: Method = "electronic",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """End the consent at once."""
    request = pb.RevokeOverLimitRequest(
        account_id=account, method=chosen(pb.ConsentMethod, method), **named()
    )
    ask(
        system,
        OverLimitServiceStub,
        "RevokeOverLimit",
        request,
        lambda _: "nothing is charged for exceeding the limit any more",
        by,
    )
