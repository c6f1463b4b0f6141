"""Spend controls: what they decline, what counts, what is given back, and whose they are."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Fact
from services.accounts.domain import events
from services.accounts.domain.account import commands as account
from services.accounts.domain.controls import commands
from services.accounts.domain.controls.events import ControlSet
from services.accounts.domain.controls.metering import Window, code_of, moment_of, used
from services.accounts.domain.controls.state import Control, ControlKind, Scope
from services.accounts.domain.values import CardKind, Channel, EntryMode, LossKind, Merchant
from services.accounts.tests.stories import GROCER, NOW, TODAY, AccountStory, pounds

CASINO = Merchant(id="M-7", name="Casino", mcc="7995", country="MT")


def put(story: AccountStory, control_id: str = "control", **fields: Any) -> list[Fact]:
    """Set a control; `scope` fields are given beside the others."""
    of_scope = {
        name: fields.pop(name)
        for name in ("card_id", "mccs", "merchant_ids", "countries", "entry_modes")
        if name in fields
    }
    control = Control(control_id=control_id, scope=Scope(**of_scope), **fields)
    return story.when(commands.SetControl(account_id="account", control=control))


def lift(story: AccountStory, channel: Channel = Channel.HOLDER) -> list[Fact]:
    return story.when(
        commands.RemoveControl(account_id="account", control_id="control", channel=channel)
    )


def decided(fact: Fact) -> tuple[str, str, str]:
    """Response code, reason and control of a decision about a charge."""
    found: Any = fact
    return found.response_code, getattr(found, "reason", ""), getattr(found, "control_id", "")


APPROVED = ("00", "", "")
FORBIDDEN = ("57", "CONTROL_FORBIDS", "control")
TOO_MUCH = ("61", "CONTROL_AMOUNT_EXCEEDED", "control")
TOO_OFTEN = ("65", "CONTROL_COUNT_EXCEEDED", "control")


@pytest.mark.parametrize(
    "about",
    [
        {"mccs": ("5411",)},
        {"mccs": ("5400-5499",)},
        {"merchant_ids": ("M-1",)},
        {"countries": ("GB", "IE")},
        {"entry_modes": (EntryMode.CHIP,)},
        {"mccs": ("5411",), "countries": ("GB",), "card_id": "card"},
    ],
)
def test_a_block_declines_what_fits_and_an_allowance_everything_else(
    about: dict[str, Any],
) -> None:
    story = AccountStory()
    put(story, kind=ControlKind.BLOCK, **about)
    assert decided(story.authorise(5, "one")) == FORBIDDEN
    assert decided(story.authorise(0, "verification")) == FORBIDDEN
    other = {"merchant": CASINO, "entry_mode": EntryMode.ECOMMERCE}
    assert decided(story.authorise(5, "two", **other)) == APPROVED  # type: ignore[arg-type]
    put(story, kind=ControlKind.ALLOW, **about)
    assert decided(story.authorise(5, "three")) == APPROVED
    assert decided(story.authorise(5, "four", **other)) == FORBIDDEN  # type: ignore[arg-type]


def test_a_scope_of_several_lists_is_about_what_fits_them_all() -> None:
    story = AccountStory()
    put(story, kind=ControlKind.BLOCK, mccs=("5411",), countries=("FR",))
    assert decided(story.authorise(5)) == APPROVED


@pytest.mark.parametrize("rolling", [False, True])
@pytest.mark.parametrize("window", [Window.DAY, Window.WEEK, Window.MONTH, Window.LIFETIME])
def test_an_amount_and_a_number_are_limited_in_every_window(window: Window, rolling: bool) -> None:
    rolling = rolling and window is not Window.LIFETIME
    story = AccountStory()
    put(story, kind=ControlKind.AMOUNT, window=window, rolling=rolling, limit_minor=10_000)
    put(story, "number", kind=ControlKind.COUNT, window=window, rolling=rolling, times=2)
    assert decided(story.authorise(60, "one")) == APPROVED
    assert decided(story.authorise(50, "two")) == TOO_MUCH
    assert decided(story.authorise(40, "three")) == APPROVED
    put(story, kind=ControlKind.AMOUNT, window=window, rolling=rolling, limit_minor=90_000)
    assert decided(story.authorise(1, "four")) == ("65", "CONTROL_COUNT_EXCEEDED", "number")


def test_a_single_charge_is_limited_with_all_its_increments() -> None:
    story = AccountStory()
    put(story, kind=ControlKind.AMOUNT, limit_minor=10_000)
    assert decided(story.authorise(100.01, "dear")) == TOO_MUCH
    assert decided(story.authorise(70)) == APPROVED
    assert isinstance(story.increment("first", by=30), events.ChargeIncremented)
    assert decided(story.increment("second", by=0.01)) == TOO_MUCH


def test_an_increment_uses_the_amount_but_is_no_charge_of_its_own() -> None:
    story = AccountStory()
    put(story, kind=ControlKind.AMOUNT, window=Window.DAY, limit_minor=10_000)
    put(story, "number", kind=ControlKind.COUNT, window=Window.DAY, times=1)
    story.authorise(50)
    assert isinstance(story.increment("first", to=80), events.ChargeIncremented)
    declined = story.increment("second", to=110)
    assert isinstance(declined, events.ChargeIncrementDeclined)
    assert decided(declined) == TOO_MUCH


def now_used(story: AccountStory) -> tuple[int, int]:
    """What is used of the only control now, in minor units and charges."""
    ((control, meter),) = story.state.controls.every()
    return used(meter, code_of(control.window, control.rolling), moment_of(NOW, TODAY))


def test_what_falls_of_a_hold_is_given_back_but_not_that_there_was_a_charge() -> None:
    story = AccountStory()
    put(story, kind=ControlKind.AMOUNT, window=Window.DAY, limit_minor=100_000)
    story.authorise(50)
    assert now_used(story) == (5_000, 1)
    story.reverse(20)
    assert now_used(story) == (3_000, 1)
    story.clear(10, final=False)
    assert now_used(story) == (3_000, 1)
    story.clear(15, clearing_id="last")
    assert now_used(story) == (2_500, 1)
    story.refund(25)
    assert now_used(story) == (2_500, 1)


def test_an_expired_hold_is_given_back_and_taken_again_when_it_is_cleared_late() -> None:
    story = AccountStory()
    put(story, kind=ControlKind.AMOUNT, window=Window.DAY, limit_minor=100_000)
    story.authorise(50)
    story.expire(days=8)
    assert now_used(story) == (0, 1)
    story.clear(50)
    assert now_used(story) == (5_000, 1)


def test_declines_and_verifications_use_nothing() -> None:
    story = AccountStory()
    put(story, kind=ControlKind.COUNT, window=Window.DAY, times=9)
    story.authorise(5_000, "dear")
    story.authorise(0, "verification")
    assert now_used(story) == (0, 0)


def test_a_control_of_a_card_is_not_about_another_and_follows_its_replacement() -> None:
    story = AccountStory()
    story.when(
        account.IssueCard(
            account_id="account",
            card=account.NewCard(card_id="other", last_four="1111", kind=CardKind.VIRTUAL),
        )
    )
    put(story, card_id="card", kind=ControlKind.AMOUNT, window=Window.DAY, limit_minor=10_000)
    assert decided(story.authorise(60, "one")) == APPROVED
    assert decided(story.authorise(600, "two", card_id="other")) == APPROVED
    story.when(
        account.ReportCardLost(
            account_id="account",
            card_id="card",
            kind=LossKind.LOST,
            channel=Channel.HOLDER,
            replacement=account.NewCard(card_id="new", last_four="9", kind=CardKind.VIRTUAL),
        )
    )
    assert decided(story.authorise(50, "three", card_id="new")) == TOO_MUCH
    assert decided(story.authorise(40, "four", card_id="new")) == APPROVED


def test_a_limit_that_is_changed_knows_what_was_used() -> None:
    story = AccountStory()
    put(story, kind=ControlKind.AMOUNT, window=Window.DAY, limit_minor=10_000)
    story.authorise(60, "one")
    put(story, kind=ControlKind.AMOUNT, window=Window.WEEK, limit_minor=5_000)
    assert decided(story.authorise(0.01, "two")) == TOO_MUCH


def test_a_fixed_day_begins_anew_and_a_rolling_one_does_not() -> None:
    story, tomorrow = AccountStory(), TODAY + timedelta(days=1)
    put(story, kind=ControlKind.AMOUNT, window=Window.DAY, limit_minor=10_000)
    put(story, "rolling", kind=ControlKind.COUNT, window=Window.DAY, rolling=True, times=1)
    assert decided(story.authorise(90, "one")) == APPROVED
    assert decided(story.authorise(90, "two", on=tomorrow))[2] == "rolling"
    lifted = commands.RemoveControl(
        account_id="account", control_id="rolling", channel=Channel.HOLDER
    )
    story.when(lifted)
    assert decided(story.authorise(90, "three", on=tomorrow)) == APPROVED


def test_a_holder_lifts_their_own_control_and_not_the_issuers() -> None:
    story = AccountStory()
    put(story, kind=ControlKind.BLOCK, mccs=("5411",))
    lift(story)
    assert decided(story.authorise(5)) == APPROVED
    put(story, kind=ControlKind.BLOCK, mccs=("5411",), channel=Channel.OPERATOR)
    with pytest.raises(Refused, match="CONTROL_OF_ISSUER"):
        lift(story)
    with pytest.raises(Refused, match="CONTROL_OF_ISSUER"):
        put(story, kind=ControlKind.BLOCK, mccs=("7995",))
    lift(story, Channel.OPERATOR)
    assert not story.state.controls.number


def test_the_issuer_takes_a_control_over() -> None:
    story = AccountStory()
    put(story, kind=ControlKind.BLOCK, mccs=("5411",))
    (fact,) = put(story, kind=ControlKind.BLOCK, mccs=("5411",), channel=Channel.RISK)
    assert isinstance(fact, ControlSet)
    assert fact.channel is Channel.RISK
    with pytest.raises(Refused, match="CONTROL_OF_ISSUER"):
        lift(story)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": ControlKind.BLOCK}, "SCOPE_EMPTY"),
        ({"kind": ControlKind.COUNT, "times": 3}, "WINDOW_MISSING"),
        ({"kind": ControlKind.AMOUNT, "limit_minor": -1}, "LIMIT_NEGATIVE"),
        (
            {"kind": ControlKind.AMOUNT, "window": Window.LIFETIME, "rolling": True},
            "WINDOW_NOT_ROLLING",
        ),
    ],
)
def test_a_control_that_says_nothing_is_malformed(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        put(AccountStory(), **fields)


def test_a_control_is_about_a_card_and_a_group_that_exist() -> None:
    with pytest.raises(NotFound, match="CARD_NOT_FOUND"):
        put(AccountStory(), kind=ControlKind.BLOCK, mccs=("5411",), card_id="nobody's")
    with pytest.raises(Refused, match="MCC_GROUP_UNKNOWN"):
        put(AccountStory(), kind=ControlKind.BLOCK, mcc_groups=("GAMBLING",))


def test_there_is_an_end_to_controls() -> None:
    story = AccountStory()
    for number in range(100):
        control = Control(
            control_id=f"c{number}", kind=ControlKind.BLOCK, scope=Scope(mccs=(f"{number:04}",))
        )
        story.given(*story.decide(commands.SetControl(account_id="account", control=control)))
    with pytest.raises(Refused, match="TOO_MANY_CONTROLS"):
        put(story, kind=ControlKind.BLOCK, mccs=("5411",))


def test_what_a_limit_costs_does_not_grow_with_what_happened() -> None:
    story = AccountStory(limit=10_000_000)
    put(story, kind=ControlKind.AMOUNT, window=Window.MONTH, limit_minor=10**9)
    begin = datetime.combine(date(2026, 1, 1), NOW.timetz())
    for number in range(400):
        at = begin + timedelta(hours=7 * number)
        command = account.AuthoriseCharge(
            account_id="account",
            charge_id=f"charge {number}",
            card_id="card",
            amount=pounds(1),
            merchant=GROCER,
            transaction_date=at.date(),
            transaction_at=at,
        )
        story.given(*story.decide(command))
    ((_, meter),) = story.state.controls.every()
    assert len(meter.hours.buckets) <= 25
    assert len(meter.days.buckets) <= 31
    assert used(meter, code_of(Window.LIFETIME, False), moment_of(NOW, TODAY)) == (40_000, 400)


@pytest.mark.parametrize("rolling", [False, True])
def test_what_is_posted_without_approval_uses_the_limits_too(rolling: bool) -> None:
    story = AccountStory()
    put(story, kind=ControlKind.AMOUNT, window=Window.DAY, rolling=rolling, limit_minor=10_000)
    put(story, "number", kind=ControlKind.COUNT, window=Window.MONTH, times=2)
    story.clear(120, "", "forced", merchant=GROCER)
    assert decided(story.authorise(1, "one")) == TOO_MUCH
    for charge_id, said in (("two", APPROVED), ("three", (*TOO_OFTEN[:2], "number"))):
        assert decided(two_days_later(story, charge_id)) == said


def two_days_later(story: AccountStory, charge_id: str) -> Fact:
    (fact,) = story.when(
        account.AuthoriseCharge(
            account_id="account",
            charge_id=charge_id,
            card_id="card",
            amount=pounds(1),
            merchant=GROCER,
            transaction_date=TODAY + timedelta(days=2),
            transaction_at=NOW + timedelta(days=2),
        )
    )
    return fact


@pytest.mark.parametrize("clears_first", [True, False])
def test_limits_are_used_alike_in_whatever_order_a_charge_and_its_clearing_come(
    clears_first: bool,
) -> None:
    story = AccountStory()
    put(story, kind=ControlKind.AMOUNT, window=Window.DAY, limit_minor=10_000)
    put(story, "number", kind=ControlKind.COUNT, window=Window.DAY, times=2)
    if clears_first:
        story.clear(60, merchant=GROCER)
        story.authorise(60)
    else:
        story.authorise(60)
        story.clear(60, merchant=GROCER)
    assert decided(story.authorise(40.01, "too much")) == TOO_MUCH
    assert decided(story.authorise(40, "fits")) == APPROVED
    assert decided(story.authorise(0.01, "one more")) == TOO_MUCH


def test_what_was_approved_and_not_counted_is_not_counted_when_it_is_posted() -> None:
    story = AccountStory()
    story.authorise(60)
    put(story, kind=ControlKind.AMOUNT, window=Window.DAY, limit_minor=10_000)
    story.clear(60)
    assert decided(story.authorise(100, "all")) == APPROVED
