"""The policy sets: proposed by one person, activated by another."""

from datetime import datetime
from hashlib import sha256

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact, command, value
from chassis.kernel.persistent_map import PersistentMap
from services.auth.domain.events import PolicySetActivated, PolicySetProposed

ONLY = "main"

# commands


@command
class InstallPolicySet(Command):
    """Bring in the policy set that came with this version of the service.

    It takes effect at once while the one before it came so too; a set that people have made stays,
    and the new one waits among the proposals.
    """

    text: str


@command
class ProposePolicySet(Command):
    """Put a policy set forward; `by` is the subject of the person."""

    text: str
    by: str


@command
class ActivatePolicySet(Command):
    """Make a proposed set the one that counts; `by` is the subject of the person."""

    policy_set_hash: str
    by: str


# state


@value
class PolicySet:
    """`activated_at` is when it last became active."""

    policy_set_hash: str
    text: str
    proposed_by: str
    built_in: bool
    activated_at: datetime | None = None


@value
class PolicySets:
    """All that were ever put forward, by hash; `active` is the hash of the one that counts."""

    sets: PersistentMap[PolicySet] = PersistentMap()
    active: str = ""

    @property
    def active_set(self) -> PolicySet | None:
        """The one that counts."""
        return self.sets.get(self.active)


# evolve


def evolve(state: PolicySets, fact: Fact) -> PolicySets:
    """The policy sets after a fact."""
    match fact:
        case PolicySetProposed():
            made = PolicySet(
                policy_set_hash=fact.policy_set_hash,
                text=fact.text,
                proposed_by=fact.proposed_by,
                built_in=fact.built_in,
            )
            return PolicySets(sets=state.sets.set(fact.policy_set_hash, made), active=state.active)
        case PolicySetActivated():
            known = state.sets[fact.policy_set_hash]
            activated = PolicySet(
                policy_set_hash=known.policy_set_hash,
                text=known.text,
                proposed_by=known.proposed_by,
                built_in=known.built_in,
                activated_at=fact.activated_at,
            )
            return PolicySets(
                sets=state.sets.set(fact.policy_set_hash, activated), active=fact.policy_set_hash
            )
        case _:
            raise TypeError(type(fact).__name__)


# decide


def hash_of(text: str) -> str:
    """SHA-256 of a policy set's text, hexadecimal: its name."""
    return sha256(text.encode()).hexdigest()


def decide(state: PolicySets, command: Command, context: Context) -> tuple[Fact, ...]:
    """Install, propose, activate. Raises NotFound POLICY_SET_UNKNOWN and Refused
    SECOND_PERSON_REQUIRED."""
    match command:
        case InstallPolicySet():
            return _install(state, command, context)
        case ProposePolicySet():
            return _proposed(state, command.text, command.by, built_in=False)
        case ActivatePolicySet():
            return _activate(state, command, context.now)
        case _:
            raise TypeError(type(command).__name__)


def _install(state: PolicySets, command: InstallPolicySet, context: Context) -> tuple[Fact, ...]:
    proposed = _proposed(state, command.text, context.actor, built_in=True)
    active = state.active_set
    name = hash_of(command.text)
    if (active is not None and not active.built_in) or state.active == name:
        return proposed
    activated = PolicySetActivated(
        policy_set_hash=name, activated_by=context.actor, activated_at=context.now
    )
    return (*proposed, activated)


def _proposed(state: PolicySets, text: str, by: str, *, built_in: bool) -> tuple[Fact, ...]:
    name = hash_of(text)
    if name in state.sets:
        return ()
    return (PolicySetProposed(policy_set_hash=name, text=text, proposed_by=by, built_in=built_in),)


def _activate(state: PolicySets, command: ActivatePolicySet, now: datetime) -> tuple[Fact, ...]:
    known = state.sets.get(command.policy_set_hash)
    if known is None:
        raise NotFound("POLICY_SET_UNKNOWN", "nobody has put forward such a policy set")
    if state.active == command.policy_set_hash:
        return ()
    if known.proposed_by == command.by:
        raise Refused(
            "SECOND_PERSON_REQUIRED", "whoever proposed a policy set does not activate it"
        )
    return (
        PolicySetActivated(
            policy_set_hash=known.policy_set_hash, activated_by=command.by, activated_at=now
        ),
    )


POLICY_SETS: Decider[PolicySets] = Decider(
    category="policy_sets",
    state=PolicySets,
    initial=PolicySets(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: ONLY,
    commands=(InstallPolicySet, ProposePolicySet, ActivatePolicySet),
    facts=(PolicySetProposed, PolicySetActivated),
)
