"""`cards keys`: the versions of the keys of cards, and replacing them by two people."""

from typing import Annotated
from uuid import uuid4

import typer
from cards.accounts.v1 import card_keys_service_pb2 as pb
from cards.accounts.v1.card_keys_service_pb2_grpc import CardKeysServiceStub

from client import tables
from client.session import DESCRIPTION, Session
from client.staff import SECOND
from client.terminal import SystemPath, console, open_session, run


def show(
    programme: Annotated[str, typer.Argument(help="Card programme.")] = "everyday",
    propose: Annotated[str, typer.Option(help="Ask for new keys, for this reason.")] = "",
    approve: Annotated[str, typer.Option(help="Approve this rotation, as second operator.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the versions of a programme's card keys; ask for new ones, or approve them."""

    async def work() -> None:
        if approve:
            async with open_session(system, SECOND) as session:
                request = pb.ApproveKeyRotationRequest(
                    idempotency_key=uuid4().hex, programme_id=programme, rotation_id=approve
                )
                await session.stub(CardKeysServiceStub, "accounts").ApproveKeyRotation(request)
        async with open_session(system) as session:
            if propose:
                asked = pb.ProposeKeyRotationRequest(
                    idempotency_key=uuid4().hex, programme_id=programme, reason=propose
                )
                await session.stub(CardKeysServiceStub, "accounts").ProposeKeyRotation(asked)
            await _print(session, programme)

    run(work)


async def _print(session: Session, programme: str) -> None:
    stub = session.stub(CardKeysServiceStub, "accounts")
    found = await stub.GetCardKeys(pb.GetCardKeysRequest(programme_id=programme))
    rows = [
        (str(each.version), each.effective_on or "ever", each.proposed_by, each.approved_by, "")
        for each in found.versions
    ]
    if found.HasField("proposed"):
        waiting = found.proposed
        rows.insert(0, ("waits", "", waiting.proposed_by, "", waiting.rotation_id))
    headings = ("version", "for cards since", "asked by", "approved by", "#rotation")
    console.print(tables.table(f"card keys of {programme}", headings, rows))
