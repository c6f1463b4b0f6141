"""Between the messages of accounts_service.proto and the values of the domain."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import answers, call
from chassis.kernel.errors import Invalid
from chassis.kernel.money import Money
from services.accounts.domain.account.state import Card, Charge, CreditAccount
from services.accounts.domain.pan import masked
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.values import (
    AccountStatus,
    AccountSubStatus,
    CardKind,
    CardStatus,
    CardUse,
    Channel,
    ChargeStatus,
    Delivery,
    EntryMode,
    HoldRule,
    LossKind,
    MccGroup,
    MccRange,
    Merchant,
    Network,
    Original,
    Terms,
)
from services.accounts.grpc_api.announced import announced
from services.accounts.grpc_api.billing_terms import billing_terms, billing_terms_of
from services.accounts.use_cases.formats import birthday_of

E = TypeVar("E", bound=StrEnum)

HOLD_LIFETIME_HOURS_DEFAULT = 168
CARD_VALIDITY_MONTHS_DEFAULT = 36
MINIMUM_AGE_YEARS_DEFAULT = 18


def _numbers(kind: type[E], enum: Any, prefix: str) -> dict[E, int]:
    """Our word → the number of the proto's, which is the same word with a prefix."""
    return {each: enum.Value(f"{prefix}_{each.value or 'UNSPECIFIED'}") for each in kind}


CARD_KINDS = _numbers(CardKind, pb.CardKind, "CARD_KIND")
CARD_STATUSES = _numbers(CardStatus, pb.CardStatus, "CARD_STATUS")
ACCOUNT_STATUSES = _numbers(AccountStatus, pb.AccountStatus, "ACCOUNT_STATUS")
SUB_STATUSES = _numbers(AccountSubStatus, pb.AccountSubStatus, "ACCOUNT_SUB_STATUS")
CARD_USES = _numbers(CardUse, pb.CardUse, "CARD_USE")
DELIVERIES = _numbers(Delivery, pb.Delivery, "DELIVERY")
CHANNELS = _numbers(Channel, pb.Channel, "CHANNEL")
LOSS_KINDS = _numbers(LossKind, pb.LossKind, "LOSS_KIND")
ENTRY_MODES = _numbers(EntryMode, pb.EntryMode, "ENTRY_MODE")
NETWORKS = _numbers(Network, pb.Network, "NETWORK")
CHARGE_STATUSES = _numbers(ChargeStatus, pb.ChargeStatus, "CHARGE_STATUS")

_CARD_KIND_OF = {number: kind for kind, number in CARD_KINDS.items()}
_LOSS_KIND_OF = {number: kind for kind, number in LOSS_KINDS.items()}
_ENTRY_MODE_OF = {number: mode for mode, number in ENTRY_MODES.items()}
_NETWORK_OF = {number: network for network, number in NETWORKS.items()}


def word(enum: Any, number: int, prefix: str) -> str:
    """The word of a proto's enum without its prefix; empty for unspecified."""
    name: str = enum.Name(number).removeprefix(f"{prefix}_")
    return "" if name == "UNSPECIFIED" else name


# Requests


def card_kind(number: int) -> CardKind:
    """What a card is made of; virtual when nothing is said."""
    return _CARD_KIND_OF.get(number, CardKind.VIRTUAL)


def loss_kind(number: int) -> LossKind:
    """How a card was lost; lost when nothing is said."""
    return _LOSS_KIND_OF.get(number, LossKind.LOST)


def entry_mode(number: int) -> EntryMode:
    """How the number was taken."""
    return _ENTRY_MODE_OF[number]


def network(number: int) -> Network:
    """Over which network it came."""
    return _NETWORK_OF[number]


def channel_of_caller() -> Channel:
    """Who asks, as cards and accounts remember it."""
    principal = call.current().principal
    person = principal.person
    if person.kind == "cardholder":
        return Channel.HOLDER
    if person.kind == "operator":
        return Channel.OPERATOR
    return Channel.RISK if principal.subject == "service:risk" else Channel.SYSTEM


def day(text: str, field: str, today: date) -> date:
    """A date from YYYY-MM-DD, today when empty. Raises Invalid."""
    if not text:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("DATE_MALFORMED", "a date is YYYY-MM-DD", field=field) from error


def checked_day(text: str, field: str) -> str:
    """The text itself, if it is empty or a date. Raises Invalid."""
    return text and day(text, field, date.min).isoformat()


def of_optional_money(request: Any, field: str) -> Money | None:
    """The amount in a field that may be absent."""
    return answers.of_money(getattr(request, field)) if request.HasField(field) else None


def of_merchant(message: events_pb2.Merchant) -> Merchant:
    """A merchant from a message."""
    return Merchant(id=message.id, name=message.name, mcc=message.mcc, country=message.country)


def of_optional_merchant(request: Any) -> Merchant | None:
    """The merchant of a request, if it names one."""
    return of_merchant(request.merchant) if request.HasField("merchant") else None


def original_of(request: Any) -> Original | None:
    """What the merchant asks for in its own currency, if it does. Raises Invalid without rate."""
    settlement = of_optional_money(request, "settlement_amount")
    if not request.HasField("original_amount"):
        if settlement is not None:
            path = "original_amount"
            raise Invalid("ORIGINAL_AMOUNT_MISSING", "nothing to be settled was named", field=path)
        return None
    if not request.rate.strip("0."):
        raise Invalid("RATE_MISSING", "an original amount comes with its rate", field="rate")
    return Original(
        amount=answers.of_money(request.original_amount), rate=request.rate, settlement=settlement
    )


def terms_of(message: pb.Programme) -> Terms:
    """The terms in a programme. Raises Invalid for an amount in another currency."""

    def minor(field: str) -> int:
        if not message.HasField(field):  # type: ignore[arg-type]
            return 0
        return in_currency(getattr(message, field), f"programme.{field}")

    def in_currency(amount: Any, path: str) -> int:
        if amount.currency_code != message.currency:
            raise Invalid("CURRENCY_MISMATCH", f"not in {message.currency}", field=path)
        return int(amount.minor_units)

    rules = tuple(
        HoldRule(
            mcc=rule.mcc,
            entry_mode=entry_mode(rule.entry_mode),
            network=network(rule.network),
            lifetime_hours=rule.lifetime_hours,
            estimate_hold_minor=in_currency(
                rule.estimate_hold, f"programme.hold_rules[{place}].estimate_hold"
            )
            if rule.HasField("estimate_hold")
            else 0,
        )
        for place, rule in enumerate(message.hold_rules)
    )
    assessed = message.HasField("assessment_threshold")
    return Terms(
        currency=message.currency,
        bin=message.bin,
        default_limit_minor=minor("default_limit"),
        over_limit_tolerance_minor=minor("over_limit_tolerance"),
        assessment_threshold_minor=minor("assessment_threshold") if assessed else None,
        stand_in_limit_minor=minor("stand_in_limit"),
        hold_lifetime_hours=message.hold_lifetime_hours or HOLD_LIFETIME_HOURS_DEFAULT,
        hold_rules=rules,
        card_validity_months=message.card_validity_months or CARD_VALIDITY_MONTHS_DEFAULT,
        foreign_markup_basis_points=message.foreign_markup_basis_points,
        mcc_groups=tuple(_mcc_group(group) for group in message.mcc_groups),
        minimum_age_years=message.minimum_age_years or MINIMUM_AGE_YEARS_DEFAULT,
        minimum_income_minor=minor("minimum_income"),
        chip_verified_only=message.chip_verified_only,
        billing=billing_terms_of(message.billing) if message.HasField("billing") else None,
    )


def _mcc_group(group: pb.MccGroup) -> MccGroup:
    ranges = tuple(
        MccRange(first=each.first, last=each.last or each.first) for each in group.ranges
    )
    return MccGroup(name=group.name, ranges=tuple(ranges))


# Answers


def programme(programme_id: str, version: Version) -> pb.Programme:
    """A version of a programme as a message."""
    terms = version.terms
    currency = terms.currency

    def money(minor_units: int) -> Any:
        return answers.money(Money(minor_units, currency))

    threshold = terms.assessment_threshold_minor
    return pb.Programme(
        programme_id=programme_id,
        name=version.name,
        currency=currency,
        bin=terms.bin,
        default_limit=money(terms.default_limit_minor),
        over_limit_tolerance=money(terms.over_limit_tolerance_minor),
        assessment_threshold=None if threshold is None else money(threshold),
        stand_in_limit=money(terms.stand_in_limit_minor),
        hold_lifetime_hours=terms.hold_lifetime_hours,
        hold_rules=[
            pb.HoldRule(
                mcc=rule.mcc,
                entry_mode=ENTRY_MODES[rule.entry_mode],  # type: ignore[arg-type]
                network=NETWORKS[rule.network],  # type: ignore[arg-type]
                lifetime_hours=rule.lifetime_hours,
                estimate_hold=money(rule.estimate_hold_minor),
            )
            for rule in terms.hold_rules
        ],
        card_validity_months=terms.card_validity_months,
        foreign_markup_basis_points=terms.foreign_markup_basis_points,
        chip_verified_only=terms.chip_verified_only,
        version=version.number,
        mcc_groups=[
            pb.MccGroup(
                name=group.name,
                ranges=[pb.MccRange(first=each.first, last=each.last) for each in group.ranges],
            )
            for group in terms.mcc_groups
        ],
        minimum_age_years=terms.minimum_age_years,
        minimum_income=money(terms.minimum_income_minor) if terms.minimum_income_minor else None,
        billing=None if terms.billing is None else billing_terms(terms.billing),
    )


def card(account: CreditAccount, of: Card) -> pb.Card:
    """A card as a message, its number masked."""
    by = of.status_channel
    return pb.Card(
        card_id=of.card_id,
        account_id=account.account_id,
        customer_id=account.customer_id,
        masked_number=masked(account.in_force.bin, of.last_four),
        last_four=of.last_four,
        kind=CARD_KINDS[of.kind],  # type: ignore[arg-type]
        status=CARD_STATUSES[of.status],  # type: ignore[arg-type]
        status_reason=of.status_reason,
        status_channel=CHANNELS[by] if by else pb.CHANNEL_UNSPECIFIED,  # type: ignore[arg-type]
        expires_on=of.expires_on.isoformat(),
        replaces_card_id=of.replaces_card_id,
        replaced_by_card_id=of.replaced_by_card_id,
        cardholder_id=of.cardholder_id or account.customer_id,
        sequence=of.sequence,
        use=CARD_USES[of.use],  # type: ignore[arg-type]
        merchant_id=of.merchant_id,
        delivery=DELIVERIES[of.delivery],  # type: ignore[arg-type]
    )


def account(state: CreditAccount) -> pb.Account:
    """An account as a message."""
    by = state.status_channel
    return pb.Account(
        account_id=state.account_id,
        customer_id=state.customer_id,
        programme_id=state.programme_id,
        programme_version=state.programme_version,
        status=ACCOUNT_STATUSES[state.status],  # type: ignore[arg-type]
        limit=answers.money(state.money(state.limit_minor)),
        balance=answers.money(state.money(state.posted_minor)),
        held=answers.money(state.money(state.held_minor)),
        available=available(state),
        cards=[card(state, each) for each in state.cards],
        sub_statuses=[SUB_STATUSES[each] for each in state.sub_statuses],  # type: ignore[misc]
        status_reason=state.status_reason,
        status_channel=CHANNELS[by] if by else pb.CHANNEL_UNSPECIFIED,  # type: ignore[arg-type]
        announced_version=announced(state.billing.announced),
    )


def available(state: CreditAccount) -> Any:
    """What may be spent, as a message."""
    return answers.minor(state.available_minor, state.currency)


def merchant(of: Merchant) -> events_pb2.Merchant:
    """A merchant as a message."""
    return events_pb2.Merchant(id=of.id, name=of.name, mcc=of.mcc, country=of.country)


def charge(account: CreditAccount, of: Charge) -> pb.Charge:
    """A charge as a message."""
    original, expires, settled = of.original_amount, of.hold_expires_at, of.settlement_amount
    declined = of.status is ChargeStatus.DECLINED
    currency, minor = account.currency, answers.minor
    return pb.Charge(
        charge_id=of.charge_id,
        account_id=account.account_id,
        card_id=of.card_id,
        status=CHARGE_STATUSES[of.status],  # type: ignore[arg-type]
        amount=answers.money(of.requested) if declined else minor(of.amount_minor, currency),
        held=minor(of.held_minor, currency),
        captured=minor(of.captured_minor, currency),
        refunded=minor(of.refunded_minor, currency),
        original_amount=None if original is None else answers.money(original),
        rate=of.rate,
        merchant=merchant(of.merchant),
        entry_mode=ENTRY_MODES[of.entry_mode],  # type: ignore[arg-type]
        response_code=of.response_code,
        reason=of.reason,
        control_id=of.control_id,
        stand_in=of.stand_in,
        forced=of.forced,
        hold_expires_at=None if expires is None else answers.timestamp(expires),
        transaction_date=of.transaction_date.isoformat(),
        markup=minor(of.markup_minor, currency) if of.markup_minor else None,
        settlement_amount=None if settled is None else answers.money(settled),
        network=NETWORKS[of.network],  # type: ignore[arg-type]
        decided_by_network=of.decided_by_network,
        requested=answers.money(of.requested),
    )


def instant(micros: int) -> Timestamp:
    """An instant from microseconds since 1970."""
    return Timestamp(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1_000)


def profile_of(details: pb.PersonalDetails, today: date) -> dict[str, str]:
    """A profile by the names of SealedProfile. Raises Invalid for a date of birth that is none, or
    to come."""
    if details.date_of_birth:
        birthday_of(details.date_of_birth, today, "details.date_of_birth")
    return written(details)


def written(details: Any) -> dict[str, str]:
    """Personal details of either kind by the names of SealedProfile, unchecked."""
    address = details.address
    lines = [*address.lines, "", address.city, address.postal_code, address.country]
    return {
        "given_name": details.given_name,
        "family_name": details.family_name,
        "email": details.email,
        "phone": details.phone,
        "date_of_birth": details.date_of_birth,
        "address": "\n".join(lines) if details.HasField("address") else "",
        "locale": details.locale or "en",
    }


def details_of(profile: Mapping[str, str]) -> pb.PersonalDetails:
    """A profile as a message."""
    address = None
    if profile["address"]:
        *lines, _, city, postal_code, country = profile["address"].split("\n")
        address = pb.Address(lines=lines, city=city, postal_code=postal_code, country=country)
    return pb.PersonalDetails(
        given_name=profile["given_name"],
        family_name=profile["family_name"],
        email=profile["email"],
        phone=profile["phone"],
        date_of_birth=profile["date_of_birth"],
        address=address,
        locale=profile["locale"],
    )
