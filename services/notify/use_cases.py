"""The worker that sends e-mail: claim, send, say what came of it, for ever."""

import asyncio
from typing import Any

import msgspec
from jinja2 import TemplateError

from chassis.background import TRANSIENT
from chassis.event_store.rows import micros
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command
from chassis.ports import Ports
from services.notify import queries
from services.notify.clients import Mailer, MailFailed
from services.notify.domain.events import Channel, Details, SendClaimed, Template
from services.notify.domain.message import ClaimSend, RecordSendFailed, RecordSendSucceeded
from services.notify.domain.recipient import RECIPIENT, Recipient
from services.notify.rendering import Templates

PAGE_LIMIT = 50
AT_ONCE = 8
"""So many messages are on their way at the same time, each on a connection of its own."""
POLL_SECONDS = 0.5
AWAY_PAUSE_SECONDS = 5.0
ACTOR = "worker:notify.send_email"
KEY_PURPOSE = "notify.contact"
ADDRESS_PLACE = "ContactRegistered.sealed_email_address"
PERMILLE = 1000


def key_subject(customer_id: str) -> str:
    """Whose data key seals what we keep of a customer."""
    return f"customer:{customer_id}"


class EmailSender:
    """Sends what the read model says is due. Only the claim decides: the read model may be behind,
    or just being rebuilt, and then the claim is refused."""

    def __init__(self, ports: Ports, mailer: Mailer, templates: Templates) -> None:
        self._ports = ports
        self._mailer = mailer
        self._templates = templates

    async def run(self) -> None:
        """Send for ever."""
        while True:
            try:
                sent = await self.send_due()
            except MailFailed:
                await self._ports.sleep(AWAY_PAUSE_SECONDS)
                continue
            if not sent:
                await self._ports.sleep(POLL_SECONDS)

    async def send_due(self) -> int:
        """Make one attempt on each message that is due; returns how many were claimed.

        Raises MailFailed when the mail server is away, so that the rest is left alone for a while.
        """
        now = micros(self._ports.clock.now())
        rows = await self._ports.database.read(
            lambda connection: queries.due_emails(connection, now, PAGE_LIMIT)
        )
        claimed = 0
        for start in range(0, len(rows), AT_ONCE):
            batch = rows[start : start + AT_ONCE]
            attempts = await asyncio.gather(
                *(self._attempt(row) for row in batch), return_exceptions=True
            )
            # Every attempt of a batch is over and recorded before the first failure is told.
            for attempt in attempts:
                if isinstance(attempt, BaseException):
                    raise attempt
                claimed += attempt
        return claimed

    async def _attempt(self, row: Any) -> bool:
        """One attempt; False when the claim was refused."""
        recipient = await self._ports.application.state(RECIPIENT, row.customer_id)
        template = Template(row.template)
        claim = ClaimSend(
            message_id=row.message_id,
            claim_id=self._ports.ids.new(),
            customer_id=row.customer_id,
            channel=Channel.EMAIL,
            template=template,
            template_version=self._templates.version(template, recipient.locale),
        )
        try:
            outcome = await self._execute(claim, row)
        except Refused:
            return False
        if not any(isinstance(fact, SendClaimed) for fact in outcome.facts):
            return False
        try:
            await self._send(row, recipient)
        except MailFailed as failure:
            await self._execute(self._failed(claim, failure), row)
            if failure.away:
                raise
        else:
            succeeded = RecordSendSucceeded(message_id=row.message_id, claim_id=claim.claim_id)
            await self._execute(succeeded, row)
        return True

    async def _send(self, row: Any, recipient: Recipient) -> None:
        details = msgspec.json.decode(row.details, type=Details)
        try:
            rendered = self._templates.render(Template(row.template), recipient.locale, details)
        except TemplateError:
            raise MailFailed("TEMPLATE_AT_FAULT") from None
        address = await self._address(recipient)
        await self._mailer.send(row.message_id, address, rendered)

    async def _address(self, recipient: Recipient) -> str:
        sealed = recipient.sealed_email_address
        if not sealed:
            raise MailFailed("NO_EMAIL_ADDRESS", permanent=True)
        try:
            address: bytes = await self._ports.keys.open(
                key_subject(recipient.customer_id), KEY_PURPOSE, sealed, ADDRESS_PLACE
            )
        except NotFound as failure:
            if failure.reason == "KEY_DESTROYED":
                raise MailFailed("CUSTOMER_FORGOTTEN", permanent=True) from None
            raise MailFailed(failure.reason) from None
        except TRANSIENT:
            raise MailFailed("KEYS_AWAY", away=True) from None
        return address.decode()

    def _failed(self, claim: ClaimSend, failure: MailFailed) -> RecordSendFailed:
        return RecordSendFailed(
            message_id=claim.message_id,
            claim_id=claim.claim_id,
            reason=failure.reason,
            permanent=failure.permanent,
            jitter_permille=self._ports.random.randrange(PERMILLE),
        )

    async def _execute(self, command: Command, row: Any) -> Any:
        return await self._ports.application.execute(
            command, actor=ACTOR, correlation_id=row.event_id, causation_id=row.message_id
        )
