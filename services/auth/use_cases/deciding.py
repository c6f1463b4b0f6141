"""Questions about permissions: may they, what may they, and why."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cedarpy

from chassis.bounded import Bounded
from chassis.call import Principal
from chassis.kernel.errors import Invalid, NotFound
from chassis.permission import BadPolicies, Decision, Permissions, PolicySource
from chassis.permission import PolicySet as ParsedPolicySet
from chassis.ports import Ports
from services.auth.domain.policy_sets import ONLY, POLICY_SETS, PolicySet, PolicySets

FILES = Path(__file__).parents[1] / "policies"
PARSED_LIMIT = 8
NO_OBJECT = ("Service", "")

_ACTION = re.compile(r'Action::"([a-z]+\.[A-Za-z]+)"')


def built_in_text() -> str:
    """The policy set that comes with this version: its files in the order of their names."""
    parts = [path.read_text(encoding="utf-8") for path in sorted(FILES.glob("*.cedar"))]
    return "\n".join(parts)


def check_text(text: str) -> None:
    """Raises Invalid POLICY_SET_MALFORMED."""
    try:
        ParsedPolicySet.parse(text)
    except BadPolicies as failure:
        raise Invalid(
            "POLICY_SET_MALFORMED", "that is no set of policies", field="text"
        ) from failure


class Deciding:
    """Answers by a policy set: the active one, or any that was ever put forward."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._parsed: Bounded[str, Permissions] = Bounded(PARSED_LIMIT)

    async def policy_set(self, policy_set_hash: str = "") -> PolicySet:
        """The active set, or the one with a hash. Raises NotFound POLICY_SET_UNKNOWN."""
        sets = await self._ports.application.find(POLICY_SETS, ONLY) or PolicySets()
        found = sets.sets.get(policy_set_hash) if policy_set_hash else sets.active_set
        if found is None:
            raise NotFound("POLICY_SET_UNKNOWN", "there is no such policy set")
        return found

    async def decide(
        self,
        principal: Principal,
        action: str,
        resource: tuple[str, str] | None,
        attributes: Mapping[str, Any],
        policy_set_hash: str = "",
    ) -> tuple[Decision, PolicySet]:
        """One decision, exactly as a door would make it, and the set it was made by."""
        policies = await self.policy_set(policy_set_hash)
        return self._decide(policies, principal, action, resource, attributes), policies

    async def allowed(
        self,
        principal: Principal,
        resource: tuple[str, str] | None,
        attributes: Mapping[str, Any],
    ) -> tuple[list[str], str]:
        """Every action that somebody may do to an object, sorted, and the hash of the set."""
        policies = await self.policy_set()
        actions = sorted(set(_ACTION.findall(policies.text)))
        may = [
            action
            for action in actions
            if self._decide(policies, principal, action, resource, attributes).allowed
        ]
        return may, policies.policy_set_hash

    def _decide(
        self,
        policies: PolicySet,
        principal: Principal,
        action: str,
        resource: tuple[str, str] | None,
        attributes: Mapping[str, Any],
    ) -> Decision:
        known = self._parsed.get(policies.policy_set_hash)
        if known is None:
            known = Permissions(PolicySource.of_text(policies.text))
            self._parsed.put(policies.policy_set_hash, known)
        kind, id = resource or (NO_OBJECT[0], action.partition(".")[0])
        return known.decide(principal, action, kind, id, attributes)


def texts_of(policies: PolicySet) -> dict[str, str]:
    """The text of each policy of a set by the name that decisions cite it by."""
    parsed = json.loads(cedarpy.policies_to_json_str(policies.text))["staticPolicies"]
    texts = {}
    for name, policy in parsed.items():
        cited = policy.get("annotations", {}).get("id", name)
        alone = {"staticPolicies": {name: policy}, "templates": {}, "templateLinks": []}
        texts[cited] = cedarpy.policies_from_json_str(json.dumps(alone)).strip()
    return texts
