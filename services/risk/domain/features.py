"""Features: what a profile knows at a charge, as whole numbers under fixed names. `after` and
`features` serve the decision, the answer in line and computations over history alike: they know
no clock, so the same charges give the same values to the bit."""

from datetime import UTC, datetime
from enum import StrEnum

from chassis.kernel.events import value
from chassis.kernel.money import Money
from services.risk.domain.charge import Charge, Outcome, mark
from services.risk.domain.sketches import Familiar, Usual
from services.risk.domain.windows import EMPTY_WINDOWS, WINDOW_SECONDS, Tally, Window

FEATURE_SET = 1
"""Version of the list of features; a fact with values names it. A new list is a new version."""

TAIL_LENGTH = 48
"""So many newest charges are kept one by one, for what no bucket can tell."""

SECONDS_PER_DAY = 86_400
SECONDS_PER_HOUR = 3_600
NEVER_SECONDS = 10 * 366 * SECONDS_PER_DAY
"""Stands for the time since the charge before where there is none: ten years."""

COUNTRY_LIMIT = 300
"""There are 250 countries; more codes than this are not remembered."""


class Scope(StrEnum):
    """What a profile is about. The counterparty of a card is the merchant, of all else the card."""

    CARD = "card"
    ACCOUNT = "account"
    MERCHANT = "merchant"


@value
class Touch:
    """One charge of the tail. `counterparty` is the mark of the merchant or of the card."""

    at_seconds: int
    mark: int
    counterparty: int
    small: bool
    remote: bool
    declined: bool
    suspiciously_declined: bool
    guessed: bool
    present_country: str


@value
class Profile:
    """What is known of a card, an account or a merchant; its size does not grow with its history.

    `first_seconds` and `newest_seconds` are event times; `hours` counts charges by hour of the day
    (UTC); `tail` is sorted by event time and mark, so the order of arrival leaves no trace.
    """

    charges_seen: int = 0
    first_seconds: int = 0
    newest_seconds: int = 0
    windows: tuple[Window, ...] = EMPTY_WINDOWS
    tail: tuple[Touch, ...] = ()
    familiar: Familiar = Familiar()
    countries: tuple[str, ...] = ()
    usual: Usual = Usual()
    hours: tuple[int, ...] = (0,) * 24

    def has_in_tail(self, charge: Charge) -> bool:
        """Whether the charge is one of the newest that were counted."""
        wanted = charge.mark
        return any(touch.mark == wanted for touch in self.tail)


def after(scope: Scope, profile: Profile, charge: Charge) -> Profile:
    """The profile with one charge more. Only approved charges teach what is usual or familiar."""
    at = charge.at_seconds
    tally = Tally(
        charges=1,
        spent_minor=0 if charge.declined else charge.counted_minor,
        declines=int(charge.declined),
        small_charges=int(charge.small),
    )
    learnt = not charge.declined
    return Profile(
        charges_seen=profile.charges_seen + 1,
        first_seconds=min(profile.first_seconds, at) if profile.charges_seen else at,
        newest_seconds=max(profile.newest_seconds, at) if profile.charges_seen else at,
        windows=tuple(window.add(at, tally) for window in profile.windows),
        tail=_tail(scope, profile, charge),
        familiar=_familiar(scope, profile.familiar, charge) if learnt else profile.familiar,
        countries=_countries(profile.countries, charge) if learnt else profile.countries,
        usual=profile.usual.with_amount(charge.counted_minor) if learnt else profile.usual,
        hours=_hours(profile.hours, _hour(charge)),
    )


def features(scope: Scope, profile: Profile, charge: Charge) -> dict[str, int]:
    """The values at a charge, by name, in the order of `NAMES[scope]`.

    `profile` is the one before the charge. A value includes the charge itself where it counts
    (windows, tail) and leaves it out where it compares (familiar, usual, hours).
    """
    at = charge.at_seconds
    now = after(scope, profile, charge)
    return {
        **_window_values(now, at),
        **_tail_values(scope, now, at),
        **_comparisons(scope, profile, charge),
    }


def _window_values(now: Profile, at: int) -> dict[str, int]:
    values: dict[str, int] = {}
    for name, window in zip(WINDOW_SECONDS, now.windows, strict=True):
        total = window.total(at)
        values[f"charges_{name}"] = total.charges
        values[f"spent_minor_{name}"] = total.spent_minor
        values[f"declines_{name}"] = total.declines
        values[f"small_charges_{name}"] = total.small_charges
        values[f"declined_percent_{name}"] = total.declines * 100 // max(total.charges, 1)
    return values


def _tail_values(scope: Scope, now: Profile, at: int) -> dict[str, int]:
    """What the last charges tell one by one; counts end at the length of the tail."""
    others = "merchants" if scope is Scope.CARD else "cards"
    until_now = [touch for touch in now.tail if touch.at_seconds <= at]
    hour = [each for each in until_now if each.at_seconds > at - WINDOW_SECONDS["1h"]]
    ten = [each for each in hour if each.at_seconds > at - WINDOW_SECONDS["10m"]]
    probes = [each for each in ten if each.small and each.remote]
    return {
        f"{others}_10m": len({each.counterparty for each in ten}),
        f"{others}_1h": len({each.counterparty for each in hour}),
        "small_remote_charges_10m": len(probes),
        f"{others}_of_small_remote_charges_10m": len({each.counterparty for each in probes}),
        "small_remote_declines_10m": sum(each.declined for each in probes),
        "suspicious_declines_10m": sum(each.suspiciously_declined for each in ten),
        "suspicious_declines_1h": sum(each.suspiciously_declined for each in hour),
        "guesses_10m": sum(each.guessed for each in ten),
        f"{others}_of_guesses_10m": len({each.counterparty for each in ten if each.guessed}),
        "declines_in_a_row": _declines_before(until_now),
        "countries_1h": len({each.present_country for each in hour if each.present_country}),
    }


def _declines_before(touches: list[Touch]) -> int:
    """How many charges directly before the newest were declined, within an hour of it."""
    count = 0
    for touch in reversed(touches[:-1]):
        recent = touch.at_seconds > touches[-1].at_seconds - WINDOW_SECONDS["1h"]
        if not (touch.suspiciously_declined and recent):
            break
        count += 1
    return count


def _comparisons(scope: Scope, before: Profile, charge: Charge) -> dict[str, int]:
    """The charge against what was known before it."""
    at, hour = charge.at_seconds, _hour(charge)
    other = "merchant" if scope is Scope.CARD else "card"
    around = before.hours[hour - 1] + before.hours[hour] + before.hours[(hour + 1) % 24]
    seen = before.charges_seen
    country = charge.merchant_country
    earlier = [each.at_seconds for each in before.tail if each.at_seconds <= at]
    return {
        f"new_{other}": int(not before.familiar.knows(_counterparty(scope, charge))),
        "new_category": int(not before.familiar.knows(_category(charge))),
        "new_country": int(bool(country) and country not in before.countries),
        "countries_seen": len(before.countries),
        "amount_deviation_hundredths": before.usual.deviation_hundredths(charge.counted_minor),
        "amount_percent_of_mean": before.usual.percent_of_mean(charge.counted_minor),
        "charges_approved": before.usual.count,
        "charges_seen": seen,
        "days_known": max(at - before.first_seconds, 0) // SECONDS_PER_DAY if seen else 0,
        "seconds_since_previous": at - earlier[-1] if earlier else NEVER_SECONDS,
        "hour_utc": hour,
        "hour_habit_percent": around * 100 // seen if seen else 100,
    }


def _counterparty(scope: Scope, charge: Charge) -> int:
    if scope is Scope.CARD:
        return mark("merchant", charge.merchant_key)
    return mark("card", charge.card_id)


def _category(charge: Charge) -> int:
    return mark("category", charge.merchant_category_code)


def _hour(charge: Charge) -> int:
    return charge.at_seconds % SECONDS_PER_DAY // SECONDS_PER_HOUR


def _tail(scope: Scope, profile: Profile, charge: Charge) -> tuple[Touch, ...]:
    touch = Touch(
        at_seconds=charge.at_seconds,
        mark=charge.mark,
        counterparty=_counterparty(scope, charge),
        small=charge.small,
        remote=charge.remote,
        declined=charge.declined,
        suspiciously_declined=charge.suspiciously_declined,
        guessed=charge.guessed,
        present_country=charge.merchant_country if charge.present else "",
    )
    tail = profile.tail
    place = len(tail)
    while place and (tail[place - 1].at_seconds, tail[place - 1].mark) > (
        touch.at_seconds,
        touch.mark,
    ):
        place -= 1
    return (*tail[:place], touch, *tail[place:])[-TAIL_LENGTH:]


def _familiar(scope: Scope, familiar: Familiar, charge: Charge) -> Familiar:
    return familiar.with_mark(_counterparty(scope, charge)).with_mark(_category(charge))


def _countries(countries: tuple[str, ...], charge: Charge) -> tuple[str, ...]:
    country = charge.merchant_country
    if not country or country in countries or len(countries) >= COUNTRY_LIMIT:
        return countries
    return tuple(sorted((*countries, country)))


def _hours(hours: tuple[int, ...], hour: int) -> tuple[int, ...]:
    return (*hours[:hour], hours[hour] + 1, *hours[hour + 1 :])


_ANY_CHARGE = Charge(
    charge_id="any",
    account_id="any",
    customer_id="any",
    card_id="any",
    outcome=Outcome.AUTHORISED,
    amount=Money(1, "GBP"),
    merchant_key="any",
    merchant_name="any",
    merchant_category_code="",
    merchant_country="",
    entry_mode="",
    decline_reason="",
    transaction_at=datetime(1970, 1, 1, tzinfo=UTC),
)

NAMES = {scope: tuple(features(scope, Profile(), _ANY_CHARGE)) for scope in Scope}
"""The names of the features of each scope, in the order in which facts keep their values."""


def by_name(scope: Scope, values: tuple[int, ...]) -> dict[str, int]:
    """Values as a fact keeps them, under their names again."""
    return dict(zip(NAMES[scope], values, strict=True))
