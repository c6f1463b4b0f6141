"""The initial rules on a real month of purchase cards: silent on life, loud on a burst in it."""

import csv
import gzip
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.risk.domain import card_profile, group_profile
from services.risk.domain.card_profile import ScoreCharge
from services.risk.domain.charge import Charge
from services.risk.domain.events import AlertRaised, ChargeScored
from services.risk.domain.group_profile import ObserveChargeAtMerchant, ObserveChargeOfAccount
from services.risk.domain.rules import Verdict
from services.risk.tests.stories import CONTEXT, charge, engine

MONTH = Path(__file__).parents[3] / "data" / "purchase_cards" / "2019-04.csv.gz"
WORKING_SECONDS = 8 * 3_600
ALERT_RATE_LIMIT = 0.001


def purchases() -> list[Charge]:
    """The month's purchases as if all were made online, a day's spread over its working hours."""
    by_day: defaultdict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    with gzip.open(MONTH, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            by_day[row["trans_date"], row["card_masked"][-4:]].append(row)
    made: list[Charge] = []
    for (day, card), rows in by_day.items():
        opening = datetime.fromisoformat(day).replace(hour=9, tzinfo=UTC)
        for turn, row in enumerate(rows, 1):
            amount_minor = round(float(row["billing_amount"]) * 100)
            after = timedelta(seconds=turn * WORKING_SECONDS // (len(rows) + 1))
            if amount_minor > 0:
                made.append(_purchase(len(made), card, opening + after, amount_minor, row))
    return sorted(made, key=lambda each: each.transaction_at)


def _purchase(
    number: int, card: str, at: datetime, amount_minor: int, row: dict[str, str]
) -> Charge:
    return charge(
        number,
        card_id=card,
        account_id=f"account of {card}",
        at=at,
        amount_minor=amount_minor,
        merchant=row["merchant"],
        merchant_category_code=row["mcc"],
        entry_mode="ECOMMERCE",
    )


def judged(charges: list[Charge]) -> tuple[Counter[Verdict], list[AlertRaised]]:
    """Verdicts and alerts of all three kinds of profile."""
    judge = engine().judge
    deciders = (
        (card_profile.decider(judge), ScoreCharge),
        (group_profile.account_decider(judge), ObserveChargeOfAccount),
        (group_profile.merchant_decider(judge), ObserveChargeAtMerchant),
    )
    verdicts: Counter[Verdict] = Counter()
    alerts: list[AlertRaised] = []
    for decider, command in deciders:
        states: dict[str, object] = {}
        for position, each in enumerate(charges, 1):
            asked = command(charge=each, source_epoch=1, source_position=position)
            stream = decider.stream(asked)
            state = states.get(stream, decider.initial)
            facts = decider.decide(state, asked, CONTEXT)  # type: ignore[arg-type]
            states[stream] = decider.fold(facts, state)  # type: ignore[arg-type]
            verdicts.update(fact.verdict for fact in facts if isinstance(fact, ChargeScored))
            alerts.extend(fact for fact in facts if isinstance(fact, AlertRaised))
    return verdicts, alerts


def test_a_month_of_life_raises_hardly_an_alert_and_blocks_nobody() -> None:
    charges = purchases()
    verdicts, alerts = judged(charges)
    assert verdicts.total() == len(charges) > 2_500
    assert verdicts[Verdict.BLOCK] == 0
    assert len(alerts) <= ALERT_RATE_LIMIT * len(charges)


def test_a_burst_in_the_midst_of_it_blocks_that_card_alone() -> None:
    charges = purchases()[:1_000]
    victim, evening = charges[-1].card_id, charges[-1].transaction_at.replace(hour=22)
    burst = [
        charge(
            10_000 + number,
            card_id=victim,
            at=evening + timedelta(seconds=45 * number),
            amount_minor=99,
            merchant=f"Web shop {number}",
            entry_mode="ECOMMERCE",
        )
        for number in range(12)
    ]
    verdicts, alerts = judged(charges + burst)
    assert verdicts[Verdict.BLOCK] == 7
    assert [(each.entity_id, each.verdict) for each in alerts] == [(victim, Verdict.BLOCK)]
