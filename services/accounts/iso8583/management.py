"""Network management, 0800: signing on and off, echo tests, and key changes we cannot follow."""

from chassis.logs import log
from services.accounts.domain.values import APPROVED
from services.accounts.iso8583.answers import NOT_SUPPORTED
from services.accounts.iso8583.message import Malformed, Message

NEEDS = (7, 11, 70)
SIGN_ON = frozenset({"001", "061"})
SIGN_OFF = frozenset({"002", "062"})
ECHO = frozenset({"270", "301"})
KEY_CHANGE = frozenset({"162"})
"""That we should send a key; those that bring one are answered elsewhere."""


class Management:
    """What one connection has said of itself."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self.signed_on = False

    def answer(self, message: Message) -> dict[int, str]:
        """The answer to a message 0800. Raises Malformed where it says not enough."""
        for number in NEEDS:
            if number not in message.fields:
                raise Malformed("a mandatory field is missing", number, message.mti, message.fields)
        code = message[70]
        if code in SIGN_ON | SIGN_OFF:
            self.signed_on = code in SIGN_ON
            log("iso8583_signed", gateway=self._gateway, on=self.signed_on)
        elif code not in ECHO:
            if code in KEY_CHANGE:
                log("iso8583_key_change_refused", level="warning", gateway=self._gateway)
            return {39: NOT_SUPPORTED}
        return {39: APPROVED}
