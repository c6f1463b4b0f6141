"""When an analyst is called, and what the profile remembers of it."""

from collections.abc import Sequence
from enum import StrEnum

from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, command, value
from chassis.kernel.ids import derive
from chassis.kernel.persistent_map import PersistentMap
from services.risk.domain.charge import Charge
from services.risk.domain.events import AlertDecided, AlertRaised
from services.risk.domain.features import Scope
from services.risk.domain.rules import SEVERITY, Judgement, Verdict

EPISODE_SECONDS = 86_400
"""While an alert is open, only something worse raises another one within a day of event time."""

QUIET_SECONDS = 86_400
"""So long after the newest charge the reasons of an alert that was genuine raise nothing."""


class AlertDecision(StrEnum):
    """What an analyst can say."""

    CONFIRMED_FRAUD = "confirmed_fraud"
    GENUINE = "genuine"


@value
class AlertNote:
    """One alert as its profile remembers it; `decision` is empty while it is open."""

    account_id: str
    customer_id: str
    card_id: str
    reason_codes: tuple[str, ...]
    verdict: Verdict
    at_seconds: int
    decision: str = ""


@value
class Alerts:
    """All alerts of a profile by id, the last one raised, and which reasons keep quiet."""

    by_id: PersistentMap[AlertNote] = PersistentMap()
    last_id: str = ""
    quiet_reason_codes: tuple[str, ...] = ()
    quiet_until_seconds: int = 0

    @property
    def open_id(self) -> str:
        """The last alert while nobody has decided it, else nothing."""
        last = self.by_id.get(self.last_id)
        return self.last_id if last is not None and not last.decision else ""

    def quiet(self, at_seconds: int) -> frozenset[str]:
        """The reasons that keep quiet at an instant of event time."""
        if at_seconds > self.quiet_until_seconds:
            return frozenset()
        return frozenset(self.quiet_reason_codes)


@command
class DecideAlert(Command):
    """Say what an alert about `entity_id` was; `decided_by` is the person whose word it is. Each
    kind of profile has its own subclass."""

    entity_id: str
    alert_id: str
    decision: AlertDecision
    decided_by: str


def raised(
    alerts: Alerts, scope: Scope, entity_id: str, charge: Charge, judgement: Judgement
) -> Sequence[AlertRaised]:
    """The alert that a judgement calls for, unless one about the same episode is open."""
    if not judgement.alert or _covered(alerts, charge, judgement):
        return []
    return [
        AlertRaised(
            alert_id=derive(
                "alert", scope, entity_id, charge.account_id, charge.charge_id, charge.outcome
            ),
            scope=scope,
            entity_id=entity_id,
            charge=charge,
            score=judgement.score,
            verdict=judgement.verdict,
            reason_codes=judgement.reason_codes,
            rule_set_version=judgement.rule_set_version,
        )
    ]


def _covered(alerts: Alerts, charge: Charge, judgement: Judgement) -> bool:
    """Whether the open alert speaks for this charge too: not worse, and within a day of it."""
    last = alerts.by_id.get(alerts.open_id)
    if last is None:
        return False
    worse = SEVERITY[judgement.verdict] > SEVERITY[last.verdict]
    return not worse and abs(charge.at_seconds - last.at_seconds) <= EPISODE_SECONDS


def with_raised(alerts: Alerts, fact: AlertRaised) -> Alerts:
    """What is remembered after an alert was raised."""
    note = AlertNote(
        account_id=fact.charge.account_id,
        customer_id=fact.charge.customer_id,
        card_id=fact.charge.card_id,
        reason_codes=fact.reason_codes,
        verdict=fact.verdict,
        at_seconds=fact.charge.at_seconds,
    )
    return Alerts(
        by_id=alerts.by_id.set(fact.alert_id, note),
        last_id=fact.alert_id,
        quiet_reason_codes=alerts.quiet_reason_codes,
        quiet_until_seconds=alerts.quiet_until_seconds,
    )


def decided(
    alerts: Alerts, scope: Scope, asked: DecideAlert, newest_seconds: int
) -> Sequence[AlertDecided]:
    """The decision on an alert; nothing when it was decided so before.

    Raises NotFound ALERT_NOT_FOUND and Refused ALERT_DECIDED_OTHERWISE.
    """
    note = alerts.by_id.get(asked.alert_id)
    if note is None:
        raise NotFound("ALERT_NOT_FOUND", "there is no such alert", field="alert_id")
    if note.decision == asked.decision:
        return []
    if note.decision:
        raise Refused("ALERT_DECIDED_OTHERWISE", "the alert was decided, and otherwise")
    genuine = asked.decision is AlertDecision.GENUINE
    return [
        AlertDecided(
            alert_id=asked.alert_id,
            scope=scope,
            entity_id=asked.entity_id,
            account_id=note.account_id,
            customer_id=note.customer_id,
            card_id=note.card_id,
            decision=asked.decision,
            decided_by=asked.decided_by,
            quiet_until_seconds=newest_seconds + QUIET_SECONDS if genuine else 0,
        )
    ]


def with_decided(alerts: Alerts, fact: AlertDecided) -> Alerts:
    """What is remembered after an alert was decided."""
    note = alerts.by_id[fact.alert_id]
    genuine = fact.decision == AlertDecision.GENUINE
    closed = AlertNote(
        account_id=note.account_id,
        customer_id=note.customer_id,
        card_id=note.card_id,
        reason_codes=note.reason_codes,
        verdict=note.verdict,
        at_seconds=note.at_seconds,
        decision=fact.decision,
    )
    return Alerts(
        by_id=alerts.by_id.set(fact.alert_id, closed),
        last_id=alerts.last_id,
        quiet_reason_codes=note.reason_codes if genuine else alerts.quiet_reason_codes,
        quiet_until_seconds=fact.quiet_until_seconds if genuine else alerts.quiet_until_seconds,
    )
