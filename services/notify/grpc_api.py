"""The door of the notify service: request → command → answer."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import grpc
import msgspec
from cards.notify.v1 import notify_service_pb2 as pb
from cards.notify.v1 import notify_service_pb2_grpc as pb_grpc

from chassis import answers
from chassis.call import derived_id
from chassis.event_store.rows import instant
from chassis.kernel.errors import NotFound
from chassis.ports import Ports
from chassis.pulse import Pulse
from chassis.service import Rpcs
from services.notify import queries
from services.notify.domain.events import (
    Channel,
    ChargeAlert,
    Details,
    Locale,
    Preferences,
    Template,
)
from services.notify.domain.message import ReplayMessage
from services.notify.domain.recipient import (
    RECIPIENT,
    MarkRead,
    Recipient,
    RegisterContact,
    SetPreferences,
)
from services.notify.projections import MESSAGES_PROJECTION, State
from services.notify.rendering import Templates
from services.notify.use_cases import ADDRESS_PLACE, KEY_PURPOSE, key_subject

STREAM_PAGE = 100
LOCALES = {pb.LOCALE_EN: Locale.EN, pb.LOCALE_ZH_CN: Locale.ZH_CN}
ALERTS = {
    pb.CHARGE_ALERT_EVERY: ChargeAlert.EVERY,
    pb.CHARGE_ALERT_FROM_AMOUNT: ChargeAlert.FROM_AMOUNT,
    pb.CHARGE_ALERT_NEVER: ChargeAlert.NEVER,
}
Context = grpc.aio.ServicerContext[Any, Any]


class NotifyApi(pb_grpc.NotifyServiceServicer):
    """Messages as callers see them."""

    def __init__(self, ports: Ports, templates: Templates) -> None:
        self._ports = ports
        self._application = ports.application
        self._database = ports.database
        self._templates = templates
        self._pulse = Pulse(MESSAGES_PROJECTION, ports.log, ports.database)

    async def RegisterContact(
        self, request: pb.RegisterContactRequest, context: Context
    ) -> pb.RegisterContactResponse:
        sealed = ""
        if request.email_address:
            sealed = await self._ports.keys.seal(
                key_subject(request.customer_id),
                KEY_PURPOSE,
                request.email_address.encode(),
                ADDRESS_PLACE,
            )
        command = RegisterContact(
            customer_id=request.customer_id,
            contact_id=derived_id(),
            sealed_email_address=sealed,
            locale=LOCALES.get(request.locale, Locale.EN),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RegisterContactResponse(receipt=answers.receipt(settled)),
        )

    async def SetPreferences(
        self, request: pb.SetPreferencesRequest, context: Context
    ) -> pb.SetPreferencesResponse:
        wanted = request.preferences
        command = SetPreferences(
            customer_id=request.customer_id,
            preferences=Preferences(
                charge_alert=ALERTS.get(wanted.charge_alert, ChargeAlert.FROM_AMOUNT),
                alert_from=(
                    answers.of_money(wanted.alert_from) if wanted.HasField("alert_from") else None
                ),
                no_service_email=wanted.no_service_email,
            ),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.SetPreferencesResponse(receipt=answers.receipt(settled)),
        )

    async def GetPreferences(
        self, request: pb.GetPreferencesRequest, context: Context
    ) -> pb.GetPreferencesResponse:
        recipient = await self._recipient(request.customer_id)
        preferences = recipient.preferences
        least = preferences.alert_from
        return pb.GetPreferencesResponse(
            preferences=pb.Preferences(
                charge_alert=_number(ALERTS, preferences.charge_alert),
                alert_from=None if least is None else answers.money(least),
                no_service_email=preferences.no_service_email,
            ),
            has_email_address=bool(recipient.sealed_email_address),
            locale=_number(LOCALES, recipient.locale),
        )

    async def ListInbox(
        self, request: pb.ListInboxRequest, context: Context
    ) -> pb.ListInboxResponse:
        before = answers.of_page_token(request.page_token, int)
        size = answers.page_size(request.page_size)
        rows, unread = await self._database.read(
            lambda connection: (
                queries.inbox_before(
                    connection,
                    request.customer_id,
                    before[0] if before else None,
                    size + 1,
                    request.only_unread,
                ),
                queries.unread(connection, request.customer_id),
            )
        )
        locale = (await self._recipient(request.customer_id)).locale
        more = rows[size - 1] if len(rows) > size else None
        return pb.ListInboxResponse(
            messages=[self._inbox_message(row, locale) for row in rows[:size]],
            next_page_token=answers.page_token(more.position) if more else "",
            unread=unread,
        )

    async def StreamInbox(
        self, request: pb.StreamInboxRequest, context: Context
    ) -> AsyncGenerator[pb.StreamInboxResponse, None]:
        cursor = request.after_cursor
        while True:
            seen = await self._pulse.position()
            rows = await self._inbox_after(request.customer_id, cursor)
            if rows:
                locale = (await self._recipient(request.customer_id)).locale
            for row in rows:
                cursor = row.position
                yield pb.StreamInboxResponse(message=self._inbox_message(row, locale))
            if len(rows) < STREAM_PAGE:
                await self._pulse.beyond(seen)

    async def MarkRead(self, request: pb.MarkReadRequest, context: Context) -> pb.MarkReadResponse:
        command = MarkRead(customer_id=request.customer_id, message_id=request.message_id)
        return await self._application.answer(
            command, render=lambda settled: pb.MarkReadResponse(receipt=answers.receipt(settled))
        )

    async def WhyNot(self, request: pb.WhyNotRequest, context: Context) -> pb.WhyNotResponse:
        rows = await self._database.read(
            lambda connection: queries.about_event(
                connection, request.customer_id, request.event_id
            )
        )
        if not rows:
            raise NotFound("NOTICE_UNKNOWN", "nothing was decided about this fact")
        return pb.WhyNotResponse(messages=[_record(row) for row in rows])

    async def ListMessages(
        self, request: pb.ListMessagesRequest, context: Context
    ) -> pb.ListMessagesResponse:
        before = answers.of_page_token(request.page_token, int, str)
        size = answers.page_size(request.page_size)
        rows = await self._database.read(
            lambda connection: queries.messages_before(
                connection, request.customer_id, before, size + 1
            )
        )
        more = rows[size - 1] if len(rows) > size else None
        return pb.ListMessagesResponse(
            messages=[_record(row) for row in rows[:size]],
            next_page_token=answers.page_token(more.position, more.channel) if more else "",
        )

    async def ReplayMessage(
        self, request: pb.ReplayMessageRequest, context: Context
    ) -> pb.ReplayMessageResponse:
        command = ReplayMessage(message_id=request.message_id, replay_id=derived_id())
        return await self._application.answer(
            command,
            render=lambda settled: pb.ReplayMessageResponse(receipt=answers.receipt(settled)),
        )

    async def _recipient(self, customer_id: str) -> Recipient:
        """Who never said anything is a recipient all the same."""
        return await self._application.find(RECIPIENT, customer_id) or Recipient()

    async def _inbox_after(self, customer_id: str, cursor: int) -> Sequence[Any]:
        return await self._database.read(
            lambda connection: queries.inbox_after(connection, customer_id, cursor, STREAM_PAGE)
        )

    def _inbox_message(self, row: Any, locale: Locale) -> pb.InboxMessage:
        details = msgspec.json.decode(row.details, type=Details)
        rendered = self._templates.render(Template(row.template), locale, details)
        return pb.InboxMessage(
            message_id=row.message_id,
            cursor=row.position,
            template=row.template,
            template_version=rendered.version,
            locale=_number(LOCALES, locale),
            subject=rendered.subject,
            text=rendered.text,
            occurred_at=answers.timestamp(details.happened_at),
            read=row.is_read,
            event_id=row.event_id,
        )


def _number(numbers: Any, wanted: Any) -> Any:
    """The number of the public enum for one of our values."""
    return next(number for number, value in numbers.items() if value == wanted)


def _record(row: Any) -> pb.MessageRecord:
    return pb.MessageRecord(
        message_id=row.message_id,
        event_id=row.event_id,
        channel=pb.CHANNEL_IN_APP if row.channel == Channel.IN_APP else pb.CHANNEL_EMAIL,
        template=row.template,
        rule=row.rule,
        state=row.state,
        attempts=row.attempts,
        failure=row.failure if row.state != State.SENT else "",
        decided_at=answers.timestamp(instant(row.decided_at)),
        sent_at=answers.timestamp(instant(row.sent_at)) if row.sent_at is not None else None,
    )


def rpcs(ports: Ports, templates: Templates) -> Rpcs:
    """What the notify service serves."""
    return [
        (
            pb_grpc.add_NotifyServiceServicer_to_server,
            NotifyApi(ports, templates),
            pb.DESCRIPTOR.services_by_name["NotifyService"],
        )
    ]
