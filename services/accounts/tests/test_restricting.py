"""What people decide in risk is obeyed: whoever is on a list of sanctions may use no account, until
people say otherwise, and a card of confirmed fraud is blocked."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import customer_screenings_service_pb2 as pb
from cards.risk.v1 import events_pb2 as risk
from cards.risk.v1 import screening_service_pb2 as lists
from hypothesis import given
from hypothesis import strategies as st

from chassis.call import Principal
from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact
from chassis.testing.harness import BEGINNING
from services.accounts.app import rescreenings
from services.accounts.domain.account.commands import RestrictAccount, SuspendAccount
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.customer import CUSTOMER, Customer, RegisterCustomer, SealedProfile
from services.accounts.domain.customers import commands
from services.accounts.domain.customers.events import CustomerRestricted
from services.accounts.domain.events import AccountSuspended, CardBlocked
from services.accounts.domain.standing.commands import ChangeStanding
from services.accounts.domain.values import AccountStatus, Channel
from services.accounts.tests.conftest import GROCER, Door, gbp
from services.accounts.tests.stories import AccountStory

CONTEXT = Context(now=BEGINNING, actor="tester", new_id=lambda: "fresh")
OFFICER = Principal("operator:orla", "operator", ("compliance_officer",))
SANCTIONS, EXPOSED = "SANCTIONS", "POLITICALLY_EXPOSED"
SUSPENDED = accounts.ACCOUNT_STATUS_SUSPENDED


async def a_holder(door: Door, accounts_of: int = 2) -> tuple[str, list[Any]]:
    details = accounts.PersonalDetails(
        given_name="Ada",
        family_name="Canary",
        email="nobody@example.com",
        date_of_birth="1990-12-10",
    )
    await door.define()
    customer_id = str((await door("RegisterCustomer", details=details)).customer_id)
    return customer_id, [await opened(door, customer_id) for _ in range(accounts_of)]


async def opened(door: Door, customer_id: str) -> Any:
    asked: Any = {"customer_id": customer_id, "programme_id": "everyday"}
    return (await door("OpenAccount", **asked)).account


async def decided(
    door: Door,
    customer_id: str,
    purpose: str = SANCTIONS,
    decision: str = "TRUE_MATCH",
    hit_id: str = "h" * 32,
) -> None:
    """What risk tells of an officer's decision, and what follows by itself."""
    message = risk.ScreeningHitDecided(
        hit_id=hit_id,
        screening_id="s" * 32,
        subject_id=customer_id,
        decision=decision,
        decided_by="operator:orla",
        purpose=purpose,
    )
    await door.node.take_in(message, stream=f"screening_subject-{customer_id}")
    await follow(door)


async def follow(door: Door) -> None:
    while await door.node.timers_due():
        pass


async def statuses(door: Door, held: Sequence[Any]) -> set[tuple[int, str]]:
    found = [(await door("GetAccount", account_id=each.account_id)).account for each in held]
    return {(each.status, each.status_reason) for each in found}


async def test_who_is_on_a_list_of_sanctions_may_use_no_account(door: Door) -> None:
    ada, held = await a_holder(door)
    _, others = await a_holder(door, 1)
    await decided(door, ada)
    assert await statuses(door, held) == {(SUSPENDED, "SANCTIONS_MATCH")}
    assert await statuses(door, others) == {(accounts.ACCOUNT_STATUS_ACTIVE, "")}
    suspended = [each for each in door.node.facts() if isinstance(each, AccountSuspended)]
    assert {each.channel for each in suspended} == {Channel.RISK}
    assert (await door("GetCustomer", customer_id=ada)).restricted_because == "SANCTIONS_MATCH"
    with pytest.raises(Refused, match="CUSTOMER_RESTRICTED"):
        await opened(door, ada)
    card_id = held[0].cards[0].card_id
    charge = await door("AuthoriseCharge", card_id=card_id, amount=gbp(5), merchant=GROCER)
    assert charge.charge.reason == "ACCOUNT_SUSPENDED"


async def test_the_cards_that_they_hold_of_others_are_blocked(door: Door) -> None:
    """Nothing says to the account's holder why, and no other card is touched."""
    ada, _ = await a_holder(door, 0)
    _, (account,) = await a_holder(door, 1)
    wanted = {"account_id": account.account_id, "kind": accounts.CARD_KIND_VIRTUAL}
    held = [(await door("OrderCard", cardholder_id=ada, **wanted)).card for _ in range(2)]
    await decided(door, ada)
    cards = {each.card_id: each for each in (await door("ListCards", **of(account))).cards}
    mine = cards.pop(account.cards[0].card_id)
    assert (mine.status, mine.status_reason) == (accounts.CARD_STATUS_ACTIVE, "")
    assert set(cards) == {each.card_id for each in held}
    blocked = (accounts.CARD_STATUS_BLOCKED, "CARDHOLDER_RESTRICTED")
    assert {(each.status, each.status_reason) for each in cards.values()} == {blocked}
    unblock = {"card_id": held[0].card_id, "reason": "LICENSED"}
    for call, asked in (("UnblockCard", unblock), ("OrderCard", {"cardholder_id": ada, **wanted})):
        with pytest.raises(Refused, match="CUSTOMER_RESTRICTED"):
            await door(call, **asked)
    await door("LiftRestriction", customer_id=ada, reason="LICENSED", as_=OFFICER)
    card = (await door("UnblockCard", **unblock)).card
    assert card.status == accounts.CARD_STATUS_ACTIVE


def of(account: Any) -> dict[str, Any]:
    return {"account_id": account.account_id}


async def test_people_and_nobody_else_let_them_use_accounts_again(door: Door) -> None:
    ada, (first, second) = await a_holder(door)
    await decided(door, ada)
    again = {"account_id": first.account_id, "reason": "LICENSED"}
    with pytest.raises(Refused, match="CUSTOMER_RESTRICTED"):
        await door("ReinstateAccount", **again)
    for _ in range(2):
        await door("LiftRestriction", customer_id=ada, reason="LICENSED", as_=OFFICER)
    await door("ReinstateAccount", **again)
    await follow(door)
    assert await statuses(door, [first]) == {(accounts.ACCOUNT_STATUS_ACTIVE, "")}
    assert await statuses(door, [second]) == {(SUSPENDED, "SANCTIONS_MATCH")}
    await opened(door, ada)
    await decided(door, ada)
    assert await statuses(door, [first]) == {(accounts.ACCOUNT_STATUS_ACTIVE, "")}
    await decided(door, ada, hit_id="i" * 32)
    assert await statuses(door, [first]) == {(SUSPENDED, "SANCTIONS_MATCH")}


async def test_nobody_is_lifted_who_is_no_customer(door: Door) -> None:
    with pytest.raises(NotFound, match="CUSTOMER_NOT_FOUND"):
        await door("LiftRestriction", customer_id="0" * 32, reason="LICENSED")


@pytest.mark.parametrize(
    ("purpose", "decision"),
    [(EXPOSED, "TRUE_MATCH"), (SANCTIONS, "FALSE_POSITIVE"), ("", "TRUE_MATCH")],
)
async def test_nobody_is_barred_for_less(door: Door, purpose: str, decision: str) -> None:
    ada, held = await a_holder(door)
    await decided(door, ada, purpose, decision)
    await decided(door, "partner-1")
    assert await statuses(door, held) == {(accounts.ACCOUNT_STATUS_ACTIVE, "")}
    assert not [each for each in door.node.facts() if isinstance(each, CustomerRestricted)]


@pytest.mark.parametrize(
    ("purpose", "barred"),
    [
        (lists.SCREENING_LIST_PURPOSE_SANCTIONS, True),
        (lists.SCREENING_LIST_PURPOSE_POLITICALLY_EXPOSED, False),
    ],
)
async def test_what_people_settle_here_bars_too(door: Door, purpose: Any, barred: bool) -> None:
    ada, held = await a_holder(door)
    door.risk.listed = {"Ada Canary": purpose}
    await door.node.caught_up()
    await rescreenings(door.node.ports).work()
    await door.node.caught_up()
    (row,) = (await door("ListCustomerMatches")).screenings
    settled = {
        "customer_id": ada,
        "screening_id": row.screening_id,
        "decision": pb.CUSTOMER_SCREENING_STATUS_TRUE_MATCH,
    }
    await door("ResolveCustomerMatch", as_=OFFICER, **settled)
    await follow(door)
    wanted = (SUSPENDED, "SANCTIONS_MATCH") if barred else (accounts.ACCOUNT_STATUS_ACTIVE, "")
    assert await statuses(door, held) == {wanted}


def test_the_graver_reason_takes_the_place_of_another() -> None:
    story = AccountStory()
    arrears = SuspendAccount(account_id="account", reason="ARREARS", channel=Channel.OPERATOR)
    restrict = RestrictAccount(account_id="account", reason="SANCTIONS_MATCH")
    for order in permutations((arrears, restrict)):
        state = story.state
        for command in order:
            for _ in range(2):
                facts = CREDIT_ACCOUNT.decide(state, command, CONTEXT)
                state = CREDIT_ACCOUNT.fold(facts, state)
        assert (state.status, state.status_reason) == (AccountStatus.SUSPENDED, "SANCTIONS_MATCH")


def test_what_is_closed_already_stays_as_it_is() -> None:
    story = AccountStory()
    story.when(
        ChangeStanding(
            account_id="account",
            status=AccountStatus.CLOSED,
            reason="REQUESTED",
            channel=Channel.HOLDER,
        )
    )
    assert story.decide(RestrictAccount(account_id="account", reason="SANCTIONS_MATCH")) == ()


@pytest.mark.parametrize(
    ("scope", "decision", "blocked"),
    [
        ("card", "confirmed_fraud", True),
        ("account", "confirmed_fraud", True),
        ("merchant", "confirmed_fraud", False),
        ("card", "genuine", False),
    ],
)
async def test_the_card_of_a_charge_that_an_analyst_calls_fraud_is_blocked(
    door: Door, scope: str, decision: str, blocked: bool
) -> None:
    account = await door.open()
    decided = risk.AlertDecided(
        account_id=account.account_id,
        card_id=account.cards[0].card_id,
        scope=scope,
        decision=decision,
    )
    await door.node.take_in(decided, position=7)
    await door.node.take_in(decided, position=7)
    found = [fact for fact in door.node.facts() if isinstance(fact, CardBlocked)]
    assert [(each.reason, each.channel) for each in found] == [("FRAUD", "RISK")] * blocked


# Laws of the customer

PROFILE = SealedProfile(
    given_name="sealed",
    family_name="sealed",
    email="",
    phone="",
    date_of_birth="",
    address="",
    locale="",
)
REGISTER = RegisterCustomer(customer_id="ada", profile=PROFILE, profile_digest="d")
causes = st.sampled_from(["h1", "h2", "h3"])
restrictions = st.builds(
    commands.RestrictCustomer,
    customer_id=st.just("ada"),
    cause_id=causes,
    reason=st.just("SANCTIONS_MATCH"),
    by=st.just("operator:orla"),
)
lifts = st.builds(
    commands.LiftCustomerRestriction,
    customer_id=st.just("ada"),
    reason=st.just("LICENSED"),
    by=st.just("operator:orla"),
)
attachments = st.builds(
    commands.AttachAccount,
    customer_id=st.just("ada"),
    account_id=st.sampled_from(["a1", "a2", "a3"]),
)


def told(asked: Sequence[Command]) -> tuple[Customer, list[Fact]]:
    """The customer and the facts after commands, each given twice; what is refused does nothing."""
    made: list[Fact] = []
    for command in (REGISTER, *asked):
        for again in range(2):
            try:
                facts = CUSTOMER.decide(CUSTOMER.fold(made), command, CONTEXT)
            except Refused:
                # A restricted customer gets no account, which is what is looked at below.
                continue
            assert not (again and facts)
            made += facts
    return CUSTOMER.fold(made), made


holdings = st.builds(
    commands.AttachHolding,
    customer_id=st.just("ada"),
    account_id=st.sampled_from(["a4", "a5"]),
)


@given(st.lists(st.one_of(restrictions, lifts, attachments, holdings), max_size=20))
def test_a_cause_restricts_once_and_no_account_escapes(asked: list[Command]) -> None:
    state, made = told(asked)
    restricted = [each for each in made if isinstance(each, CustomerRestricted)]
    assert len({each.cause_id for each in restricted}) == len(restricted)
    if state.restricted_because:
        assert set(restricted[-1].account_ids) == set(state.account_ids)
        assert set(restricted[-1].holding_ids) == set(state.holding_ids)


@given(st.lists(restrictions, min_size=1, max_size=6))
def test_in_whatever_order_the_causes_come_it_ends_the_same(asked: list[Command]) -> None:
    there, _ = told(asked)
    back, _ = told(list(reversed(asked)))
    assert there.restricted_because == back.restricted_because == "SANCTIONS_MATCH"
    assert set(there.causes) == set(back.causes)
