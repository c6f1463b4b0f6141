"""What a message asks for: which handler answers it, how urgent it is, which fields it needs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from chassis.interceptors.method import AdmissionClass
from services.accounts.iso8583.charges import NetworkCharges
from services.accounts.iso8583.message import Message
from services.accounts.iso8583.reading import RETURN, Reading
from services.accounts.iso8583.settling import Answer

AUTHORISATION = "010"
ADVICE = "012"
FINANCIAL = "020"
FINANCIAL_ADVICE = "022"
REVERSAL = "040"
REVERSAL_ADVICE = "042"
NETWORK_MANAGEMENT = "080"

PURCHASES = frozenset({"00", "01", "09", "11"})
"""Processing codes: goods and services, cash, goods with cash back, quasi-cash."""
ORIGINAL_CREDIT = "26"
"""Processing code: money that somebody sends to the card."""
KEY_DELIVERIES = frozenset({"101", "161"})
"""Of field 70: a key change that brings the key."""
BALANCE_INQUIRY = "31"
"""Processing code: what may be spent?"""

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
STAND_IN = Function("RecordStandIn", CRITICAL, NetworkCharges.record_stand_in, (*WHOLE, 39))
CHARGE_AT_ONCE = Function("AuthoriseCharge", IN_LINE, NetworkCharges.charge_at_once, WHOLE)
POST = Function("ClearCharge", CRITICAL, NetworkCharges.post, WHOLE)
REFUND = Function("RefundCharge", CRITICAL, NetworkCharges.refund, WHOLE)
REVERSE = Function("ReverseCharge", CRITICAL, NetworkCharges.reverse)
REVERSE_REFUND = Function(
    "ReverseRefund", CRITICAL, NetworkCharges.reverse_refund, (*IDENTIFYING, 90)
)
AUTHORISE_REFUND = Function("AuthoriseRefund", IN_LINE, NetworkCharges.authorise_refund, WHOLE)
TAKE_CREDIT = Function("PostOriginalCredit", CRITICAL, NetworkCharges.take_credit, WHOLE)
REVERSE_CREDIT = Function(
    "ReverseOriginalCredit", CRITICAL, NetworkCharges.reverse_credit, (*IDENTIFYING, 90)
)
CHANGE_KEY = Function("ChangeNetworkKey", CRITICAL, NetworkCharges.change_key, (7, 11, 70, 110))
INQUIRE = Function(
    "InquireBalance", AdmissionClass.QUERY, NetworkCharges.inquire_balance, (3, 7, 11, 32)
)


def function_of(message: Message) -> Function | None:
    """What a message asks for, None for what this door does not know how to do."""
    kind, processing = message.kind, message.get(3)[:2]
    if kind == NETWORK_MANAGEMENT:
        return CHANGE_KEY if message.get(70) in KEY_DELIVERIES else None
    if processing in PURCHASES:
        if kind == AUTHORISATION and message.get(90):
            return INCREMENT
        if kind == ADVICE and message.get(39):
            return STAND_IN
    return _BY_CODE.get((kind, "" if processing in PURCHASES else processing))


_BY_CODE: Mapping[tuple[str, str], Function] = {
    (AUTHORISATION, ""): AUTHORISE,
    (AUTHORISATION, RETURN): AUTHORISE_REFUND,
    (AUTHORISATION, BALANCE_INQUIRY): INQUIRE,
    (ADVICE, ""): ADVISE,
    (FINANCIAL, ""): CHARGE_AT_ONCE,
    (FINANCIAL, RETURN): REFUND,
    (FINANCIAL, ORIGINAL_CREDIT): TAKE_CREDIT,
    (FINANCIAL, BALANCE_INQUIRY): INQUIRE,
    (FINANCIAL_ADVICE, ""): POST,
    (FINANCIAL_ADVICE, RETURN): REFUND,
    (REVERSAL, ""): REVERSE,
    (REVERSAL, RETURN): REVERSE_REFUND,
    (REVERSAL, ORIGINAL_CREDIT): REVERSE_CREDIT,
    (REVERSAL_ADVICE, ""): REVERSE,
    (REVERSAL_ADVICE, RETURN): REVERSE_REFUND,
    (REVERSAL_ADVICE, ORIGINAL_CREDIT): REVERSE_CREDIT,
}
"""By type, and processing code where that is not a purchase's."""

ALL = (
    *{id(each): each for each in _BY_CODE.values()}.values(),
    INCREMENT,
    STAND_IN,
    CHANGE_KEY,
)
KNOWN = frozenset({*(kind for kind, _ in _BY_CODE), NETWORK_MANAGEMENT})
"""Message types that this door answers otherwise than by a format error."""


def missing(message: Message, function: Function) -> int:
    """The first mandatory field that a message lacks, 0 for none."""
    for number in function.needs:
        if number not in message.fields:
            return number
    if function is CHANGE_KEY:
        return 0
    if not message.get(2) and not message.get(35):
        return 2
    if function in (REVERSE, ADVISE):
        # Somehow it must name what it is about.
        return 0 if message.get(90) or message.get(37) else 90
    return 0
