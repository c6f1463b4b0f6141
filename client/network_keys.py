"""`cards network-keys`: which keys a network's gateway has, told by their check values."""

from typing import Annotated

import typer
from cards.accounts.v1 import network_keys_service_pb2 as pb
from cards.accounts.v1.network_keys_service_pb2_grpc import NetworkKeysServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import SystemPath, console, open_session, run


def show(
    gateway: Annotated[str, typer.Argument(help="The id of its partner in auth.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the keys that a gateway has, and those that are still taken; never a key."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(NetworkKeysServiceStub, "accounts")
            found = await stub.ListNetworkKeys(pb.ListNetworkKeysRequest(gateway_id=gateway))
            rows = (
                (
                    tables.word(pb.NetworkKeyKind, each.kind),
                    str(each.number),
                    each.check_value,
                    each.effective_at.ToJsonString(),
                    each.until.ToJsonString() if each.HasField("until") else "",
                )
                for each in found.keys
            )
            headings = ("for", "number", "check value", "since", "taken until")
            console.print(tables.table(f"keys of {gateway}", headings, rows))

    run(work)
