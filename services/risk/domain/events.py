"""What happened in risk. Upcasters are at the foot."""

from chassis.kernel.events import Fact, Upcasters, fact
from services.risk.domain.charge import Charge
from services.risk.domain.features import Scope
from services.risk.domain.rules import RuleSet, Verdict


@fact
class ChargeScored(Fact):
    """A charge was judged within the card's profile, with everything the judgement stood on.

    `values` are the features in the order of feature set `feature_set`; `source_epoch` and
    `source_position` are the place of the fact of accounts that told of the charge.
    """

    charge: Charge
    source_epoch: int
    source_position: int
    feature_set: int
    values: tuple[int, ...]
    score: int
    verdict: Verdict
    reason_codes: tuple[str, ...]
    quieted_reason_codes: tuple[str, ...]
    failed_rule_ids: tuple[str, ...]
    rule_set_version: str


@fact
class ChargeObserved(Fact):
    """A charge was counted in the profile of an account or of a merchant."""

    scope: Scope
    entity_id: str
    charge: Charge
    source_epoch: int
    source_position: int


@fact
class AlertRaised(Fact):
    """Something about a card, an account or a merchant needs the eyes of an analyst.

    `charge` is the one that tipped the scale.
    """

    alert_id: str
    scope: Scope
    entity_id: str
    charge: Charge
    score: int
    verdict: Verdict
    reason_codes: tuple[str, ...]
    rule_set_version: str


@fact
class AlertDecided(Fact):
    """An analyst said what an alert was: `confirmed_fraud` or `genuine`. After a genuine one the
    same reasons keep quiet until `quiet_until_seconds` of event time."""

    alert_id: str
    scope: Scope
    entity_id: str
    account_id: str
    customer_id: str
    card_id: str
    decision: str
    decided_by: str
    quiet_until_seconds: int


@fact
class RuleSetProposed(Fact):
    """A rule set was put forward. Its version is the hash of its content."""

    rule_set_version: str
    rule_set: RuleSet
    proposed_by: str


@fact
class RuleSetActivated(Fact):
    """Charges are judged by this rule set from here on."""

    rule_set_version: str
    previous_version: str
    proposed_by: str
    activated_by: str


UPCASTERS: Upcasters = {}
