"""The notify service, put together."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.ports import Ports
from chassis.service import Service, Worker
from services.notify import grpc_api, policies, projections, publishing, queries, tables
from services.notify.clients import SmtpMailer
from services.notify.config import NotifySettings
from services.notify.domain.events import UPCASTERS
from services.notify.domain.message import MESSAGE
from services.notify.domain.recipient import RECIPIENT
from services.notify.rendering import Issuer, Templates
from services.notify.use_cases import EmailSender


def templates(ports: Ports) -> Templates:
    """The templates, with what they say of the house."""
    settings: NotifySettings = ports.settings
    return Templates(
        issuer=Issuer(
            name=settings.issuer_name,
            address=settings.issuer_address,
            telephone=settings.issuer_telephone,
            supervisor=settings.issuer_supervisor,
        )
    )


async def describe_recipient(ports: Ports, id: str) -> Mapping[str, Any] | None:
    """A recipient is the customer, heard of or not."""
    return {"owner": id}


async def describe_message(ports: Ports, id: str) -> Mapping[str, Any] | None:
    """Whose message it is."""
    row = await ports.database.read(lambda connection: queries.message(connection, id))
    return {"owner": row.customer_id} if row else None


def workers(ports: Ports) -> Sequence[Worker]:
    """E-mail is sent where there is a server to hand it to."""
    settings: NotifySettings = ports.settings
    if not settings.smtp_host:
        return []
    sender = EmailSender(ports, SmtpMailer(settings, ports.clock), templates(ports))
    return [("send_email", sender.run)]


SERVICE = Service(
    name="notify",
    settings=NotifySettings,
    deciders=(RECIPIENT, MESSAGE),
    upcasters=UPCASTERS,
    public=publishing.PUBLIC,
    policies=policies.POLICIES,
    projections=projections.PROJECTIONS,
    tables=tables.METADATA,
    rpcs=lambda ports: grpc_api.rpcs(ports, templates(ports)),
    workers=workers,
    resources={"Recipient": describe_recipient, "Message": describe_message},
)
