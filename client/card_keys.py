"""`cards keys`: the keys behind CVVs, PINs and chips of a programme, replaced by two people."""

from pathlib import Path
from typing import Annotated, Any

import typer
from cards.accounts.v1 import card_keys_service_pb2 as pb
from cards.accounts.v1 import card_secrets_service_pb2 as secrets
from cards.accounts.v1.card_keys_service_pb2_grpc import CardKeysServiceStub
from cards.accounts.v1.card_secrets_service_pb2_grpc import CardSecretsServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR, SECOND
from client.terminal import GATEWAY, By, ProgrammeId, Reason, SystemPath, ask, group, named

app = group(__doc__)
RotationId = Annotated[str, typer.Argument(help="Rotation id, of `cards keys show`.")]
PublicKey = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="RSA public key, PEM, 2,048 bits.")
]


@app.command()
def show(programme: ProgrammeId = "everyday", system: SystemPath = DESCRIPTION) -> None:
    """Show the versions of a programme's keys, newest first, and what waits; never a key."""
    request = pb.GetCardKeysRequest(programme_id=programme)

    def told(answer: Any) -> Table:
        rows = [
            (
                str(each.version),
                each.effective_on or "ever",
                tables.who(each.proposed_by),
                tables.who(each.approved_by),
                "",
            )
            for each in answer.versions
        ]
        if answer.HasField("proposed"):
            waiting = answer.proposed
            rows.insert(0, ("waits", "", tables.who(waiting.proposed_by), "", waiting.rotation_id))
        headings = ("version", "for cards since", "asked by", "approved by", "#rotation")
        return tables.table(f"card keys of {programme}", headings, rows)

    ask(system, CardKeysServiceStub, "GetCardKeys", request, told)


@app.command()
def propose(
    programme: ProgrammeId = "everyday",
    reason: Reason = "YEARLY",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Ask for new keys; another has to approve them."""
    request = pb.ProposeKeyRotationRequest(programme_id=programme, reason=reason, **named())

    def told(answer: Any) -> str:
        return f"rotation {answer.rotation.rotation_id} waits for a second person"

    ask(system, CardKeysServiceStub, "ProposeKeyRotation", request, told, by)


@app.command()
def approve(
    programme: ProgrammeId,
    rotation: RotationId,
    by: By = SECOND,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Make the new keys that another asked for, for cards issued from tomorrow on."""
    request = pb.ApproveKeyRotationRequest(programme_id=programme, rotation_id=rotation, **named())

    def told(answer: Any) -> str:
        made = answer.version
        return f"version {made.version} is made, for cards issued from {made.effective_on} on"

    ask(system, CardKeysServiceStub, "ApproveKeyRotation", request, told, by)


@app.command()
def reject(
    programme: ProgrammeId,
    rotation: RotationId,
    reason: Reason = "NOT_NOW",
    by: By = SECOND,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Leave the keys as they are."""
    request = pb.RejectKeyRotationRequest(
        programme_id=programme, rotation_id=rotation, reason=reason, **named()
    )
    ask(
        system,
        CardKeysServiceStub,
        "RejectKeyRotation",
        request,
        lambda _: "the keys stay as they are",
        by,
    )


@app.command("export-pin")
def export_pin(
    programme: ProgrammeId, public_key: PublicKey, system: SystemPath = DESCRIPTION
) -> None:
    """Hand out the keys for PIN blocks, encrypted (RSA-OAEP, SHA-256) for whoever makes them."""
    request = secrets.ExportPinKeysRequest(
        programme_id=programme, public_key=public_key.read_text()
    )

    def told(answer: Any) -> str:
        tdes, aes = answer.tdes_key.hex(), answer.aes_key.hex()
        return f"format 0, triple DES: {tdes}\nformat 4, AES: {aes}"

    ask(system, CardSecretsServiceStub, "ExportPinKeys", request, told, GATEWAY)
