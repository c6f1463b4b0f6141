"""Which public fact of accounts is told by which letter, and which by none."""

from collections.abc import Mapping
from typing import Any

from cards.accounts.v1 import events_pb2 as accounts
from cards.type.v1.money_pb2 import Money
from google.protobuf.message import Message

from services.notify.domain.events import Template

TOLD: Mapping[type[Message], Template] = {
    accounts.AccountOpened: Template.ACCOUNT_OPENED,
    accounts.ChargeAuthorised: Template.CHARGE_APPROVED,
    accounts.ChargeDeclined: Template.CHARGE_DECLINED,
    accounts.ChargeRefunded: Template.CHARGE_REFUNDED,
    accounts.CardBlocked: Template.CARD_BLOCKED,
    accounts.CardReportedLost: Template.CARD_REPORTED_LOST,
    accounts.CardReplaced: Template.CARD_REPLACED,
    accounts.MigrationAnnounced: Template.TERMS_CHANGING,
    accounts.MigrationRejected: Template.TERMS_REJECTED,
    accounts.PenaltyRateImposed: Template.PENALTY_RATE_IMPOSED,
    accounts.PenaltyRateLifted: Template.PENALTY_RATE_LIFTED,
    accounts.ApplicationDeclined: Template.APPLICATION_DECLINED,
    accounts.CreditLineRequestDeclined: Template.CREDIT_LINE_REQUEST_DECLINED,
    accounts.CreditLineReduced: Template.CREDIT_LINE_REDUCED,
    accounts.LimitChanged: Template.CREDIT_LINE_RAISED,
    accounts.CreditLineOffered: Template.CREDIT_LINE_OFFERED,
    accounts.AccountSuspended: Template.ACCOUNT_SUSPENDED,
    accounts.AccountReinstated: Template.ACCOUNT_REINSTATED,
    accounts.AccountStandingChanged: Template.ACCOUNT_CLOSED,
    accounts.AccountChargedOff: Template.ACCOUNT_CHARGED_OFF,
    accounts.OverLimitConsentGiven: Template.OVER_LIMIT_CONSENT_GIVEN,
    accounts.OverLimitConsentRevoked: Template.OVER_LIMIT_CONSENT_REVOKED,
    accounts.StatementCut: Template.STATEMENT_READY,
    accounts.DelinquencyAged: Template.PAYMENT_PAST_DUE,
    accounts.DelinquencyCured: Template.DELINQUENCY_CURED,
    accounts.PaymentRecorded: Template.PAYMENT_RECEIVED,
    accounts.RecoveryRecorded: Template.PAYMENT_RECEIVED,
    accounts.PaymentReturned: Template.PAYMENT_RETURNED,
    accounts.PaymentCollectionFailed: Template.PAYMENT_NOT_COLLECTED,
    accounts.AutopaySet: Template.AUTOPAY_SET,
    accounts.RepaymentPlanScheduled: Template.REPAYMENT_PLAN_MADE,
    accounts.RepaymentPlanChanged: Template.REPAYMENT_PLAN_MADE,
    accounts.RepaymentPlanCancelled: Template.REPAYMENT_PLAN_ENDED,
    accounts.RepaymentPlanCompleted: Template.REPAYMENT_PLAN_ENDED,
    accounts.HardshipGranted: Template.HARDSHIP_GRANTED,
    accounts.InstalmentPlanMade: Template.INSTALMENT_PLAN_MADE,
    accounts.PurchaseDeferred: Template.PURCHASE_DEFERRED,
    accounts.DeferredInterestCharged: Template.DEFERRED_INTEREST_CHARGED,
    accounts.DeferredInterestWaived: Template.DEFERRED_INTEREST_WAIVED,
    accounts.DisputeOpened: Template.DISPUTE_RECEIVED,
    accounts.ProvisionalCreditGranted: Template.DISPUTE_CREDITED,
    accounts.DisputeCreditFinalised: Template.DISPUTE_CREDIT_FINAL,
    accounts.DisputeResolved: Template.DISPUTE_RESOLVED,
    accounts.RequiredPaymentChanged: Template.REQUIRED_PAYMENT_CHANGED,
    accounts.BalanceTransferred: Template.BALANCE_TRANSFERRED,
    accounts.BalanceTransferDeclined: Template.BALANCE_TRANSFER_DECLINED,
    accounts.BalanceTransferReturned: Template.BALANCE_TRANSFER_RETURNED,
    accounts.CreditBalanceRefunded: Template.CREDIT_BALANCE_REFUNDED,
    accounts.CustomerProfileChanged: Template.PROFILE_CHANGED,
}

HOUSE = "it is about the house or its partners, not about a holder"
STATEMENT = "the statement tells it, and the law asks for no notice of its own"
OTHER = "another fact of the same decision is told"
OWN = "the holder has just done it, or may see it in the application; nothing follows from it"

UNTOLD: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("ProgrammeDefined", "ProgrammeChangeProposed", "ProgrammeChangeApproved"),
            *("ProgrammeChangeRejected", "ProgrammeChangeWithdrawn", "UnknownCardRefused"),
            *("BusinessDayOpened", "BusinessDayClosed", "DayProved", "RescreeningCompleted"),
            *("ClearingFileReceived", "ClearingFileCompleted", "ClearingRecordQueued"),
            *("ClearingRecordResolved", "DisputeAdvanced", "DisputeWindowWarned"),
            *("DisputeStageLapsed", "ApplicationVerified", "ApplicationReferred"),
            *("ApplicationApprovalProposed", "CreditLineRequestReferred", "CreditLineReviewed"),
            *("CustomerScreeningReferred", "CustomerScreeningResolved"),
        ),
        HOUSE,
    ),
    **dict.fromkeys(
        (
            *("InterestCharged", "InterestAdjusted", "FeeCharged", "FeeWaived", "LimitExceeded"),
            *("ChargeCleared", "RefundReversed", "OriginalCreditPosted", "OriginalCreditReversed"),
        ),
        STATEMENT,
    ),
    **dict.fromkeys(
        (
            *("ApplicationApproved", "AccountMigrated", "DueDatePassed", "PaymentSettled"),
            *("CustomerRestricted", "CustomerRestrictionLifted"),
            *("CreditLineOfferAccepted", "CardIssued", "DisputeAcknowledged"),
            "OverLimitConsentConfirmed",
        ),
        OTHER,
    ),
    **dict.fromkeys(
        (
            *("CustomerRegistered", "ApplicationSubmitted", "ApplicationWithdrawn"),
            *("CreditLineRequested", "CreditLineOfferDeclined", "CreditLineOfferExpired"),
            *("CardActivated", "CardPaused", "CardResumed", "CardUnblocked", "CardExpired"),
            *("CardTerminated", "CardRenewed", "CardDeliveryChanged", "ControlSet"),
            *("ControlRemoved", "ChargeAdvised", "ChargeIncremented", "ChargeIncrementDeclined"),
            *("ChargeReversed", "HoldExpired", "RefundAuthorised", "PaymentInitiated"),
            "RepaymentSkipped",
        ),
        OWN,
    ),
    "CustomerErased": "the address went with the keys",
}

SAID: Mapping[str, Any] = {
    "CLOSED": {"before": "ACTIVE", "status": "CLOSED"},
    "raised limit": {
        "previous": Money(minor_units=1_00, currency_code="GBP"),
        "limit": Money(minor_units=2_00, currency_code="GBP"),
    },
}
"""What a fact has to say to be told, where not all that is possible is."""


def example(kind: type[Message], customer_id: str) -> Any:
    """A fact with every field filled."""
    message: Any = _filled(kind())
    message.customer_id = customer_id
    if kind is accounts.AccountStandingChanged:
        _set(message, SAID["CLOSED"])
    if kind is accounts.LimitChanged:
        _set(message, SAID["raised limit"])
    return message


def _set(message: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, Message):
            getattr(message, name).CopyFrom(value)
        else:
            setattr(message, name, value)


def _filled(message: Any) -> Any:
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None:
            part = getattr(message, field.name)
            if field.message_type.full_name == "cards.type.v1.Money":
                part.CopyFrom(Money(minor_units=250_00, currency_code="GBP"))
            elif field.message_type.full_name == "google.protobuf.Timestamp":
                part.FromSeconds(1_780_000_000)
            else:
                _filled(part.add() if field.is_repeated else part)
        elif field.is_repeated:
            getattr(message, field.name).append("LATE_PAYMENTS")
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, _text(field.name))
        else:
            setattr(message, field.name, 1)
    return message


def _text(name: str) -> str:
    days = ("_on", "_by", "_from", "_since", "_until", "_date")
    if name.endswith(days):
        return "2026-05-01"
    return {"currency": "GBP", "unit": "BASIS_POINTS", "last_four": "1234"}.get(name, name.upper())
