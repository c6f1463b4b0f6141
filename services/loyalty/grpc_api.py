"""The door of the loyalty service: request → command → answer."""

from typing import Any

import grpc
import msgspec
from cards.loyalty.v1 import loyalty_service_pb2 as pb
from cards.loyalty.v1 import loyalty_service_pb2_grpc as pb_grpc
from cards.type.v1 import money_pb2

from chassis import answers
from chassis.call import current, derived_id
from chassis.event_store.rows import instant
from chassis.kernel.decider import Decider
from chassis.kernel.errors import NotFound
from chassis.ports import Ports
from chassis.service import Rpcs
from services.loyalty import queries
from services.loyalty.domain import rules
from services.loyalty.domain.events import LotPart
from services.loyalty.domain.points_account import PointsAccount, RedeemPoints, ReturnRedemption
from services.loyalty.domain.rule_book import (
    HOUSE_PROGRAMME,
    HOUSE_VERSION,
    RULE_BOOK,
    ActivateRuleSet,
    ProposeRuleSet,
    RuleBook,
)

EXPIRING_DAYS_SHOWN = 3
Context = grpc.aio.ServicerContext[Any, Any]


class LoyaltyApi(pb_grpc.LoyaltyServiceServicer):
    """Points as callers see them."""

    def __init__(self, ports: Ports, points_account: Decider[PointsAccount]) -> None:
        self._clock = ports.clock
        self._application = ports.application
        self._database = ports.database
        self._points_account = points_account

    async def GetPoints(
        self, request: pb.GetPointsRequest, context: Context
    ) -> pb.GetPointsResponse:
        state = await self._application.state(self._points_account, request.account_id)
        today = self._clock.now().date()
        days = [day for day in state.lots.days if day.available and day.expires_on >= today]
        return pb.GetPointsResponse(
            account_id=state.account_id,
            balance=state.balance,
            available=state.usable(today),
            debt=state.debt,
            pending=state.pending,
            expiring=[
                pb.ExpiringPoints(expires_on=day.expires_on.isoformat(), points=day.available)
                for day in days[:EXPIRING_DAYS_SHOWN]
            ],
        )

    async def _require(self, account_id: str) -> None:
        if await self._application.peek(self._points_account, account_id) is None:
            raise NotFound("POINTS_ACCOUNT_NOT_FOUND", "this account collects no points")

    async def ListLots(self, request: pb.ListLotsRequest, context: Context) -> pb.ListLotsResponse:
        await self._require(request.account_id)
        after = answers.of_page_token(request.page_token, str, int)
        size = answers.page_size(request.page_size)
        rows = await self._database.read(
            lambda connection: queries.lots_of(
                connection, request.account_id, after, size + 1, request.only_available
            )
        )
        more = rows[size - 1] if len(rows) > size else None
        return pb.ListLotsResponse(
            lots=[_lot(row) for row in rows[:size]],
            next_page_token=answers.page_token(more.expires_on, more.position) if more else "",
        )

    async def ListPointMovements(
        self, request: pb.ListPointMovementsRequest, context: Context
    ) -> pb.ListPointMovementsResponse:
        await self._require(request.account_id)
        before = answers.of_page_token(request.page_token, int)
        size = answers.page_size(request.page_size)
        rows = await self._database.read(
            lambda connection: queries.movements_of(
                connection, request.account_id, before[0] if before else None, size + 1
            )
        )
        more = rows[size - 1] if len(rows) > size else None
        return pb.ListPointMovementsResponse(
            movements=[_movement(row) for row in rows[:size]],
            next_page_token=answers.page_token(more.position) if more else "",
        )

    async def ExplainAward(
        self, request: pb.ExplainAwardRequest, context: Context
    ) -> pb.ExplainAwardResponse:
        await self._require(request.account_id)
        rows = await self._database.read(
            lambda connection: queries.award_steps_of(
                connection, request.account_id, request.charge_id
            )
        )
        if not rows:
            raise NotFound("AWARD_UNKNOWN", "nothing is known of this charge or refund")
        return pb.ExplainAwardResponse(steps=[_step(row) for row in rows])

    async def RedeemPoints(
        self, request: pb.RedeemPointsRequest, context: Context
    ) -> pb.RedeemPointsResponse:
        redemption_id = derived_id()
        today = self._clock.now().date()
        command = RedeemPoints(
            account_id=request.account_id,
            redemption_id=redemption_id,
            points=request.points,
            purpose=request.purpose,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RedeemPointsResponse(
                receipt=answers.receipt(settled),
                redemption_id=redemption_id,
                parts=_parts(settled.state.redemptions[redemption_id].parts),
                available=settled.state.usable(today),
            ),
        )

    async def ReturnRedemption(
        self, request: pb.ReturnRedemptionRequest, context: Context
    ) -> pb.ReturnRedemptionResponse:
        today = self._clock.now().date()
        command = ReturnRedemption(
            account_id=request.account_id, redemption_id=request.redemption_id
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ReturnRedemptionResponse(
                receipt=answers.receipt(settled),
                parts=_parts(settled.state.redemptions[request.redemption_id].parts),
                available=settled.state.usable(today),
            ),
        )

    async def ProposeRuleSet(
        self, request: pb.ProposeRuleSetRequest, context: Context
    ) -> pb.ProposeRuleSetResponse:
        rule_set = _of_rule_set(request.rule_set)
        command = ProposeRuleSet(
            programme_id=HOUSE_PROGRAMME,
            rule_set=rule_set,
            proposed_by=current().principal.person.subject,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ProposeRuleSetResponse(
                receipt=answers.receipt(settled), rule_set_version=rules.version_of(rule_set)
            ),
        )

    async def ActivateRuleSet(
        self, request: pb.ActivateRuleSetRequest, context: Context
    ) -> pb.ActivateRuleSetResponse:
        wanted = request.HasField("effective_from")
        command = ActivateRuleSet(
            programme_id=HOUSE_PROGRAMME,
            rule_set_version=request.rule_set_version,
            activated_by=current().principal.person.subject,
            effective_from=answers.of_timestamp(request.effective_from) if wanted else None,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ActivateRuleSetResponse(
                receipt=answers.receipt(settled),
                effective_from=_effective(settled.state, request.rule_set_version),
            ),
        )

    async def ListRuleSets(
        self, request: pb.ListRuleSetsRequest, context: Context
    ) -> pb.ListRuleSetsResponse:
        book = await self._application.find(RULE_BOOK, HOUSE_PROGRAMME) or RuleBook()
        now = book.version_in_force(self._clock.now())
        proposed = [(HOUSE_VERSION, rules.HOUSE_RULES, "")]
        proposed += [(p.rule_set_version, p.rule_set, p.proposed_by) for p in book.proposals]
        return pb.ListRuleSetsResponse(
            rule_sets=[
                pb.RuleSetRecord(
                    rule_set_version=version,
                    rule_set=_rule_set(rule_set),
                    proposed_by=proposed_by,
                    activated_by=_activated_by(book, version),
                    effective_from=_effective(book, version),
                    in_force=version == now,
                )
                for version, rule_set, proposed_by in proposed
            ]
        )


def _parts(parts: tuple[LotPart, ...]) -> list[pb.LotPart]:
    return [pb.LotPart(lot_id=part.lot_id, points=part.points) for part in parts]


def _lot(row: Any) -> pb.Lot:
    if row.available:
        state = pb.LOT_STATE_AVAILABLE
    elif row.expired:
        state = pb.LOT_STATE_EXPIRED
    else:
        state = pb.LOT_STATE_CONSUMED if row.consumed else pb.LOT_STATE_TAKEN_BACK
    return pb.Lot(
        lot_id=row.lot_id,
        charge_id=row.charge_id,
        clearing_id=row.clearing_id,
        points=row.points,
        available=row.available,
        consumed=row.consumed,
        taken_back=row.taken_back,
        expired=row.expired,
        state=state,
        earned_at=answers.timestamp(instant(row.earned_at)),
        expires_on=row.expires_on,
    )


def _movement(row: Any) -> pb.PointMovement:
    return pb.PointMovement(
        movement_id=row.movement_id,
        kind=row.kind,
        points=row.points,
        debt=row.debt,
        reference=row.reference,
        charge_id=row.charge_id,
        occurred_at=answers.timestamp(instant(row.occurred_at)),
    )


def _step(row: Any) -> pb.AwardStep:
    return pb.AwardStep(
        reference=row.reference,
        amount=money_pb2.Money(minor_units=row.amount_minor, currency_code=row.currency),
        points=row.points,
        rule_set_version=row.rule_set_version,
        lines=[pb.DerivationLine(**line) for line in msgspec.json.decode(row.lines)],
        basis=row.basis,
        occurred_at=answers.timestamp(instant(row.occurred_at)),
    )


def _activated_by(book: RuleBook, version: str) -> str:
    latest = [each.activated_by for each in book.activations if each.rule_set_version == version]
    return latest[-1] if latest else ""


def _effective(book: RuleBook, version: str) -> Any:
    latest = [each.effective_from for each in book.activations if each.rule_set_version == version]
    return answers.timestamp(latest[-1]) if latest else None


def _of_rule_set(message: pb.RuleSet) -> rules.RuleSet:
    return rules.RuleSet(
        base_rates=tuple(
            rules.BaseRate(
                currency=rate.currency_code,
                points=rate.points,
                per_minor_units=rate.per_minor_units,
            )
            for rate in message.base_rates
        ),
        bonuses=tuple(
            rules.CategoryBonus(
                rule_id=bonus.rule_id,
                categories=tuple(
                    rules.CategoryRange(first=each.first, last=each.last)
                    for each in bonus.categories
                ),
                extra_percent=bonus.extra_percent,
            )
            for bonus in message.bonuses
        ),
        expiry_months=message.expiry_months,
    )


def _rule_set(rule_set: rules.RuleSet) -> pb.RuleSet:
    return pb.RuleSet(
        base_rates=[
            pb.BaseRate(
                currency_code=rate.currency,
                points=rate.points,
                per_minor_units=rate.per_minor_units,
            )
            for rate in rule_set.base_rates
        ],
        bonuses=[
            pb.CategoryBonus(
                rule_id=bonus.rule_id,
                categories=[
                    pb.CategoryRange(first=each.first, last=each.last) for each in bonus.categories
                ],
                extra_percent=bonus.extra_percent,
            )
            for bonus in rule_set.bonuses
        ],
        expiry_months=rule_set.expiry_months,
    )


def rpcs(ports: Ports, points_account: Decider[PointsAccount]) -> Rpcs:
    """What the loyalty service serves."""
    return [
        (
            pb_grpc.add_LoyaltyServiceServicer_to_server,
            LoyaltyApi(ports, points_account),
            pb.DESCRIPTOR.services_by_name["LoyaltyService"],
        )
    ]
