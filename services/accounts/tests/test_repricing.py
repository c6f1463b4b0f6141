"""Dearer terms: 12 CFR 1026.9(c)(2), (h) and 1026.55 with its examples, year one being 2025.

Accounts has them from the first day of a cycle on, the day of the notice or the next such one
(comment 55(b)-2.iii permits it); here cycles are calendar months.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chassis.kernel.errors import Invalid
from services.accounts.domain.account import commands as account
from services.accounts.domain.billing.terms import (
    BillingTerms,
    Fee,
    FeeKind,
    InterestMethod,
    MinimumPaymentRule,
    RateKind,
)
from services.accounts.domain.repricing.commands import RejectMigration
from services.accounts.domain.repricing.events import MigrationAnnounced
from services.accounts.domain.repricing.state import Raised
from services.accounts.domain.values import Channel
from services.accounts.tests.billing_stories import STANDARD
from services.accounts.tests.repricing_stories import (
    CASH,
    MIN,
    announce,
    announcement,
    apr,
    borne,
    hold,
    moving,
    opened,
    rates,
    refused,
    stay,
)


def test_what_was_bought_up_to_fourteen_days_after_the_notice_keeps_its_rate() -> None:
    """Comment 55(b)(3)-4.i: 2,000 at 15 %; told on March 15 of 18 % from May 1; 200 bought on March
    29, 1,000 on March 30: 18 % on the 1,000 only, and 15 % on the 2,200, with their interest."""
    story = opened()
    story.run(3, 13, 2026)
    story.on(3, 14).buy(2000)
    announce(story.on(3, 15), date(2026, 5, 1), rates=(apr(18),))
    story.on(3, 29).buy(200)
    story.on(3, 30).buy(1000)
    story.run(4, 30)
    april = 39.45  # 3,200.00 at 15 % for 30 days; grace was lost on April 25.
    assert story.statement(16).interest_minor == 39_45
    story.run(5, 31)
    assert borne(story, 17) == [("PURCHASE", 1000, 1_800), ("PURCHASE~1", 2200 + april, 1_500)]
    # 31 days: 1,000.00 at 18 % are 15.29, 2,239.45 at 15 % are 28.53.
    assert story.statement(17).interest_minor == 15_29 + 28_53


def test_the_protected_balance_is_what_was_owed_on_the_fourteenth_day() -> None:
    """Comment 55(c)(1)-1: 1,000 at 12 %, 100 on the fourteenth day, March 29, and 150 a day later:
    1,100 are protected (told on March 15; the text prints March 16, but its 14th is the 30th)."""
    story = opened(12)
    story.run(3, 14, 2026)
    story.on(3, 15).buy(1000)
    announce(story, date(2026, 5, 1), rates=(apr(15),))
    story.on(3, 29).buy(100)
    story.on(3, 30).buy(150)
    story.run(5, 31)
    april = story.statement(16).interest_minor / 100
    assert borne(story, 17) == [
        ("PURCHASE", 150, 1_500),
        ("PURCHASE~1", round(1100 + april, 2), 1_200),
    ]


def test_purchases_of_the_fifteenth_day_on_bear_the_new_rate() -> None:
    """Comment 55(a)-1.iii.A: 1,000 on May 30; told on May 31; 500 on June 14 keep their rate, 200
    on June 15 do not. In effect on July 16, here from the next cycle on."""
    story = opened(14)
    story.run(5, 29, 2026)
    story.on(5, 30).buy(1000)
    announce(story.on(5, 31), date(2026, 7, 16), rates=(apr(16),))
    story.on(6, 14).buy(500)
    story.on(6, 15).buy(200)
    story.run(7, 31)
    assert rates(story, 19) == {"PURCHASE": 1_400}
    story.run(8, 31)
    assert [(b, p) for b, _, p in borne(story, 20)] == [("PURCHASE", 1_600), ("PURCHASE~1", 1_400)]
    assert borne(story, 20)[0][1] == 200


def test_nothing_of_the_first_year_bears_a_higher_rate() -> None:
    """Comment 55(a)-1.i.A: told on November 16 of January 1 of year two; 100 bought on December 15,
    more than fourteen days later but in the first year; 300 on January 15 of year two."""
    story = opened(18)
    story.on(1, 15, 2025).buy(2000)
    story.run(11, 15, 2025)
    announce(story.on(11, 16, 2025), date(2026, 1, 1), rates=(apr(22),))
    story.on(12, 15, 2025).buy(100)
    story.run(1, 14, 2026)
    story.on(1, 15).buy(300)
    story.run(1, 31)
    found = borne(story, 13)
    assert [(bucket, points) for bucket, _, points in found] == [
        ("PURCHASE", 2_200),
        ("PURCHASE~1", 1_800),
    ]
    assert found[0][1] == 300


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        pytest.param(
            (10, 2, date(2026, 10, 2), 1100),
            {"PURCHASE": 2_000, "PURCHASE~1": 1_700},
            id="55(b)(3)-4.iii.A",
        ),
        pytest.param(
            (11, 1, date(2026, 9, 29), 250),
            {"PURCHASE~1": 1_700},
            id="55(b)(3)-4.iii.B",
        ),
    ],
)
def test_a_hold_is_no_transaction(posted: Any, expected: dict[str, int]) -> None:
    """2,000 at 17 %; told on September 15 of 20 % from October 30; a hold of 1,000 on the 28th. A:
    1,100 on October 2 bear 20 %. B: 250 of September 29 are charged on November 1 only; the issuer
    may apply 20 % to them, accounts keeps 17 %."""
    month, day, transacted, amount = posted
    story = opened(17)
    story.run(9, 13, 2026)
    story.on(9, 14).buy(2000)
    announce(story.on(9, 15), date(2026, 10, 30), rates=(apr(20),))
    hold(story.on(9, 28), 1000)
    story.run(month, day, 2026)
    stay(story, amount, transacted)
    story.run(11, 30, 2026)
    assert rates(story, 23) == expected


def test_forty_five_days_before_is_soon_enough_and_a_day_later_is_not() -> None:
    """Comment 55(a)-1.i.B: of a notice of July 25 the earliest day is September 8."""
    story = opened()
    story.run(7, 24, 2026)
    story.on(7, 25)
    late = announcement(story, date(2026, 9, 7), rates=(apr(18),))
    assert refused(story, late) == "NOTICE_TOO_SHORT"
    early = announcement(story, date(2026, 11, 23), rates=(apr(18),))
    assert refused(story, early) == "NOTICE_TOO_EARLY"
    told = announce(story, rates=(apr(18),))[0]
    assert isinstance(told, MigrationAnnounced)
    assert told.effective_on == date(2026, 9, 8)
    again = announcement(story, date(2026, 9, 9), rates=(apr(18),))
    assert refused(story, again) == "ANNOUNCED_DIFFERENTLY"
    another = announcement(story, number=3, rates=(apr(19),))
    assert refused(story, another) == "ANOTHER_VERSION_ANNOUNCED"


def test_no_rate_and_no_annual_fee_is_raised_in_the_first_year() -> None:
    """55(b)(3)(iii) and comment 55(b)(1)-4.iii: not before January 1 of year two; a fee of another
    kind may be."""
    story = opened()
    story.run(11, 14, 2025)
    story.on(11, 15, 2025)
    last_day = date(2025, 12, 31)
    yearly = Fee(kind=FeeKind.ANNUAL, amount_minor=50_00)
    for dearer in ({"rates": (apr(18),)}, {"fees": (yearly,)}):
        assert refused(story, announcement(story, last_day, **dearer)) == "FIRST_YEAR"
        story.decide(announcement(story, date(2026, 1, 1), **dearer))
    late = Fee(kind=FeeKind.LATE, amount_minor=20_00)
    story.decide(announcement(story, last_day, fees=(late,)))


DEARER: list[tuple[dict[str, Any], dict[str, Any], Raised]] = [
    ({}, {"rates": (apr(16),)}, Raised.RATES),
    ({}, {"rates": (apr(15), apr(20, CASH))}, Raised.RATES),
    ({}, {"rates": (apr(15), apr(29, kind=RateKind.PENALTY))}, Raised.RATES),
    (
        {},
        {"rates": (apr(15), replace(apr(16), effective_from=date(2030, 1, 1)))},
        Raised.RATES,
    ),
    ({}, {"fees_bear_interest": True}, Raised.RATES),
    ({}, {"promotions_end_past_due": True}, Raised.RATES),
    ({}, {"fees": (Fee(kind=FeeKind.ANNUAL, amount_minor=1),)}, Raised.ANNUAL_FEE),
    ({}, {"fees": (Fee(kind=FeeKind.CASH_ADVANCE, basis_points=1),)}, Raised.FEES),
    ({"fees": STANDARD.fees}, {"fee_caps": ()}, Raised.FEES),
    ({}, {"grace_days": 24}, Raised.GRACE),
    ({}, {"grace_regained_after_statements": 2}, Raised.GRACE),
    ({}, {"minimum_payment": replace(MIN, basis_points=1)}, Raised.MINIMUM_PAYMENT),
    ({}, {"interest_method": InterestMethod.DAILY_COMPOUNDING}, Raised.INTEREST_METHOD),
]


@pytest.mark.parametrize(("before", "change", "expected"), DEARER)
def test_whatever_is_dearer_is_announced(
    before: dict[str, Any], change: dict[str, Any], expected: Raised
) -> None:
    """1026.9(c)(2)(ii): what must be told, each by itself; the way back needs no notice."""
    if expected is Raised.FEES and "fee_caps" in change:
        before = {"fees": tuple(replace(f, amount_minor=80_00) for f in STANDARD.fees)}
    story = opened(**before)
    story.run(3, 1, 2026)
    assert refused(story, moving(story, **change)) == "NOTICE_NEEDED"
    (fact, *_) = story.decide(announcement(story, **change))
    assert isinstance(fact, MigrationAnnounced)
    assert fact.raised == (expected,)
    back = opened(**{**before, **change})
    terms: BillingTerms | None = story.state.in_force.billing
    assert terms
    same = {name: getattr(terms, name) for name in change}
    back.run(3, 1, 2026)
    assert refused(back, announcement(back, **same)) == "NOTICE_NOT_NEEDED"
    back.when(moving(back, **same))
    assert back.state.programme_version == 2


def test_a_holder_rejects_higher_fees_but_not_rates() -> None:
    """1026.9(h)(1) and (2)(i), (c)(2)(iv)(B)."""
    reject = RejectMigration(account_id="account", programme_version=2)
    story = opened()
    story.run(3, 1, 2026)
    assert refused(story, reject) == "NOTHING_ANNOUNCED"
    fee: dict[str, Any] = {"fees": (Fee(kind=FeeKind.CASH_ADVANCE, amount_minor=5_00),)}
    announce(story, **fee)
    story.when(reject)
    assert refused(story, announcement(story, **fee)) == "REJECTED_BY_HOLDER"
    story.run(6, 30, 2026)
    assert story.state.programme_version == 1
    announce(story, number=3, rates=(apr(18),))
    assert refused(story, replace(reject, programme_version=3)) == "NO_RIGHT_TO_REJECT"


def test_dearer_terms_are_not_for_an_account_that_cannot_be_used_on_their_day() -> None:
    """55(b)(3)(iii) and comment 55(b)(3)-6: they lapse, and have to be announced anew."""
    story = opened()
    story.run(3, 1, 2026)
    announce(story, rates=(apr(18),))
    story.run(4, 30, 2026)
    suspended: Any = {"account_id": "account", "reason": "REVIEW", "channel": Channel.OPERATOR}
    story.when(account.SuspendAccount(**suspended))
    facts = story.run(5, 1, 2026)
    assert "MigrationLapsed" in [type(fact).__name__ for fact in facts]
    story.when(account.ReinstateAccount(**suspended))
    story.run(7, 31, 2026)
    assert story.state.programme_version == 1
    announce(story, rates=(apr(18),))


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ({"basis_points": 400}, True),
        ({"basis_points": 401}, False),
        ({"basis_points": 200, "floor_minor": 50_01}, False),
        ({"basis_points": 100, "floor_minor": 20_00}, True),
    ],
)
def test_what_is_protected_is_repaid_by_no_less_beneficial_method(
    now: dict[str, Any], allowed: bool
) -> None:
    """55(c)(2)(iii)-2: fees, interest and 2 %, or 50: 4 % of what is protected may be asked for."""
    was = MinimumPaymentRule(
        floor_minor=50_00, basis_points=200, includes_interest=True, includes_fees=True
    )
    story = opened(minimum_payment=was)
    story.run(3, 1, 2026)
    asked = announcement(story, rates=(apr(18),), minimum_payment=replace(was, **now))
    if allowed:
        assert story.decide(asked)
    else:
        assert refused(story, asked) == "MINIMUM_NOT_PERMITTED"


def test_the_notice_says_each_term_that_changes_and_why() -> None:
    """1026.9(c)(2)(iv)(A)(1) and (8)."""
    story = opened(fees=(Fee(kind=FeeKind.LATE, amount_minor=5_00),), grace_days=25)
    story.run(3, 14, 2026)
    fees = (Fee(kind=FeeKind.LATE, amount_minor=5_00, repeated_minor=10_00),)
    may = date(2026, 5, 1)
    dearer = announcement(
        story.on(3, 15), may, rates=(apr(18), apr(20, CASH)), fees=fees, grace_days=21
    )
    (told,) = story.when(replace(dearer, reasons=("MARKET_CONDITIONS",)))
    assert isinstance(told, MigrationAnnounced)
    assert [(each.term, each.before, each.after, each.from_on) for each in told.changes] == [
        ("PURCHASE_RATE", 1_500, 1_800, may),
        ("CASH_ADVANCE_RATE", 1_500, 2_000, may),
        ("BALANCE_TRANSFER_RATE", 1_500, 1_800, may),
        ("LATE_FEE_REPEATED", 0, 10_00, may),
        ("GRACE_DAYS", 25, 21, may),
    ]
    assert told.reasons == ("MARKET_CONDITIONS",)
    assert told.currency == "GBP"


def test_a_penalty_rate_is_told_where_there_is_one() -> None:
    story = opened()
    story.run(3, 14, 2026)
    both = (apr(15), apr(29, kind=RateKind.PENALTY))
    (told,) = announce(story.on(3, 15), rates=both)
    assert isinstance(told, MigrationAnnounced)
    found = {(each.term, each.before, each.after) for each in told.changes}
    assert ("PURCHASE_PENALTY_RATE", 1_500, 2_900) in found
    assert all("PENALTY" in term for term, *_ in found)


def test_why_rates_rise_is_always_told_and_in_four_reasons_at_most() -> None:
    story = opened()
    story.run(3, 14, 2026)
    dearer = announcement(story.on(3, 15), rates=(apr(18),))
    with pytest.raises(Invalid, match="TOO_MANY_REASONS"):
        story.decide(replace(dearer, reasons=("A", "B", "C", "D", "E")))
    (told,) = story.when(dearer)
    assert isinstance(told, MigrationAnnounced)
    assert told.reasons == ("PROGRAMME_REPRICED",)


def test_a_rate_that_is_dearer_later_is_told_with_its_day() -> None:
    story = opened()
    story.run(3, 14, 2026)
    later = replace(apr(18), effective_from=date(2027, 1, 1))
    (told,) = announce(story.on(3, 15), date(2026, 5, 1), rates=(apr(15), later))
    assert isinstance(told, MigrationAnnounced)
    assert {(x.term, x.after, x.from_on) for x in told.changes} == {
        ("PURCHASE_RATE", 1_800, date(2027, 1, 1)),
        ("CASH_ADVANCE_RATE", 1_800, date(2027, 1, 1)),
        ("BALANCE_TRANSFER_RATE", 1_800, date(2027, 1, 1)),
    }
