"""E-mail over a real SMTP server: sent once, again after failures, and never by a rebuild."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from cards.accounts.v1 import events_pb2 as accounts
from cards.notify.v1 import notify_service_pb2 as pb
from cards.type.v1.money_pb2 import Money

from chassis.call import entered
from chassis.testing.harness import TestNode, call, running
from services.notify.app import SERVICE
from services.notify.clients import MailFailed, SmtpMailer
from services.notify.config import NotifySettings
from services.notify.domain.events import (
    Channel,
    MessageAbandoned,
    NoticeDecided,
    SendClaimed,
    SendFailed,
    SendSucceeded,
)
from services.notify.domain.message import CLAIM_LASTS, ClaimSend
from services.notify.grpc_api import NotifyApi
from services.notify.rendering import Rendered, Templates
from services.notify.use_cases import AT_ONCE, EmailSender, key_subject

CUSTOMER = "customer-1"
TEMPLATES = Templates()
ADDRESS = "ada@example.org"
NO_CONTEXT: Any = None


class Mailbox:
    """A mail server's handler that keeps what it takes, and refuses when `reply` says so."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.reply = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.reply

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append((envelope.rcpt_tos[0], message))
        return "250 taken"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def smtp(mailbox: Mailbox) -> AsyncIterator[asyncio.Server]:
    loop = asyncio.get_running_loop()
    make: Callable[[], SMTP] = lambda: SMTP(mailbox, loop=loop)  # noqa: E731
    server = await loop.create_server(make, "127.0.0.1", 0)
    yield server
    server.close()
    await server.wait_closed()


@pytest.fixture
async def node(tmp_path: Path, smtp: asyncio.Server) -> AsyncIterator[TestNode]:
    port = smtp.sockets[0].getsockname()[1]
    settings = NotifySettings(
        smtp_host="127.0.0.1", smtp_port=port, mail_domain="cards.example.org"
    )
    async with running(SERVICE, tmp_path, settings=settings) as node:
        await register(node)
        yield node


@pytest.fixture
def sender(node: TestNode) -> EmailSender:
    return EmailSender(node.ports, SmtpMailer(node.settings, node.clock), TEMPLATES)


async def register(node: TestNode, customer_id: str = CUSTOMER, locale: Any = 2) -> None:
    with entered(call("notify.RegisterContact", f"k1-{customer_id}")):
        await NotifyApi(node.ports, TEMPLATES).RegisterContact(
            pb.RegisterContactRequest(
                idempotency_key=f"k1-{customer_id}",
                customer_id=customer_id,
                email_address=ADDRESS,
                locale=locale,
            ),
            NO_CONTEXT,
        )


async def hear_of_a_refund(node: TestNode) -> None:
    said = accounts.ChargeRefunded(
        account_id="a",
        customer_id=CUSTOMER,
        amount=Money(minor_units=12_50, currency_code="GBP"),
        merchant=accounts.Merchant(name="Corner Shop"),
    )
    await node.take_in(said)
    await node.caught_up()


def of(node: TestNode, kind: type[Any]) -> list[Any]:
    return [fact for fact in node.facts() if isinstance(fact, kind)]


async def test_who_is_declined_is_written_to_though_the_address_comes_afterwards(
    node: TestNode, sender: EmailSender, mailbox: Mailbox
) -> None:
    """12 CFR 1002.9: the applicant is told why; the fact is there before the contact."""
    declined = accounts.ApplicationDeclined(
        application_id="a", customer_id="applicant-1", reasons=["INSUFFICIENT_INCOME"]
    )
    await node.take_in(declined)
    await node.caught_up()
    assert await sender.send_due() == 0
    await register(node, "applicant-1", pb.LOCALE_EN)
    for _ in range(2):
        await node.caught_up()
        await sender.send_due()
    ((_, message),) = mailbox.taken
    assert message["Subject"] == "Your application for a card"
    body = message.get_body(("plain",))
    assert body is not None
    assert "- your income is not sufficient" in body.get_content()
    (decided,) = of(node, NoticeDecided)
    api = NotifyApi(node.ports, TEMPLATES)
    asked = pb.WhyNotRequest(customer_id="applicant-1", event_id=decided.event_id)
    await node.caught_up()
    told = {each.channel: each for each in (await api.WhyNot(asked, NO_CONTEXT)).messages}
    email = told[pb.CHANNEL_EMAIL]
    assert (email.state, email.rule) == (pb.DELIVERY_STATE_SENT, "REGULATORY_IS_MANDATORY")


async def test_a_message_goes_out_once_in_both_forms_under_its_own_name(
    node: TestNode, sender: EmailSender, mailbox: Mailbox
) -> None:
    await hear_of_a_refund(node)
    assert await sender.send_due() == 1
    # The read model has not heard of it yet: the claim is refused all the same.
    assert await sender.send_due() == 0
    await node.caught_up()
    assert await sender.send_due() == 0
    ((address, message),) = mailbox.taken
    assert address == ADDRESS
    assert message["Subject"] == "您收到Corner Shop的退款£12.50"
    (claimed,) = of(node, SendClaimed)
    assert message["Message-ID"] == f"<{claimed.message_id}@cards.example.org>"
    forms = [part.get_content_type() for part in message.walk()]
    assert forms == ["multipart/alternative", "text/plain", "text/html"]
    assert len(of(node, SendSucceeded)) == 1


async def test_a_merchant_cannot_write_a_subject_in_code(node: TestNode, mailbox: Mailbox) -> None:
    mailer = SmtpMailer(node.settings, node.clock)
    coded = "£12.50 at =?utf-8?q?Urgent?="
    await mailer.send("m1", ADDRESS, Rendered(coded, "text", "<p>text</p>", "v"))
    ((_, message),) = mailbox.taken
    assert message["Subject"] == "£12.50 at = ?utf-8?q?Urgent?="


async def test_a_rebuilt_read_model_sends_nothing(
    node: TestNode, sender: EmailSender, mailbox: Mailbox
) -> None:
    await hear_of_a_refund(node)
    await sender.send_due()
    # The worst moment of a rebuild: the decision is there again, the sending not yet.
    with node.world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE messages SET state = 2, attempts = 0 WHERE state > 1")
    assert await sender.send_due() == 0
    for projector in node.projectors:
        await projector.rebuild()
    assert await sender.send_due() == 0
    assert len(mailbox.taken) == 1


async def test_a_crash_after_the_claim_leads_to_the_same_message_again(
    node: TestNode, sender: EmailSender, mailbox: Mailbox
) -> None:
    await hear_of_a_refund(node)
    await sender.send_due()
    (_, first) = mailbox.taken[0]
    await hear_of_a_refund(node)
    with node.world.engine.begin() as connection:
        row = connection.exec_driver_sql(
            "SELECT message_id, template FROM messages WHERE state = 2"
        ).one()
    lost = ClaimSend(
        message_id=row.message_id,
        claim_id="lost",
        customer_id=CUSTOMER,
        channel=Channel.EMAIL,
        template=row.template,
        template_version="",
    )
    await node.application.execute(lost, actor="worker:crashed")
    await node.caught_up()
    assert await sender.send_due() == 0
    node.clock.advance(CLAIM_LASTS)
    assert await sender.send_due() == 1
    (_, again) = mailbox.taken[1]
    assert again["Message-ID"] == f"<{row.message_id}@cards.example.org>" != first["Message-ID"]
    assert [claim.attempt for claim in of(node, SendClaimed)] == [1, 1, 2]


async def test_a_temporary_refusal_is_tried_again_later(
    node: TestNode, sender: EmailSender, mailbox: Mailbox
) -> None:
    mailbox.reply = "451 try later"
    await hear_of_a_refund(node)
    await sender.send_due()
    (failed,) = of(node, SendFailed)
    assert failed.reason == "RECIPIENT_REFUSED"
    mailbox.reply = "250 OK"
    await node.caught_up()
    assert await sender.send_due() == 0
    node.clock.advance(timedelta(seconds=4))
    assert await sender.send_due() == 1
    assert len(mailbox.taken) == 1


async def test_a_permanent_refusal_is_given_up_and_can_be_brought_back(
    node: TestNode, sender: EmailSender, mailbox: Mailbox
) -> None:
    mailbox.reply = "550 nobody here"
    await hear_of_a_refund(node)
    await sender.send_due()
    (abandoned,) = of(node, MessageAbandoned)
    assert abandoned.reason == "RECIPIENT_REFUSED"
    mailbox.reply = "250 OK"
    with entered(call("notify.ReplayMessage", "k2")):
        await NotifyApi(node.ports, TEMPLATES).ReplayMessage(
            pb.ReplayMessageRequest(idempotency_key="k2", message_id=abandoned.message_id),
            NO_CONTEXT,
        )
    await node.caught_up()
    assert await sender.send_due() == 1
    assert len(mailbox.taken) == 1


async def test_while_the_mail_server_is_away_the_rest_is_left_alone(
    node: TestNode, sender: EmailSender, mailbox: Mailbox, smtp: asyncio.Server
) -> None:
    smtp.close()
    await smtp.wait_closed()
    for _ in range(AT_ONCE + 1):
        await hear_of_a_refund(node)
    with pytest.raises(MailFailed, match="MAIL_SERVER_AWAY"):
        await sender.send_due()
    assert len(of(node, SendClaimed)) == len(of(node, SendFailed)) == AT_ONCE


async def test_nobody_is_written_to_once_forgotten(
    node: TestNode, sender: EmailSender, mailbox: Mailbox
) -> None:
    await hear_of_a_refund(node)
    node.ports.keys.local.destroy(key_subject(CUSTOMER))
    node.ports.keys.forget(key_subject(CUSTOMER))
    await sender.send_due()
    assert mailbox.taken == []
    (abandoned,) = of(node, MessageAbandoned)
    assert abandoned.reason == "CUSTOMER_FORGOTTEN"
