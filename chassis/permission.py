"""Whether somebody may do something: Cedar policies, parsed once, decisions remembered."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import cedarpy

from chassis.bounded import Bounded
from chassis.call import Principal
from chassis.kernel.errors import Error, Unavailable
from chassis.logs import log

CACHED_DECISIONS = 32_768
MAX_CACHED_ID_CHARACTERS = 128
REFRESH_SECONDS = 15.0
RETRY_SECONDS = 1.0

FetchPolicies = Callable[[], Awaitable[tuple[str, str]]]
"""auth's GetPolicySet: the text of the active policy set, and its hash."""


class BadPolicies(Exception):
    """A text that is no set of policies, or not the one that it is said to be."""


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Cedar policies; `digest` is SHA-256 of the text, hexadecimal, the name decisions cite."""

    text: str = field(repr=False)
    digest: str
    parsed: cedarpy.PolicySet = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, digest: str | None = None) -> "PolicySet":
        """Raises BadPolicies when the text cannot be parsed or has another digest."""
        actual = sha256(text.encode()).hexdigest()
        if digest is not None and digest != actual:
            raise BadPolicies(f"the policy set is {actual}, not {digest} as it is said to be")
        try:
            return cls(text, actual, cedarpy.PolicySet.from_str(text))
        except ValueError as error:
            raise BadPolicies(f"policy set {actual}: {error}") from error


class PolicySource:
    """The policy set in force: from a file, or fetched from auth with the last good one kept."""

    def __init__(self, *, fetch: FetchPolicies | None = None, kept_at: Path | None = None) -> None:
        self._fetch = fetch
        self._kept_at = kept_at
        self._current: PolicySet | None = None
        if kept_at is not None and kept_at.exists():
            try:
                kept = json.loads(kept_at.read_text())
                self._current = PolicySet.parse(kept["text"], kept["digest"])
            except (ValueError, KeyError, TypeError, BadPolicies) as error:
                log("kept_policies_unusable", level="error", error=type(error).__name__)

    @classmethod
    def of_text(cls, text: str) -> "PolicySource":
        """A source with these policies. Raises BadPolicies."""
        source = cls()
        source.replace(text)
        return source

    def current(self) -> PolicySet:
        """The policy set in force. Raises Unavailable as long as there has never been one."""
        if self._current is None:
            raise Unavailable("POLICIES_UNAVAILABLE", "no policy set has been fetched yet")
        return self._current

    def replace(self, text: str, digest: str | None = None) -> None:
        """Put another policy set in force and keep it. Raises BadPolicies."""
        if self._current is not None and self._current.text == text:
            return
        fresh = PolicySet.parse(text, digest)
        if self._kept_at is not None:
            self._kept_at.parent.mkdir(parents=True, exist_ok=True)
            beside = self._kept_at.with_suffix(f".{os.getpid()}.new")
            beside.write_text(json.dumps({"digest": fresh.digest, "text": fresh.text}))
            beside.replace(self._kept_at)
        self._current = fresh
        log("policies_in_force", digest=fresh.digest)

    async def refresh(self) -> bool:
        """Ask auth once; whether it answered with something usable. The old set stays if not."""
        if self._fetch is None:
            return self._current is not None
        try:
            self.replace(*await self._fetch())
        except (Error, BadPolicies, OSError) as error:
            log("policies_not_fetched", level="warning", error=type(error).__name__)
            return False
        return True

    async def run(self) -> None:
        """Ask auth for ever, every 15 s; every second as long as there is no policy set."""
        while self._fetch is not None:
            fresh = await self.refresh()
            waiting = not fresh and self._current is None
            await asyncio.sleep(RETRY_SECONDS if waiting else REFRESH_SECONDS)


@dataclass(frozen=True, slots=True)
class Decision:
    """`policies` are the `@id`s (else Cedar's own names) of the policies that decided."""

    allowed: bool
    policies: tuple[str, ...]
    digest: str


class Permissions:
    """Answers questions by the policy set in force; what no policy permits is refused.

    How a question is put to Cedar:
    - The principal is `Principal::"<kind>:<id>"` with the attributes `kind`, `roles` (a set),
      `assurance_level` (0 to 3) and, for customers alone, `customer_id`.
    - The action is `Action::"<service>.<RpcName>"`, the rpc's own name.
    - The object is `<Type>::"<id>"` with the attributes its service gives (`owner`, the id of a
      customer, …); one that does not exist has an empty `owner`, which equals nobody's
      `customer_id`. An rpc about a type but no single object has an empty id, one about neither
      is about `Service::"<service>"`.
    - When a service acts for a person both must be permitted: the service is asked about with
      the person's subject in `context.acting_for`, the person with the service's subject in
      `context.through`. Otherwise the context is empty.
    """

    def __init__(self, source: PolicySource) -> None:
        self._source = source
        self._known: Bounded[tuple[Any, ...], Decision] = Bounded(CACHED_DECISIONS)

    def decide(
        self,
        principal: Principal,
        action: str,
        resource_type: str,
        resource_id: str,
        attributes: Mapping[str, Any] = {},
    ) -> Decision:
        """Raises Unavailable as long as there are no policies. Attributes are texts, integers,
        booleans and lists of texts."""
        policies = self._source.current()
        facts = tuple(sorted((k, _hashable(v)) for k, v in attributes.items()))
        key = (policies.digest, principal, action, resource_type, resource_id, facts)
        decision = self._known.get(key)
        if decision is None:
            resource = _entity(resource_type, resource_id, attributes)
            decision = _decide(policies, principal, action, resource)
            if len(resource_id) <= MAX_CACHED_ID_CHARACTERS:
                self._known.put(key, decision)
        return decision


def _decide(
    policies: PolicySet, principal: Principal, action: str, resource: dict[str, Any]
) -> Decision:
    person = principal.on_behalf_of
    if person is None:
        return _ask(policies, principal, action, resource, {})
    service = _ask(policies, principal, action, resource, {"acting_for": person.subject})
    if not service.allowed:
        return service
    return _ask(policies, person, action, resource, {"through": principal.subject})


def _ask(
    policies: PolicySet,
    principal: Principal,
    action: str,
    resource: dict[str, Any],
    context: dict[str, Any],
) -> Decision:
    known: dict[str, Any] = {
        "kind": principal.kind,
        "subject": principal.subject,
        "roles": list(principal.roles),
        "assurance_level": principal.assurance_level,
    }
    if principal.customer_id:
        # Absent rather than empty: so it never equals the empty owner of what does not exist.
        known["customer_id"] = principal.customer_id
    asking = _entity("Principal", principal.subject, known)
    answer = cedarpy.is_authorized(
        {
            "principal": asking["uid"],
            "action": {"type": "Action", "id": action},
            "resource": resource["uid"],
            "context": context,
        },
        policies.parsed,
        [asking, resource],
    )
    names = answer.diagnostics.id_annotations_by_reason
    reasons = sorted(names.get(each) or each for each in answer.diagnostics.reasons)
    return Decision(answer.allowed, tuple(reasons), policies.digest)


def _entity(type_: str, id: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    plain = {k: list(v) if isinstance(v, tuple | frozenset) else v for k, v in attributes.items()}
    return {"uid": {"type": type_, "id": id}, "attrs": plain, "parents": []}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
