"""What a message asks for: which handler answers it, how urgent it is, which fields it needs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from chassis.interceptors.method import AdmissionClass
from services.accounts.iso8583.charges import Answer, NetworkCharges
from services.accounts.iso8583.message import Message
from services.accounts.iso8583.reading import Reading

AUTHORISATION = "010"
ADVICE = "012"
FINANCIAL = "020"
FINANCIAL_ADVICE = "022"
REVERSAL = "040"
REVERSAL_ADVICE = "042"
NETWORK_MANAGEMENT = "080"

PURCHASES = frozenset({"00", "01", "09", "11"})
"""Processing codes: goods and services, cash, goods with cash back, quasi-cash."""
RETURN = "20"
"""Processing code: goods that come back."""

IDENTIFYING = (3, 4, 7, 11, 32, 49)
BUYING = (18, 22, 42)


@dataclass(frozen=True, slots=True)
class Function:
    """One thing that can be asked for. `rpc` is the rpc that does the same: permissions and the
    audit log know it by that name."""

    rpc: str
    urgency: AdmissionClass
    handle: Callable[[NetworkCharges, Reading], Awaitable[Answer]]
    needs: tuple[int, ...] = IDENTIFYING


CRITICAL, IN_LINE = AdmissionClass.CRITICAL, AdmissionClass.AUTHORISE
WHOLE = (*IDENTIFYING, *BUYING)

AUTHORISE = Function("AuthoriseCharge", IN_LINE, NetworkCharges.authorise, WHOLE)
INCREMENT = Function("IncrementCharge", IN_LINE, NetworkCharges.increment)
ADVISE = Function("AdviseCharge", CRITICAL, NetworkCharges.advise)
CHARGE_AT_ONCE = Function("AuthoriseCharge", IN_LINE, NetworkCharges.charge_at_once, WHOLE)
POST = Function("ClearCharge", CRITICAL, NetworkCharges.post, WHOLE)
REFUND = Function("RefundCharge", CRITICAL, NetworkCharges.refund, WHOLE)
REVERSE = Function("ReverseCharge", CRITICAL, NetworkCharges.reverse)


def function_of(message: Message) -> Function | None:
    """What a message asks for, None for what this door does not know how to do."""
    kind, processing = message.kind, message.get(3)[:2]
    if kind in (REVERSAL, REVERSAL_ADVICE):
        return REVERSE
    if kind in (FINANCIAL, FINANCIAL_ADVICE) and processing == RETURN:
        return REFUND
    if processing not in PURCHASES:
        return None
    if kind == AUTHORISATION and message.get(90):
        return INCREMENT
    return _PURCHASES.get(kind)


_PURCHASES: Mapping[str, Function] = {
    AUTHORISATION: AUTHORISE,
    ADVICE: ADVISE,
    FINANCIAL: CHARGE_AT_ONCE,
    FINANCIAL_ADVICE: POST,
}

ALL = (AUTHORISE, INCREMENT, ADVISE, CHARGE_AT_ONCE, POST, REFUND, REVERSE)
KNOWN = frozenset({*_PURCHASES, REVERSAL, REVERSAL_ADVICE, NETWORK_MANAGEMENT})
"""Message types that this door answers otherwise than by a format error."""


def missing(message: Message, function: Function) -> int:
    """The first mandatory field that a message lacks, 0 for none."""
    for number in function.needs:
        if number not in message.fields:
            return number
    if not message.get(2) and not message.get(35):
        return 2
    if function.handle in (NetworkCharges.reverse, NetworkCharges.advise):
        # Somehow it must name what it is about.
        return 0 if message.get(90) or message.get(37) else 90
    return 0
