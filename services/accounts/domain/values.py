"""The words of accounts: what facts, commands and states of its aggregates are made of."""

from enum import StrEnum

from chassis.kernel.events import value
from chassis.kernel.money import Money
from services.accounts.domain.billing.terms import BillingTerms


class CardKind(StrEnum):
    """What a card is made of."""

    VIRTUAL = "VIRTUAL"
    PHYSICAL = "PHYSICAL"


class CardUse(StrEnum):
    """For what a card is good: a single charge, or the charges of a single merchant."""

    ANY = ""
    SINGLE_USE = "SINGLE_USE"
    MERCHANT_LOCKED = "MERCHANT_LOCKED"


class CardStatus(StrEnum):
    """Whether a card may be used. PENDING waits for its activation, PAUSED is a rest that the
    holder takes, BLOCKED is imposed; LOST, STOLEN and TERMINATED are for ever."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    BLOCKED = "BLOCKED"
    LOST = "LOST"
    STOLEN = "STOLEN"
    EXPIRED = "EXPIRED"
    TERMINATED = "TERMINATED"


class Delivery(StrEnum):
    """Where the plastic of a card is; NONE for a card without."""

    NONE = ""
    ORDERED = "ORDERED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    RETURNED = "RETURNED"


class LossKind(StrEnum):
    """How a card was lost."""

    LOST = "LOST"
    STOLEN = "STOLEN"


class AccountStatus(StrEnum):
    """Whether an account may be charged."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CHARGED_OFF = "CHARGED_OFF"
    CLOSED = "CLOSED"


class AccountSubStatus(StrEnum):
    """What besides is so of an account; several may be at once, and none bars a charge."""

    DELINQUENT = "DELINQUENT"
    INTEREST_AND_FEES_PAUSED = "INTEREST_AND_FEES_PAUSED"


class Channel(StrEnum):
    """Who asked for a change."""

    HOLDER = "HOLDER"
    OPERATOR = "OPERATOR"
    RISK = "RISK"
    SYSTEM = "SYSTEM"


class EntryMode(StrEnum):
    """How the card's number reached the merchant."""

    UNSPECIFIED = ""
    CHIP = "CHIP"
    CONTACTLESS = "CONTACTLESS"
    MAGNETIC_STRIPE = "MAGNETIC_STRIPE"
    MANUAL = "MANUAL"
    ECOMMERCE = "ECOMMERCE"
    CREDENTIAL_ON_FILE = "CREDENTIAL_ON_FILE"


class Network(StrEnum):
    """Over which network a charge came."""

    UNSPECIFIED = ""
    VISA = "VISA"
    MASTERCARD = "MASTERCARD"
    AMERICAN_EXPRESS = "AMERICAN_EXPRESS"
    DISCOVER = "DISCOVER"
    JCB = "JCB"
    UNIONPAY = "UNIONPAY"
    DOMESTIC = "DOMESTIC"


class ChargeStatus(StrEnum):
    """Where a charge stands."""

    HELD = "HELD"
    DECLINED = "DECLINED"
    VERIFIED = "VERIFIED"
    CLEARED = "CLEARED"
    REVERSED = "REVERSED"
    EXPIRED = "EXPIRED"


class DeclineReason(StrEnum):
    """Why a charge is declined, in detail; `RESPONSE_CODES` says it as networks do."""

    CARD_UNKNOWN = "CARD_UNKNOWN"
    CARD_BLOCKED = "CARD_BLOCKED"
    CARD_NOT_ACTIVE = "CARD_NOT_ACTIVE"
    CARD_LOST = "CARD_LOST"
    CARD_STOLEN = "CARD_STOLEN"
    CARD_EXPIRED = "CARD_EXPIRED"
    CARD_PAUSED = "CARD_PAUSED"
    CARD_TERMINATED = "CARD_TERMINATED"
    CARD_OF_ANOTHER_MERCHANT = "CARD_OF_ANOTHER_MERCHANT"
    DEVICE_TOKEN_NOT_ACTIVE = "DEVICE_TOKEN_NOT_ACTIVE"
    CARD_VALUE_WRONG = "CARD_VALUE_WRONG"
    PRINTED_VALUE_WRONG = "PRINTED_VALUE_WRONG"
    PIN_WRONG = "PIN_WRONG"
    PIN_TRIES_EXCEEDED = "PIN_TRIES_EXCEEDED"
    EXPIRY_WRONG = "EXPIRY_WRONG"
    CHIP_CRYPTOGRAM_WRONG = "CHIP_CRYPTOGRAM_WRONG"
    CHIP_COUNTER_USED = "CHIP_COUNTER_USED"
    CHIP_NOT_VERIFIED = "CHIP_NOT_VERIFIED"
    CONTROL_FORBIDS = "CONTROL_FORBIDS"
    CONTROL_AMOUNT_EXCEEDED = "CONTROL_AMOUNT_EXCEEDED"
    CONTROL_COUNT_EXCEEDED = "CONTROL_COUNT_EXCEEDED"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    ACCOUNT_SUSPENDED = "ACCOUNT_SUSPENDED"
    CURRENCY_NOT_SUPPORTED = "CURRENCY_NOT_SUPPORTED"
    RISK_REFUSED = "RISK_REFUSED"
    STAND_IN_REFERRED = "STAND_IN_REFERRED"
    INSUFFICIENT_CREDIT = "INSUFFICIENT_CREDIT"
    DECLINED_BY_NETWORK = "DECLINED_BY_NETWORK"
    REFUND_EXCEEDS_CAPTURED = "REFUND_EXCEEDS_CAPTURED"


AUTHORISATION_CODES = 10**6
"""So many there are: field 38 of ISO 8583 has six characters."""
CODED_DIGITS = 12
"""So many hexadecimal digits of an id make its code."""

APPROVED = "00"
PARTLY_APPROVED = "10"
VERIFIED = "85"
APPROVALS = (APPROVED, PARTLY_APPROVED, VERIFIED)

RESPONSE_CODES = {
    DeclineReason.STAND_IN_REFERRED: "01",
    DeclineReason.DECLINED_BY_NETWORK: "05",
    DeclineReason.CURRENCY_NOT_SUPPORTED: "12",
    DeclineReason.REFUND_EXCEEDS_CAPTURED: "13",
    DeclineReason.CARD_UNKNOWN: "14",
    DeclineReason.CARD_LOST: "41",
    DeclineReason.ACCOUNT_CLOSED: "46",
    DeclineReason.CARD_STOLEN: "43",
    DeclineReason.INSUFFICIENT_CREDIT: "51",
    DeclineReason.CARD_EXPIRED: "54",
    DeclineReason.EXPIRY_WRONG: "54",
    DeclineReason.ACCOUNT_SUSPENDED: "57",
    DeclineReason.CARD_OF_ANOTHER_MERCHANT: "57",
    DeclineReason.PIN_WRONG: "55",
    DeclineReason.DEVICE_TOKEN_NOT_ACTIVE: "62",
    DeclineReason.PIN_TRIES_EXCEEDED: "75",
    DeclineReason.CARD_VALUE_WRONG: "82",
    DeclineReason.CHIP_CRYPTOGRAM_WRONG: "82",
    DeclineReason.CHIP_COUNTER_USED: "82",
    DeclineReason.CHIP_NOT_VERIFIED: "82",
    DeclineReason.PRINTED_VALUE_WRONG: "N7",
    DeclineReason.CONTROL_FORBIDS: "57",
    DeclineReason.RISK_REFUSED: "59",
    DeclineReason.CONTROL_AMOUNT_EXCEEDED: "61",
    DeclineReason.CONTROL_COUNT_EXCEEDED: "65",
    DeclineReason.CARD_BLOCKED: "62",
    DeclineReason.CARD_PAUSED: "62",
    DeclineReason.CARD_TERMINATED: "62",
    DeclineReason.CARD_NOT_ACTIVE: "78",
}
"""ISO 8583 field 39 for each reason."""


class AssessmentOutcome(StrEnum):
    """What risk said of a charge in line, or that it said nothing in time."""

    ALLOWED = "ALLOWED"
    REFUSED = "REFUSED"
    UNAVAILABLE = "UNAVAILABLE"


@value
class CardChecks:
    """What the network passed of a card, compared: None where it passed nothing. `printed` says
    that the value is the one printed on the card (CVV2); `pin_number` tells which PIN of the card
    was compared; `expiry` is the expiry that was passed, YYMM, compared when it is decided.
    `chip_matches` says whether the chip of the plastic `chip_sequence` made its cryptogram, None
    also where that could not be verified; `chip_counter` is the chip's own."""

    value_matches: bool | None = None
    printed: bool = False
    pin_matches: bool | None = None
    pin_number: int = 0
    expiry: str = ""
    chip_matches: bool | None = None
    chip_sequence: int = 0
    chip_counter: int = 0


@value
class Assessment:
    """Risk's word on one charge; `assessment_id` is empty when risk was slow or away."""

    outcome: AssessmentOutcome
    assessment_id: str = ""


@value
class Merchant:
    """Where a purchase was made: `mcc` is an ISO 18245 category code of four digits or empty,
    `country` an ISO 3166-1 alpha-2 code or empty."""

    id: str = ""
    name: str
    mcc: str = ""
    country: str = ""


@value
class HoldRule:
    """How long, and at least how much, is held for charges of a kind; empty fields fit all."""

    mcc: str = ""
    entry_mode: EntryMode = EntryMode.UNSPECIFIED
    lifetime_hours: int
    estimate_hold_minor: int = 0
    network: Network = Network.UNSPECIFIED

    def fits(self, mcc: str, entry_mode: EntryMode, network: Network = Network.UNSPECIFIED) -> bool:
        """Whether a charge at such a merchant, so entered, falls under this rule."""
        return (
            self.mcc in ("", mcc)
            and self.entry_mode in (EntryMode.UNSPECIFIED, entry_mode)
            and self.network in (Network.UNSPECIFIED, network)
        )


@value
class MccRange:
    """Merchant category codes from `first` to `last`, both included; one code when equal."""

    first: str
    last: str


@value
class MccGroup:
    """Merchant category codes under one name, UPPER_SNAKE: GAMBLING, AIRLINES."""

    name: str
    ranges: tuple[MccRange, ...]

    def has(self, mcc: str) -> bool:
        """Whether a code belongs to the group; no code belongs to none."""
        return bool(mcc) and any(each.first <= mcc <= each.last for each in self.ranges)


@value
class Terms:
    """What a version of a programme grants; amounts are in minor units of `currency`.

    `assessment_threshold_minor` is None where risk is never asked in line, `billing` where the
    programme has no billing: no cycles, no interest, no fees. `foreign_markup_basis_points` is what
    a charge in another currency costs besides. Nobody younger than `minimum_age_years` is given an
    account on application, nor with less than a yearly `minimum_income_minor`, where that is not 0.
    `chip_verified_only`: by chip nothing is approved whose cryptogram was not verified here.
    """

    currency: str
    bin: str
    default_limit_minor: int
    over_limit_tolerance_minor: int = 0
    assessment_threshold_minor: int | None = None
    stand_in_limit_minor: int = 0
    hold_lifetime_hours: int
    hold_rules: tuple[HoldRule, ...] = ()
    card_validity_months: int
    billing: BillingTerms | None = None
    foreign_markup_basis_points: int = 0
    mcc_groups: tuple[MccGroup, ...] = ()
    minimum_age_years: int = 18
    minimum_income_minor: int = 0
    chip_verified_only: bool = False

    def mcc_group(self, name: str) -> MccGroup | None:
        """The group of this name, or None."""
        return next((each for each in self.mcc_groups if each.name == name), None)

    def hold_rule(
        self, mcc: str, entry_mode: EntryMode, network: Network = Network.UNSPECIFIED
    ) -> HoldRule:
        """The first rule that fits, or the programme's default."""
        for rule in self.hold_rules:
            if rule.fits(mcc, entry_mode, network):
                return rule
        return HoldRule(lifetime_hours=self.hold_lifetime_hours)


@value
class Original:
    """What a merchant charged in its own currency, and billing units per original unit;
    `settlement` is what the network settles, in the currency it settles in, if it says so."""

    amount: Money
    rate: str
    settlement: Money | None = None


def authorisation_code(id: str) -> str:
    """The six digits that the network knows an approved charge by (field 38 of ISO 8583), from its
    id of 32 hexadecimal digits; the same again for the same."""
    return f"{int(id[:CODED_DIGITS], 16) % AUTHORISATION_CODES:06d}"
