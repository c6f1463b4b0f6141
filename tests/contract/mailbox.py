"""A mail server that knows who is no longer there, and says so with their address."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiosmtpd.handlers import Mailbox

from chassis.testing.servers import MailServer
from tests.contract.contracts import ROOT

GONE = "weggeflogen@"
"""Whose address begins so is refused for good."""


class Refusing(Mailbox):
    """Keeps every message in a maildir, but for those who are gone."""

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith(GONE):
            return f"550 5.1.1 <{address}> is no longer here"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class RefusingMailServer(MailServer):
    """As a process."""

    def command(self) -> Sequence[str]:
        command = list(super().command())
        command[command.index("--class") + 1] = f"{__name__}.{Refusing.__name__}"
        return command

    def environment(self) -> Mapping[str, str]:
        return {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"}
