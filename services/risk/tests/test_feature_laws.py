"""Laws of the features: they are what a recount gives, in any order, in constant memory."""

import math
from collections.abc import Sequence
from datetime import timedelta
from statistics import fmean, pstdev

from hypothesis import given
from hypothesis import strategies as st

from services.risk.domain.charge import Charge, Outcome, mark
from services.risk.domain.features import (
    FEATURE_SET,
    NAMES,
    TAIL_LENGTH,
    Profile,
    Scope,
    after,
    features,
)
from services.risk.domain.sketches import (
    FILTER_CAPACITY,
    LEAST_DEVIATION,
    LOG_UNIT,
    Familiar,
    Usual,
    doublings,
)
from services.risk.domain.windows import BUCKETS_PER_WINDOW, WINDOW_SECONDS, Tally, Window
from services.risk.tests.stories import NOON, charge

WEEK = 7 * 86_400

instants = st.integers(min_value=1_700_000_000, max_value=1_700_000_000 + 2 * WEEK)
windows = st.sampled_from(sorted(WINDOW_SECONDS.values()))
amounts = st.integers(min_value=0, max_value=10**12)


@st.composite
def lives(draw: st.DrawFn) -> list[Charge]:
    """Charges of one card within some minutes or weeks, in no order."""
    spread = draw(st.sampled_from((60, 3_600, 86_400, 2 * WEEK)))
    offsets = draw(st.lists(st.integers(0, spread), max_size=TAIL_LENGTH + 12))
    return [
        charge(
            number,
            at=NOON + timedelta(seconds=offset),
            amount_minor=draw(amounts),
            merchant=f"Shop {draw(st.integers(0, 9))}",
            merchant_country=draw(st.sampled_from(("", "GB", "FR"))),
            entry_mode=draw(st.sampled_from(("CHIP", "ECOMMERCE", ""))),
            outcome=draw(st.sampled_from(sorted(Outcome))),
        )
        for number, offset in enumerate(offsets)
    ]


def lived(charges: Sequence[Charge], scope: Scope = Scope.CARD) -> Profile:
    profile = Profile()
    for each in charges:
        profile = after(scope, profile, each)
    return profile


@given(instants=st.lists(instants, min_size=1, max_size=60), length=windows)
def test_a_window_holds_what_a_recount_by_buckets_gives(instants: list[int], length: int) -> None:
    width = length // BUCKETS_PER_WINDOW
    window = Window(bucket_seconds=width)
    for count, at in enumerate(sorted(instants), 1):
        window = window.add(at, Tally(charges=1, spent_minor=count))
        past = list(enumerate(sorted(instants)[:count], 1))
        counted = [(n, t) for n, t in past if at // width - t // width < BUCKETS_PER_WINDOW]
        total = window.total(at)
        assert total.charges == len(counted)
        assert total.spent_minor == sum(n for n, _ in counted)


@given(instants=st.lists(instants, min_size=1, max_size=60), length=windows)
def test_a_window_is_exact_but_for_its_oldest_twentieth(instants: list[int], length: int) -> None:
    window = Window(bucket_seconds=length // BUCKETS_PER_WINDOW)
    for at in sorted(instants):
        window = window.add(at, Tally(charges=1))
    now = max(instants)
    certain = sum(at > now - (length - length // BUCKETS_PER_WINDOW) for at in instants)
    possible = sum(at > now - length for at in instants)
    assert certain <= window.total(now).charges <= possible


@given(charges=lives(), order=st.randoms(use_true_random=False))
def test_the_order_of_arrival_leaves_no_trace(charges: list[Charge], order: object) -> None:
    shuffled = list(charges)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = lived(charges), lived(shuffled)
    assert one.windows == other.windows
    assert one.tail == other.tail
    assert (one.usual, one.hours, one.countries) == (other.usual, other.hours, other.countries)
    assert (one.first_seconds, one.newest_seconds) == (other.first_seconds, other.newest_seconds)


@given(charges=lives(), scope=st.sampled_from(sorted(Scope)))
def test_values_are_whole_numbers_of_64_bits_under_the_same_names(
    charges: list[Charge], scope: Scope
) -> None:
    profile = lived(charges, scope)
    values = features(scope, profile, charge(9_999, amount_minor=10**15))
    assert tuple(values) == NAMES[scope]
    assert all(type(value) is int and abs(value) < 2**63 for value in values.values())


@given(charges=lives())
def test_counts_of_the_tail_are_what_a_recount_gives(charges: list[Charge]) -> None:
    ordered = sorted(charges, key=lambda each: (each.at_seconds, each.mark))[:TAIL_LENGTH]
    if not ordered:
        return
    last = ordered[-1]
    values = features(Scope.CARD, lived(ordered[:-1]), last)
    recent = [each for each in ordered if each.at_seconds > last.at_seconds - 600]
    probes = [each for each in recent if each.small and each.remote]
    assert values["merchants_10m"] == len({each.merchant_key for each in recent})
    assert values["small_remote_charges_10m"] == len(probes)
    assert values["small_remote_declines_10m"] == sum(each.declined for each in probes)


@given(count=st.integers(0, 2 * FILTER_CAPACITY), wanted=st.integers(0, 2 * FILTER_CAPACITY))
def test_what_was_met_among_the_last_two_hundred_is_known(count: int, wanted: int) -> None:
    familiar = Familiar()
    for number in range(count):
        familiar = familiar.with_mark(mark("shop", str(number)))
    if count - FILTER_CAPACITY <= wanted < count:
        assert familiar.knows(mark("shop", str(wanted)))


def test_strangers_are_taken_for_known_as_rarely_as_is_said() -> None:
    familiar = Familiar()
    for number in range(2 * FILTER_CAPACITY):
        familiar = familiar.with_mark(mark("shop", str(number)))
    strangers = 4_000
    mistaken = sum(familiar.knows(mark("stranger", str(n))) for n in range(strangers))
    assert mistaken / strangers < 0.03


@given(st.integers(1, 10**15))
def test_doublings_are_the_logarithm_to_a_1024th(amount: int) -> None:
    assert abs(doublings(amount) / LOG_UNIT - math.log2(amount)) < 2 / LOG_UNIT


@given(history=st.lists(amounts, min_size=1, max_size=50), amount=amounts)
def test_the_deviation_is_that_of_the_textbook(history: list[int], amount: int) -> None:
    usual = Usual()
    for each in history:
        usual = usual.with_amount(each)
    logs = [doublings(each) for each in history]
    spread = max(pstdev(logs), LEAST_DEVIATION)
    expected = 100 * (doublings(amount) - fmean(logs)) / spread
    assert abs(usual.deviation_hundredths(amount) - expected) <= 2 + abs(expected) / 100


def test_a_profile_does_not_grow() -> None:
    profile = Profile()
    for number in range(1_500):
        each = charge(number, at=NOON + timedelta(minutes=7 * number), merchant=f"Shop {number}")
        profile = after(Scope.CARD, profile, each)
    assert len(profile.tail) == TAIL_LENGTH
    assert all(len(window.buckets) <= BUCKETS_PER_WINDOW for window in profile.windows)
    assert profile.charges_seen == 1_500


def test_the_names_of_feature_set_one_stay_as_they_were_stored() -> None:
    assert FEATURE_SET == 1
    assert len(NAMES[Scope.CARD]) == 48
    assert NAMES[Scope.CARD][:5] == (
        "charges_1m",
        "spent_minor_1m",
        "declines_1m",
        "small_charges_1m",
        "declined_percent_1m",
    )
    assert NAMES[Scope.CARD][25:36] == (
        "merchants_10m",
        "merchants_1h",
        "small_remote_charges_10m",
        "merchants_of_small_remote_charges_10m",
        "small_remote_declines_10m",
        "suspicious_declines_10m",
        "suspicious_declines_1h",
        "guesses_10m",
        "merchants_of_guesses_10m",
        "declines_in_a_row",
        "countries_1h",
    )
    assert NAMES[Scope.CARD][36:] == (
        "new_merchant",
        "new_category",
        "new_country",
        "countries_seen",
        "amount_deviation_hundredths",
        "amount_percent_of_mean",
        "charges_approved",
        "charges_seen",
        "days_known",
        "seconds_since_previous",
        "hour_utc",
        "hour_habit_percent",
    )
