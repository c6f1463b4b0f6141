"""What is said in a case, sealed on the way in and opened on the way out."""

from typing import Any

from chassis.call import Principal
from chassis.kernel.errors import NotFound
from chassis.ports import Ports
from services.support.domain.case import PostMessage
from services.support.domain.events import Author

KEY_PURPOSE = "support.message"


def author_of(principal: Principal) -> Author:
    """Holders are customers; everybody else who gets in is staff."""
    return Author.HOLDER if principal.person.customer_id else Author.AGENT


def reads_notes(principal: Principal) -> bool:
    """Whether somebody may see what agents noted for one another."""
    return author_of(principal) is Author.AGENT


class Sealing:
    """Seals what is said under the data key of the customer the case is about."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def message(
        self,
        principal: Principal,
        case_id: str,
        customer_id: str,
        message_id: str,
        body: str,
        *,
        internal: bool = False,
    ) -> PostMessage:
        """The command that says `body` in a case."""
        sealed = await self._ports.keys.seal(
            _subject(customer_id), KEY_PURPOSE, body.encode(), _place(case_id, message_id)
        )
        return PostMessage(
            case_id=case_id,
            message_id=message_id,
            author=author_of(principal),
            author_id=principal.person.subject,
            internal=internal,
            sealed_body=sealed,
        )

    async def body(self, customer_id: str, row: Any) -> str:
        """What was said; empty once the customer is forgotten."""
        try:
            opened: bytes = await self._ports.keys.open(
                _subject(customer_id),
                KEY_PURPOSE,
                row.sealed_body,
                _place(row.case_id, row.message_id),
            )
        except NotFound as failure:
            if failure.reason != "KEY_DESTROYED":
                raise
            return ""
        return opened.decode()


def _subject(customer_id: str) -> str:
    return f"customer:{customer_id}"


def _place(case_id: str, message_id: str) -> str:
    return f"CasePosted.sealed_body/{case_id}/{message_id}"
