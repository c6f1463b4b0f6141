"""Between the messages of billing_terms.proto and the terms of billing."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from cards.accounts.v1 import billing_terms_pb2 as pb

from chassis.kernel.errors import Invalid
from services.accounts.domain.billing.terms import (
    AutopayKind,
    BalanceType,
    BillingTerms,
    DayCount,
    DeferredPromotion,
    Fee,
    FeeCap,
    FeeKind,
    InstalmentProduct,
    InterestMethod,
    MinimumOrder,
    MinimumPaymentRule,
    Rate,
    RateKind,
)
from services.accounts.domain.collecting.state import Settlement
from services.accounts.grpc_api.credit_line_terms import credit_line_rules, credit_line_rules_of
from services.accounts.grpc_api.transfer_terms import transfer_offers, transfer_offers_of

E = TypeVar("E", bound=StrEnum)

LAST_DAY = 31
GRACE_DAYS_DEFAULT = 25
CHARGE_OFF_DAYS_DEFAULT = 180
FIRST_YEAR_SHARE_DEFAULT = 2_500
CASH_DEFAULT = ("6010", "6011")


def word(kind: type[E], enum: Any, number: int, otherwise: E) -> E:
    """Our word for a number of a proto's enum; `otherwise` where nothing is said."""
    prefix = "".join(f"_{c}" if c.isupper() else c for c in kind.__name__).strip("_").upper()
    return kind(enum.Name(number).removeprefix(f"{prefix}_")) if number else otherwise


def number(of: StrEnum, enum: Any) -> Any:
    """The number of a proto's enum for our word."""
    name = type(of).__name__
    prefix = "".join(f"_{c}" if c.isupper() else c for c in name).strip("_").upper()
    return enum.Value(f"{prefix}_{of.value}")


def _day(text: str, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("DATE_MALFORMED", "a date is YYYY-MM-DD", field=field) from error


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def billing_terms_of(message: pb.BillingTerms, path: str = "programme.billing") -> BillingTerms:
    """The terms in a message; `path` is where it stands in the request. Raises Invalid."""
    rule = message.minimum_payment
    return BillingTerms(
        rates=tuple(_rates_of(message.rates, path)),
        minimum_payment=MinimumPaymentRule(
            floor_minor=rule.floor_minor,
            basis_points=rule.basis_points,
            includes_interest=rule.includes_interest,
            includes_fees=rule.includes_fees,
        ),
        fees=tuple(_fees_of(message.fees, path)),
        fee_caps=tuple(_caps_of(message.fee_caps, path)),
        interest_method=word(
            InterestMethod,
            pb.InterestMethod,
            message.interest_method,
            InterestMethod.AVERAGE_DAILY_BALANCE,
        ),
        day_count=word(DayCount, pb.DayCount, message.day_count, DayCount.FIXED_365),
        cycle_day=message.cycle_day or LAST_DAY,
        cycle_length_days=message.cycle_length_days,
        grace_days=message.grace_days or GRACE_DAYS_DEFAULT,
        due_day=message.due_day,
        grace_regained_after_statements=message.grace_regained_after_statements or 1,
        fees_bear_interest=message.fees_bear_interest,
        minimum_order=word(
            MinimumOrder, pb.MinimumOrder, message.minimum_order, MinimumOrder.LOWEST_APR_FIRST
        ),
        autopay=word(AutopayKind, pb.AutopayKind, message.autopay, AutopayKind.NONE),
        autopay_fixed_minor=message.autopay_fixed_minor,
        charge_off_after_days=message.charge_off_after_days or CHARGE_OFF_DAYS_DEFAULT,
        first_year_fee_limit_basis_points=(
            message.first_year_fee_limit_basis_points or FIRST_YEAR_SHARE_DEFAULT
        ),
        cash_advance_mccs=tuple(message.cash_advance_mccs) or CASH_DEFAULT,
        instalment_products=tuple(
            InstalmentProduct(
                months=each.months,
                apr_basis_points=each.apr_basis_points,
                fee_basis_points=each.fee_basis_points,
                least_amount_minor=each.least_amount_minor,
            )
            for each in message.instalments
        ),
        deferred_promotions=tuple(_promotions_of(message.deferred_promotions, path)),
        credit_line=credit_line_rules_of(message),
        transfer_offers=tuple(transfer_offers_of(message, path, _day)),
        settlement=word(Settlement, pb.Settlement, message.settlement, Settlement.IMMEDIATE),
        promotions_end_past_due=message.promotions_end_past_due,
    )


def _rates_of(messages: Iterable[pb.Rate], path: str) -> Iterable[Rate]:
    for place, each in enumerate(messages):
        at = f"{path}.rates[{place}]"
        yield Rate(
            balance_type=word(BalanceType, pb.BalanceType, each.balance_type, BalanceType.PURCHASE),
            kind=word(RateKind, pb.RateKind, each.kind, RateKind.STANDARD),
            apr_basis_points=each.apr_basis_points,
            effective_from=_day(each.effective_from, f"{at}.effective_from"),
            effective_until=_day(each.effective_until, f"{at}.effective_until"),
            months_from_opening=each.months_from_opening,
        )


def _fees_of(messages: Iterable[pb.Fee], path: str) -> Iterable[Fee]:
    for place, each in enumerate(messages):
        yield Fee(
            kind=word(FeeKind, pb.FeeKind, each.kind, FeeKind.LATE),
            amount_minor=each.amount_minor,
            basis_points=each.basis_points,
            repeated_minor=each.repeated_minor,
            effective_from=_day(each.effective_from, f"{path}.fees[{place}].effective_from"),
        )


def _promotions_of(messages: Iterable[pb.Promotion], path: str) -> Iterable[DeferredPromotion]:
    for place, each in enumerate(messages):
        at = f"{path}.deferred_promotions[{place}]"
        yield DeferredPromotion(
            code=each.code,
            months=each.months,
            ends_on=_day(each.ends_on, f"{at}.ends_on"),
            apr_basis_points=each.apr_basis_points,
            offered_from=_day(each.offered_from, f"{at}.offered_from"),
            offered_until=_day(each.offered_until, f"{at}.offered_until"),
            least_amount_minor=each.least_amount_minor,
            merchant_ids=tuple(each.merchant_ids),
            ends_past_due=each.ends_past_due,
        )


def _caps_of(messages: Iterable[pb.FeeCap], path: str) -> Iterable[FeeCap]:
    for place, each in enumerate(messages):
        since = _day(each.effective_from, f"{path}.fee_caps[{place}].effective_from")
        yield FeeCap(
            kind=word(FeeKind, pb.FeeKind, each.kind, FeeKind.LATE),
            effective_from=since or date.min,
            first_minor=each.first_minor,
            repeated_minor=each.repeated_minor,
        )


def billing_terms(of: BillingTerms) -> pb.BillingTerms:
    """The terms as a message."""
    rule = of.minimum_payment
    return pb.BillingTerms(
        rates=[
            pb.Rate(
                balance_type=number(each.balance_type, pb.BalanceType),
                kind=number(each.kind, pb.RateKind),
                apr_basis_points=each.apr_basis_points,
                effective_from=_text(each.effective_from),
                effective_until=_text(each.effective_until),
                months_from_opening=each.months_from_opening,
            )
            for each in of.rates
        ],
        minimum_payment=pb.MinimumPaymentRule(
            floor_minor=rule.floor_minor,
            basis_points=rule.basis_points,
            includes_interest=rule.includes_interest,
            includes_fees=rule.includes_fees,
        ),
        fees=[
            pb.Fee(
                kind=number(each.kind, pb.FeeKind),
                amount_minor=each.amount_minor,
                basis_points=each.basis_points,
                repeated_minor=each.repeated_minor,
                effective_from=_text(each.effective_from),
            )
            for each in of.fees
        ],
        fee_caps=[
            pb.FeeCap(
                kind=number(each.kind, pb.FeeKind),
                effective_from=_text(each.effective_from),
                first_minor=each.first_minor,
                repeated_minor=each.repeated_minor,
            )
            for each in of.fee_caps
        ],
        interest_method=number(of.interest_method, pb.InterestMethod),
        day_count=number(of.day_count, pb.DayCount),
        cycle_day=of.cycle_day,
        cycle_length_days=of.cycle_length_days,
        grace_days=of.grace_days,
        due_day=of.due_day,
        grace_regained_after_statements=of.grace_regained_after_statements,
        fees_bear_interest=of.fees_bear_interest,
        minimum_order=number(of.minimum_order, pb.MinimumOrder),
        autopay=number(of.autopay, pb.AutopayKind),
        autopay_fixed_minor=of.autopay_fixed_minor,
        charge_off_after_days=of.charge_off_after_days,
        first_year_fee_limit_basis_points=of.first_year_fee_limit_basis_points,
        cash_advance_mccs=of.cash_advance_mccs,
        instalments=[
            pb.InstalmentProduct(
                months=each.months,
                apr_basis_points=each.apr_basis_points,
                fee_basis_points=each.fee_basis_points,
                least_amount_minor=each.least_amount_minor,
            )
            for each in of.instalment_products
        ],
        deferred_promotions=[_promotion(each) for each in of.deferred_promotions],
        credit_line=credit_line_rules(of.credit_line),
        transfer_offers=transfer_offers(of.transfer_offers),
        settlement=number(of.settlement, pb.Settlement),
        promotions_end_past_due=of.promotions_end_past_due,
    )


def _promotion(of: DeferredPromotion) -> pb.Promotion:
    return pb.Promotion(
        code=of.code,
        months=of.months,
        ends_on=_text(of.ends_on),
        apr_basis_points=of.apr_basis_points,
        offered_from=_text(of.offered_from),
        offered_until=_text(of.offered_until),
        least_amount_minor=of.least_amount_minor,
        merchant_ids=of.merchant_ids,
        ends_past_due=of.ends_past_due,
    )
