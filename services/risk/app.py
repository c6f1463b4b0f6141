"""Risk, put together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from cards.risk.v1 import events_pb2

from chassis.ports import Ports
from chassis.service import Rpcs, Service, Worker
from services.risk import grpc_api, policies, projections, publishing, rule_engine, tables
from services.risk.config import RiskSettings
from services.risk.domain import card_profile, events, group_profile, rule_book
from services.risk.domain.rule_book import BOOK_ID, InstallInitialRuleSet
from services.risk.domain.screening.register import REGISTER
from services.risk.domain.screening.subject import SUBJECT
from services.risk.grpc_api import RiskApi
from services.risk.queries import charges as queries
from services.risk.rule_engine import RuleEngine
from services.risk.use_cases.in_line import InLine

IDLE_SECONDS = 5.0
"""How often the rule book is looked at while nothing at all is written."""


def build() -> Service:
    """Risk with a rule engine of its own."""
    engine = RuleEngine()
    card = card_profile.decider(engine.judge)
    account = group_profile.account_decider(engine.judge)
    merchant = group_profile.merchant_decider(engine.judge)
    book = rule_book.decider(rule_engine.check)

    async def refresh(ports: Ports) -> None:
        """Judge by what the book says is in force."""
        found = await ports.application.find(book, BOOK_ID)
        if found is not None and found.active is not None:
            engine.put_in_force(found.active)

    async def prepare(ports: Ports) -> None:
        """Before anything else: the first rule set, if there is none, and the one in force."""
        rule_set = rule_engine.initial_rule_set(ports.settings.initial_rules_path)
        await ports.application.execute(
            InstallInitialRuleSet(rule_set=rule_set), actor="service:risk"
        )
        await refresh(ports)

    def rpcs(ports: Ports) -> Rpcs:
        in_line = InLine(
            ports.application, engine, book=book, card=card, account=account, merchant=merchant
        )
        api = RiskApi(ports.application, ports.database, in_line, ports.clock, card=card, book=book)
        return grpc_api.rpcs(ports, api)

    def workers(ports: Ports) -> Sequence[Worker]:
        return [("follow_rule_book", _following(ports, refresh))]

    return Service(
        name="risk",
        settings=RiskSettings,
        deciders=(card, account, merchant, book, REGISTER, SUBJECT),
        upcasters=events.UPCASTERS,
        policies=policies.POLICIES,
        projections=projections.PROJECTIONS,
        public=events_pb2,
        overrides=publishing.OVERRIDES,
        rpcs=rpcs,
        workers=workers,
        resources={
            "Card": _owner_of_card,
            "Charge": _owner_of_charge,
            "Alert": _owner_of_alert,
        },
        tables=tables.METADATA,
        prepare=prepare,
    )


def _following(
    ports: Ports, refresh: Callable[[Ports], Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    async def follow_rule_book() -> None:
        while True:
            position = (await ports.log.head()).position
            await refresh(ports)
            await ports.log.committed(position, IDLE_SECONDS)
            await ports.sleep(ports.settings.rule_book_poll_seconds)

    return follow_rule_book


async def _owner_of_card(ports: Ports, card_id: str) -> Mapping[str, Any] | None:
    customer = await ports.database.read(lambda c: queries.customer_of_card(c, card_id))
    return None if customer is None else {"owner": customer}


async def _owner_of_charge(ports: Ports, charge_id: str) -> Mapping[str, Any] | None:
    score = await ports.database.read(lambda c: queries.score_of(c, charge_id))
    return None if score is None else {"owner": score.customer_id}


async def _owner_of_alert(ports: Ports, alert_id: str) -> Mapping[str, Any] | None:
    alert = await ports.database.read(lambda c: queries.alert_of(c, alert_id))
    return None if alert is None else {"owner": alert.customer_id}


SERVICE = build()
