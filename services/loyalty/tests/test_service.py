"""The loyalty service on a real store: what others say goes in, what callers ask comes out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import events_pb2 as accounts
from cards.loyalty.v1 import loyalty_service_pb2 as pb
from cards.type.v1.money_pb2 import Money

from chassis.answers import timestamp
from chassis.call import Principal, entered
from chassis.kernel.errors import NotFound, Refused, Unavailable
from chassis.testing.harness import TestNode, call, running
from services.loyalty.app import build
from services.loyalty.domain.events import PointsEarned
from services.loyalty.grpc_api import LoyaltyApi
from services.loyalty.rule_reader import RuleReader

ACCOUNT = "account-1"
STREAM = f"credit_account-{ACCOUNT}"
NO_CONTEXT: Any = None


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[TestNode]:
    async with running(build(), tmp_path) as node:
        yield node


@pytest.fixture
def api(node: TestNode) -> LoyaltyApi:
    api = node.rpcs()[0][1]
    assert isinstance(api, LoyaltyApi)
    return api


def pounds(minor_units: int) -> Money:
    return Money(minor_units=minor_units, currency_code="GBP")


async def authorise(node: TestNode, charge: str, minor: int) -> None:
    said = accounts.ChargeAuthorised(
        account_id=ACCOUNT, customer_id="customer-1", charge_id=charge, amount=pounds(minor)
    )
    await node.take_in(said, stream=STREAM)


async def clear(
    node: TestNode,
    clearing: str,
    charge: str,
    minor: int,
    mcc: str = "5999",
    *,
    final: bool = False,
) -> None:
    said = accounts.ChargeCleared(
        account_id=ACCOUNT,
        customer_id="customer-1",
        charge_id=charge,
        clearing_id=clearing,
        amount=pounds(minor),
        merchant=accounts.Merchant(mcc=mcc),
        final=final,
    )
    await node.take_in(said, stream=STREAM)


async def refund(node: TestNode, refund: str, charge: str, minor: int) -> None:
    said = accounts.ChargeRefunded(
        account_id=ACCOUNT,
        customer_id="customer-1",
        refund_id=refund,
        charge_id=charge,
        amount=pounds(minor),
    )
    await node.take_in(said, stream=STREAM)


async def reverse_refund(
    node: TestNode, reversal: str, refund: str, charge: str, minor: int
) -> None:
    said = accounts.RefundReversed(
        account_id=ACCOUNT,
        customer_id="customer-1",
        refund_id=refund,
        charge_id=charge,
        reversal_id=reversal,
        amount=pounds(minor),
        merchant=accounts.Merchant(mcc="5999"),
    )
    await node.take_in(said, stream=STREAM)


async def points(api: LoyaltyApi) -> pb.GetPointsResponse:
    return await api.GetPoints(pb.GetPointsRequest(account_id=ACCOUNT), NO_CONTEXT)


async def redeem(api: LoyaltyApi, key: str, points: int) -> pb.RedeemPointsResponse:
    with entered(call("loyalty.RedeemPoints", key)):
        return await api.RedeemPoints(
            pb.RedeemPointsRequest(
                idempotency_key=key, account_id=ACCOUNT, points=points, purpose="VOUCHER"
            ),
            NO_CONTEXT,
        )


async def test_a_charge_earns_when_it_clears_and_is_pending_until_then(
    node: TestNode, api: LoyaltyApi
) -> None:
    await authorise(node, "h1", 80_00)
    assert (await points(api)).pending == 80
    await clear(node, "c1", "h1", 80_00)
    seen = await points(api)
    assert (seen.balance, seen.available, seen.pending) == (80, 80, 0)
    assert [(each.expires_on, each.points) for each in seen.expiring] == [("2028-01-31", 80)]


async def test_a_reversed_charge_and_an_expired_hold_leave_nothing_pending(
    node: TestNode, api: LoyaltyApi
) -> None:
    await authorise(node, "h1", 80_00)
    await authorise(node, "h2", 20_00)
    reversal = accounts.ChargeReversed(account_id=ACCOUNT, charge_id="h1", full=False)
    await node.take_in(reversal, stream=STREAM)
    assert (await points(api)).pending == 100
    reversal.full = True
    await node.take_in(reversal, stream=STREAM)
    hold = accounts.HoldExpired(account_id=ACCOUNT, charge_id="h2")
    await node.take_in(hold, stream=STREAM)
    assert (await points(api)).pending == 0


async def test_pending_points_follow_what_is_expected_of_a_charge(
    node: TestNode, api: LoyaltyApi
) -> None:
    of_charge: dict[str, Any] = {
        "account_id": ACCOUNT,
        "customer_id": "customer-1",
        "charge_id": "h1",
    }
    await authorise(node, "h1", 5_000)
    changes: list[tuple[Any, int]] = [
        (accounts.ChargeReversed(**of_charge, reversal_id="v1", amount=pounds(2_000)), 30),
        (accounts.ChargeIncremented(**of_charge, increment_id="i1", amount=pounds(4_550)), 45),
        (accounts.ChargeAdvised(**of_charge, advice_id="a1", amount=pounds(4_000)), 40),
    ]
    for said, pending in changes:
        await node.take_in(said, stream=STREAM)
        assert (await points(api)).pending == pending
    # Cleared in parts, the rest is still to come, until a part is the last.
    await clear(node, "cl-1", "h1", 1_050)
    assert ((await points(api)).balance, (await points(api)).pending) == (10, 29)
    said = accounts.ChargeIncremented(**of_charge, increment_id="i2", amount=pounds(6_050))
    await node.take_in(said, stream=STREAM)
    assert (await points(api)).pending == 50
    await clear(node, "cl-2", "h1", 1_000, final=True)
    assert ((await points(api)).balance, (await points(api)).pending) == (20, 0)
    said = accounts.ChargeIncremented(**of_charge, increment_id="i3", amount=pounds(9_000))
    await node.take_in(said, stream=STREAM)
    assert (await points(api)).pending == 0


async def test_a_refund_that_is_reversed_costs_no_points(node: TestNode, api: LoyaltyApi) -> None:
    await clear(node, "cl-1", "c-1", 10_000)
    await refund(node, "r-1", "c-1", 10_000)
    assert (await points(api)).balance == 0
    await reverse_refund(node, "v-1", "r-1", "c-1", 4_000)
    assert (await points(api)).balance == 40
    await reverse_refund(node, "v-1", "r-1", "c-1", 4_000)
    await reverse_refund(node, "v-2", "r-1", "c-1", 6_000)
    assert (await points(api)).balance == 100
    # The charge can be refunded once more, and then nothing of it is left.
    await refund(node, "r-2", "c-1", 10_000)
    assert (await points(api)).balance == 0
    # A refund that named no charge took by the rate, and by the rate it comes back.
    await clear(node, "cl-2", "c-2", 700)
    await refund(node, "r-3", "", 500)
    assert (await points(api)).balance == 2
    await reverse_refund(node, "v-3", "r-3", "", 500)
    assert (await points(api)).balance == 7
    await node.caught_up()
    asked = pb.ExplainAwardRequest(account_id=ACCOUNT, charge_id="r-3")
    explained = await api.ExplainAward(asked, NO_CONTEXT)
    assert [(each.reference, each.points) for each in explained.steps] == [("r-3", -5), ("v-3", 5)]


async def test_an_opened_account_has_points_at_once_and_an_unknown_one_none(
    node: TestNode, api: LoyaltyApi
) -> None:
    with pytest.raises(NotFound, match="POINTS_ACCOUNT_NOT_FOUND"):
        await points(api)
    said = accounts.AccountOpened(account_id=ACCOUNT, customer_id="customer-1")
    await node.take_in(said, stream=STREAM)
    assert (await points(api)).balance == 0
    assert await node.resources()["PointsAccount"](ACCOUNT) == {"owner": "customer-1"}
    assert await node.resources()["PointsAccount"]("nobody") is None


async def test_what_happened_can_be_read_and_explained(node: TestNode, api: LoyaltyApi) -> None:
    await clear(node, "c1", "h1", 100_00, mcc="5411")
    await clear(node, "c2", "h2", 50_00)
    redeemed = await redeem(api, "k1", 160)
    assert [part.points for part in redeemed.parts] == [150, 10]
    await refund(node, "f1", "h1", 50_00)
    await node.caught_up()

    lots = await api.ListLots(pb.ListLotsRequest(account_id=ACCOUNT), NO_CONTEXT)
    assert [(x.clearing_id, x.available, x.consumed, x.taken_back) for x in lots.lots] == [
        ("c1", 0, 150, 0),
        ("c2", 0, 10, 40),
    ]
    moves = await api.ListPointMovements(
        pb.ListPointMovementsRequest(account_id=ACCOUNT), NO_CONTEXT
    )
    assert [(pb.MovementKind.Name(x.kind)[14:], x.points, x.debt) for x in moves.movements] == [
        ("DEBT_INCURRED", 0, 35),
        ("TAKEN_BACK", -40, 0),
        ("REDEEMED", -160, 0),
        ("EARNED", 50, 0),
        ("EARNED", 150, 0),
    ]
    assert (await points(api)).balance == sum(x.points - x.debt for x in moves.movements)
    why = await api.ExplainAward(
        pb.ExplainAwardRequest(account_id=ACCOUNT, charge_id="h1"), NO_CONTEXT
    )
    assert [(s.basis, s.points) for s in why.steps] == [("earned", 150), ("proportional", -75)]
    assert [(line.rule_id, line.points) for line in why.steps[0].lines] == [
        ("base", 100),
        ("groceries", 50),
    ]
    with pytest.raises(NotFound, match="AWARD_UNKNOWN"):
        await api.ExplainAward(
            pb.ExplainAwardRequest(account_id=ACCOUNT, charge_id="h9"), NO_CONTEXT
        )


async def test_lists_come_in_pages(node: TestNode, api: LoyaltyApi) -> None:
    for number in range(5):
        await clear(node, f"c{number}", f"h{number}", 10_00)
    await node.caught_up()
    seen, token = [], ""
    for _ in range(3):
        page = await api.ListLots(
            pb.ListLotsRequest(account_id=ACCOUNT, page_size=2, page_token=token), NO_CONTEXT
        )
        seen += [lot.clearing_id for lot in page.lots]
        token = page.next_page_token
    assert seen == [f"c{number}" for number in range(5)]
    assert token == ""


async def test_a_returned_redemption_can_be_read_in_the_lots(
    node: TestNode, api: LoyaltyApi
) -> None:
    await clear(node, "c1", "h1", 30_00)
    redeemed = await redeem(api, "k1", 20)
    with entered(call("loyalty.ReturnRedemption", "k2")):
        returned = await api.ReturnRedemption(
            pb.ReturnRedemptionRequest(
                idempotency_key="k2",
                account_id=ACCOUNT,
                redemption_id=redeemed.redemption_id,
            ),
            NO_CONTEXT,
        )
    assert returned.available == 30
    await node.caught_up()
    lots = await api.ListLots(
        pb.ListLotsRequest(account_id=ACCOUNT, only_available=True), NO_CONTEXT
    )
    assert [(lot.available, lot.consumed) for lot in lots.lots] == [(30, 0)]


async def test_points_expire_by_themselves(node: TestNode, api: LoyaltyApi) -> None:
    await clear(node, "c1", "h1", 30_00)
    await clear(node, "c2", "h2", 10_00)
    node.clock.advance(timedelta(days=762))
    await node.timers_due()
    assert (await points(api)).balance == 0
    await node.caught_up()
    lots = await api.ListLots(pb.ListLotsRequest(account_id=ACCOUNT), NO_CONTEXT)
    assert {lot.state for lot in lots.lots} == {pb.LOT_STATE_EXPIRED}


async def test_two_people_change_the_rules_and_later_charges_earn_by_them(
    node: TestNode, api: LoyaltyApi
) -> None:
    ann = Principal("operator:ann", "operator", ("operator",))
    bob = Principal("operator:bob", "operator", ("operator",))
    generous = pb.RuleSet(
        base_rates=[pb.BaseRate(currency_code="GBP", points=3, per_minor_units=100)],
        expiry_months=1,
    )
    with entered(call("loyalty.ProposeRuleSet", "k1", principal=ann)):
        proposed = await api.ProposeRuleSet(
            pb.ProposeRuleSetRequest(idempotency_key="k1", rule_set=generous), NO_CONTEXT
        )
    request = pb.ActivateRuleSetRequest(
        idempotency_key="k2", rule_set_version=proposed.rule_set_version
    )
    with (
        entered(call("loyalty.ActivateRuleSet", "k2", principal=ann)),
        pytest.raises(Refused, match="SECOND_PERSON_REQUIRED"),
    ):
        await api.ActivateRuleSet(request, NO_CONTEXT)
    with entered(call("loyalty.ActivateRuleSet", "k2", principal=bob)):
        activated = await api.ActivateRuleSet(request, NO_CONTEXT)
    assert activated.effective_from == timestamp(node.clock.now() + timedelta(seconds=60))
    await clear(node, "c1", "h1", 10_00)
    node.clock.advance(timedelta(seconds=60))
    # Until the book was read again nobody may say by which rules this charge earns.
    with pytest.raises(Unavailable, match="RULES_NOT_READ"):
        await clear(node, "c2", "h2", 10_00)
    assert node.service.prepare is not None
    await node.service.prepare(node.ports)
    await clear(node, "c2", "h2", 10_00)
    earned = [fact.points for fact in node.facts() if isinstance(fact, PointsEarned)]
    assert earned == [10, 30]
    listed = await api.ListRuleSets(pb.ListRuleSetsRequest(), NO_CONTEXT)
    assert [each.in_force for each in listed.rule_sets] == [False, True]
    assert listed.rule_sets[1].rule_set == generous


async def test_a_reader_that_has_read_nothing_knows_no_rules(node: TestNode) -> None:
    with pytest.raises(Unavailable, match="RULES_NOT_READ"):
        RuleReader().in_force(node.clock.now())


async def test_read_models_can_be_rebuilt(node: TestNode, api: LoyaltyApi) -> None:
    await clear(node, "c1", "h1", 30_00)
    await redeem(api, "k1", 7)
    await node.caught_up()
    request = pb.ListLotsRequest(account_id=ACCOUNT)
    before = await api.ListLots(request, NO_CONTEXT)
    for projector in node.projectors:
        await projector.rebuild()
    assert await api.ListLots(request, NO_CONTEXT) == before


async def test_two_accounts_may_have_clearings_of_the_same_id(
    node: TestNode, api: LoyaltyApi
) -> None:
    await clear(node, "same", "charge-1", 1_000)
    said = accounts.ChargeCleared(
        account_id="account-2",
        customer_id="customer-2",
        charge_id="charge-1",
        clearing_id="same",
        amount=pounds(3_000),
        merchant=accounts.Merchant(mcc="5999"),
    )
    await node.take_in(said, stream="credit_account-account-2")
    await node.caught_up()
    found = [
        [each.points for each in (await api.ListLots(asked, NO_CONTEXT)).lots]
        for asked in (pb.ListLotsRequest(account_id=each) for each in (ACCOUNT, "account-2"))
    ]
    assert [len(each) for each in found] == [1, 1]
    assert found[0] != found[1]
