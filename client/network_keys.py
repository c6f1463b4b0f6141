"""`cards network-keys`: the keys that a network's gateway shares with the house."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import network_keys_service_pb2 as pb
from cards.accounts.v1.network_keys_service_pb2_grpc import NetworkKeysServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION, SystemAddress
from client.terminal import (
    GATEWAY,
    SystemPath,
    ask,
    console,
    group,
    named,
    open_session,
    run,
    secret,
)

app = group(__doc__)
Gateway = Annotated[
    str, typer.Argument(help="The id of its partner in auth; the one of this system without.")
]


@app.command()
def show(gateway: Gateway = "", system: SystemPath = DESCRIPTION) -> None:
    """Show the keys that a gateway has, and those that are still taken; never a key."""

    async def work() -> None:
        own = gateway or SystemAddress.read(system).credentials(GATEWAY)["identity_id"]
        async with open_session(system) as session:
            stub = session.stub(NetworkKeysServiceStub, "accounts")
            found = await stub.ListNetworkKeys(pb.ListNetworkKeysRequest(gateway_id=own))
            console.print(_table(f"keys of {own}", found.keys))

    run(work)


@app.command()
def change(system: SystemPath = DESCRIPTION) -> None:
    """Take a new key into use: a TR-31 key block, which is asked for, or read from a pipe."""
    block = secret("key block").upper()
    request = pb.ChangeNetworkKeyRequest(key_block=block, **named())

    def told(answer: Any) -> Table:
        until = tables.when(answer.former_until)
        note = f"; the one before is taken until {until} UTC" if until else ""
        return _table(f"the key is in use{note}", [answer.key])

    ask(system, NetworkKeysServiceStub, "ChangeNetworkKey", request, told, GATEWAY)


def _table(title: str, keys: Any) -> Table:
    rows = (
        (
            "PIN blocks" if each.kind == pb.NETWORK_KEY_KIND_PIN else "messages (MAC)",
            str(each.number),
            each.check_value,
            tables.when(each.effective_at),
            tables.when(each.until) or "in use",
        )
        for each in keys
    )
    headings = ("for", ">number", "check value", "since (UTC)", "taken until (UTC)")
    return tables.table(title, headings, rows)
