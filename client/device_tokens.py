"""`cards device-tokens`: numbers under which telephones and machines pay with a card."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import device_tokens_service_pb2 as pb
from cards.accounts.v1.device_tokens_service_pb2_grpc import DeviceTokensServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import GATEWAY, By, CardId, Key, Reason, SystemPath, ask, chosen, group, named

app = group(__doc__)
ASKED = "ASKED_AT_TERMINAL"
TokenId = Annotated[str, typer.Argument(help="Token id, of `cards device-tokens list`.")]


def _table(title: str, tokens: Any) -> Table:
    rows = (
        (
            each.token_id,
            each.last_four,
            tables.word(pb.TokenDevice, each.device),
            tables.word(pb.TokenStatus, each.status),
            each.reason,
            tables.word(accounts.Channel, each.channel) if each.channel else "",
        )
        for each in tokens
    )
    headings = ("#token", "ends in", "device", "status", "reason", "by")
    return tables.table(title, headings, rows)


def _token(answer: Any) -> Table:
    return _table("device token", [answer.token])


@app.command("list")
def list_(card: CardId, by: By = OPERATOR, system: SystemPath = DESCRIPTION) -> None:
    """Show the device tokens of a card, in the order of their making."""
    request = pb.ListDeviceTokensRequest(card_id=card)

    def show(answer: Any) -> Table:
        return _table(f"device tokens of {card}", answer.tokens)

    ask(system, DeviceTokensServiceStub, "ListDeviceTokens", request, show, by)


@app.command()
def provision(
    card: CardId,
    device: Annotated[str, typer.Option(help="wallet, or iot: a machine.")] = "wallet",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Give a card a token, as the network does; it waits for `activate`."""
    request = pb.ProvisionDeviceTokenRequest(
        card_id=card, device=chosen(pb.TokenDevice, device), **named(key)
    )
    ask(system, DeviceTokensServiceStub, "ProvisionDeviceToken", request, _token, GATEWAY)


@app.command()
def activate(
    card: CardId,
    token: TokenId,
    reason: Reason = ASKED,
    by: By = GATEWAY,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Let a token be used for the first time, as the network or the holder does."""
    request = pb.ActivateDeviceTokenRequest(card_id=card, token_id=token, reason=reason, **named())
    ask(system, DeviceTokensServiceStub, "ActivateDeviceToken", request, _token, by)


@app.command()
def suspend(
    card: CardId,
    token: TokenId,
    reason: Reason = ASKED,
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Decline every charge under a token until it is resumed."""
    request = pb.SuspendDeviceTokenRequest(card_id=card, token_id=token, reason=reason, **named())
    ask(system, DeviceTokensServiceStub, "SuspendDeviceToken", request, _token, by)


@app.command()
def resume(
    card: CardId,
    token: TokenId,
    reason: Reason = ASKED,
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Let a suspended token be used again."""
    request = pb.ResumeDeviceTokenRequest(card_id=card, token_id=token, reason=reason, **named())
    ask(system, DeviceTokensServiceStub, "ResumeDeviceToken", request, _token, by)


@app.command()
def delete(
    card: CardId,
    token: TokenId,
    reason: Reason = ASKED,
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """End a token for ever."""
    request = pb.DeleteDeviceTokenRequest(card_id=card, token_id=token, reason=reason, **named())
    ask(system, DeviceTokensServiceStub, "DeleteDeviceToken", request, _token, by)


@app.command()
def number(card: CardId, token: TokenId, system: SystemPath = DESCRIPTION) -> None:
    """Show the number of a token, as the network puts it into a device; that is put on record."""
    request = pb.RevealDeviceTokenRequest(card_id=card, token_id=token)
    ask(
        system,
        DeviceTokensServiceStub,
        "RevealDeviceToken",
        request,
        lambda answer: answer.number,
        GATEWAY,
    )
