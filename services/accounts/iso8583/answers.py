"""What answers are made of: what they repeat, codes for what went wrong, approvals, balances."""

from collections.abc import Mapping

from chassis.kernel.errors import Error
from chassis.kernel.money import Money

FORMAT_ERROR = "30"
INOPERATIVE = "91"
MALFUNCTION = "96"
DUPLICATE = "94"
NOT_SUPPORTED = "40"

ECHOED = (2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 70)
"""Fields of a message that its answer repeats."""
CREDIT_ACCOUNT = "30"
LEDGER_BALANCE = "01"
AVAILABLE_BALANCE = "02"
LARGEST_SHOWN = 10**12 - 1

BY_REASON: Mapping[str, str] = {
    "CARD_NOT_FOUND": "14",
    "PIN_BLOCK_MALFORMED": "81",
    # A card got this number just now.
    "PAN_TAKEN": INOPERATIVE,
    "CHARGE_NOT_FOUND": "25",
    "CHARGE_CLOSED": "21",
    "CHARGE_NOT_APPROVED": "21",
    "REVERSAL_EXCEEDS_HOLD": "21",
    "INCREMENT_NOT_HIGHER": "13",
    "AMOUNT_NOT_POSITIVE": "13",
    "AMOUNT_NEGATIVE": "13",
    "AMOUNT_TOO_LARGE": "13",
    "BY_OR_TO": "13",
    "REFUND_EXCEEDS_CAPTURED": "13",
    "REFUND_REVERSAL_EXCEEDS_POSTED": "21",
    "CREDIT_REVERSAL_EXCEEDS_POSTED": "21",
    "CREDIT_NOT_POSTED": "21",
    "KEY_CHANGE_NOT_SUPPORTED": NOT_SUPPORTED,
    "KEY_NOT_NEW": DUPLICATE,
    "CURRENCY_MISMATCH": "12",
    "IDEMPOTENCY_KEY_REUSED": DUPLICATE,
}
"""Field 39 for what is refused for a reason."""

BY_CODE: Mapping[str, str] = {
    "INVALID_ARGUMENT": FORMAT_ERROR,
    "PERMISSION_DENIED": "57",
    "NOT_FOUND": "25",
    "ALREADY_EXISTS": DUPLICATE,
    "FAILED_PRECONDITION": "12",
    "ABORTED": INOPERATIVE,
    "RESOURCE_EXHAUSTED": INOPERATIVE,
    "UNAVAILABLE": INOPERATIVE,
}
"""Field 39 for every other error of a kind; what is a defect of ours is a malfunction."""


def response_code(error: Error) -> str:
    """Field 39 for an error of ours."""
    if error.reason.endswith("_DIFFERENTLY"):
        return DUPLICATE
    return BY_REASON.get(error.reason) or BY_CODE.get(error.code, MALFUNCTION)


def balances(available: Money, ledger: Money, numeric_currency: str) -> str:
    """Field 54: what may be spent and what is owed; D where that is to the holder's debit. An
    amount has twelve digits: of a larger one the largest is told that there is."""
    shown = ((AVAILABLE_BALANCE, available.minor_units), (LEDGER_BALANCE, -ledger.minor_units))
    return "".join(
        f"{CREDIT_ACCOUNT}{kind}{numeric_currency}{'D' if minor < 0 else 'C'}{_digits(minor)}"
        for kind, minor in shown
    )


def _digits(minor_units: int) -> str:
    return f"{min(abs(minor_units), LARGEST_SHOWN):012d}"
