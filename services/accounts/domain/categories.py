"""What a holder would call a merchant's trade: a category for every merchant category code."""

from bisect import bisect_right

UNKNOWN = "uncategorised"
FEES = "fees"
"""What the house charges for its credit; no merchant has it."""

# ISO 18245 gives whole ranges to trades; where a range mixes what holders tell apart, its parts
# are named. Each line: the first code, and the category of it and of all codes up to the next.
_FIRST_CODES: tuple[tuple[int, str], ...] = (
    (0, "services"),
    (1500, "home"),
    (2741, "services"),
    (3000, "travel"),
    (4000, "transport"),
    (4011, "transport"),
    (4411, "travel"),
    (4457, "transport"),
    (4511, "travel"),
    (4582, "transport"),
    (4722, "travel"),
    (4784, "transport"),
    (4812, "telecoms"),
    (4829, "finance"),
    (4899, "telecoms"),
    (4900, "utilities"),
    (5000, "wholesale"),
    (5200, "home"),
    (5300, "shopping"),
    (5411, "groceries"),
    (5511, "motoring"),
    (5541, "fuel"),
    (5551, "motoring"),
    (5611, "clothing"),
    (5712, "home"),
    (5732, "electronics"),
    (5811, "restaurants"),
    (5815, "entertainment"),
    (5819, "shopping"),
    (5912, "health"),
    (5921, "groceries"),
    (5931, "shopping"),
    (5942, "entertainment"),
    (5944, "shopping"),
    (5945, "entertainment"),
    (5946, "shopping"),
    (5975, "health"),
    (5978, "shopping"),
    (5983, "utilities"),
    (5992, "shopping"),
    (6010, "cash"),
    (6012, "finance"),
    (7011, "travel"),
    (7210, "services"),
    (7512, "transport"),
    (7531, "motoring"),
    (7622, "services"),
    (7829, "entertainment"),
    (8011, "health"),
    (8111, "services"),
    (8211, "education"),
    (8351, "services"),
    (8398, "charity"),
    (8641, "services"),
    (9211, "government"),
    (9700, "services"),
)
_STARTS = [first for first, _ in _FIRST_CODES]

CATEGORIES = tuple(sorted({category for _, category in _FIRST_CODES} | {UNKNOWN, FEES}))


def category_of(mcc: str) -> str:
    """The category of a four-digit code; `uncategorised` for an empty or malformed one."""
    if len(mcc) != 4 or not (mcc.isascii() and mcc.isdigit()):
        return UNKNOWN
    return _FIRST_CODES[bisect_right(_STARTS, int(mcc)) - 1][1]
