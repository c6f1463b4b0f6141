"""`cards device-tokens`: the device tokens of a card, and taking one a step further."""

from typing import Annotated
from uuid import uuid4

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import device_tokens_service_pb2 as pb
from cards.accounts.v1.device_tokens_service_pb2_grpc import DeviceTokensServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import CardId, SystemPath, console, open_session, run

STEPS = {
    "suspend": ("SuspendDeviceToken", pb.SuspendDeviceTokenRequest),
    "resume": ("ResumeDeviceToken", pb.ResumeDeviceTokenRequest),
    "delete": ("DeleteDeviceToken", pb.DeleteDeviceTokenRequest),
}
REASON = "ASKED_AT_TERMINAL"


def show(
    card: CardId,
    step: Annotated[str, typer.Option(help="suspend, resume, delete.")] = "",
    token: Annotated[str, typer.Option(help="Token id, for a step.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the device tokens of a card; suspend, resume or delete one."""
    if step and (step not in STEPS or not token):
        raise typer.BadParameter("a step is of a token: --step suspend --token ID")

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(DeviceTokensServiceStub, "accounts")
            if step:
                name, kind = STEPS[step]
                request = kind(
                    idempotency_key=uuid4().hex, card_id=card, token_id=token, reason=REASON
                )
                await getattr(stub, name)(request)
            found = await stub.ListDeviceTokens(
                pb.ListDeviceTokensRequest(card_id=card, page_size=200)
            )
            rows = (
                (
                    each.token_id,
                    each.last_four,
                    tables.word(pb.TokenDevice, each.device),
                    tables.word(pb.TokenStatus, each.status),
                    each.reason,
                    tables.word(accounts.Channel, each.channel) if each.channel else "",
                )
                for each in found.tokens
            )
            headings = ("#token", "ends in", "device", "status", "reason", "by")
            console.print(tables.table(f"device tokens of {card}", headings, rows))

    run(work)
