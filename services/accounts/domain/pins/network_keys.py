"""The keys that one network's gateway shares with the house: changed while messages come."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, Fact, command, fact, value

KEPT_PER_KIND = 2
"""The one in use and the one before."""


class NetworkKeyKind(StrEnum):
    """What a key is for: PIN blocks, or the authentication of messages."""

    PIN = "PIN"
    MAC = "MAC"


@fact
class NetworkKeyChanged(Fact):
    """A gateway has another key of a kind from a moment on; the one before is taken until
    `former_until`. `sealed_key` is ciphertext; `check_value` tells keys apart and betrays none."""

    gateway_id: str
    kind: NetworkKeyKind
    change_id: str
    number: int
    sealed_key: str
    check_value: str
    effective_at: datetime
    former_until: datetime


@command
class ChangeNetworkKey(Command):
    """Use another key, and take the one before for `overlap` still."""

    gateway_id: str
    kind: NetworkKeyKind
    change_id: str
    sealed_key: str
    check_value: str
    overlap: timedelta


@value
class NetworkKey:
    """One key; `until` is None for the one in use."""

    kind: NetworkKeyKind
    change_id: str
    number: int
    sealed_key: str
    check_value: str
    effective_at: datetime
    former_until: datetime
    until: datetime | None = None


@value
class NetworkKeys:
    """The keys of a gateway, newest first; a kind without any has the one of the settings."""

    gateway_id: str = ""
    keys: tuple[NetworkKey, ...] = ()

    def of(self, kind: NetworkKeyKind) -> tuple[NetworkKey, ...]:
        """The keys of a kind, newest first."""
        return tuple(each for each in self.keys if each.kind is kind)


def evolve(state: NetworkKeys, fact: NetworkKeyChanged) -> NetworkKeys:
    """The keys after a fact."""
    newest = NetworkKey(
        kind=fact.kind,
        change_id=fact.change_id,
        number=fact.number,
        sealed_key=fact.sealed_key,
        check_value=fact.check_value,
        effective_at=fact.effective_at,
        former_until=fact.former_until,
    )
    former = [replace(each, until=fact.former_until) for each in state.of(fact.kind)]
    others = [each for each in state.keys if each.kind is not fact.kind]
    return NetworkKeys(
        gateway_id=fact.gateway_id,
        keys=(newest, *former[: KEPT_PER_KIND - 1], *others),
    )


def decide(
    state: NetworkKeys, command: ChangeNetworkKey, context: Context
) -> tuple[NetworkKeyChanged, ...]:
    """Change once. Raises Refused for the key that is in use already, and for another under the
    id of a change."""
    known = state.of(command.kind)
    for each in state.keys:
        if each.change_id == command.change_id:
            if (each.kind, each.check_value) == (command.kind, command.check_value):
                return ()
            raise Refused("KEY_CHANGED_DIFFERENTLY", "a change of this id brought another key")
    if any(each.check_value == command.check_value for each in known):
        raise Refused("KEY_NOT_NEW", "this key is, or was just, in use")
    return (
        NetworkKeyChanged(
            gateway_id=command.gateway_id,
            kind=command.kind,
            change_id=command.change_id,
            number=(known[0].number if known else 0) + 1,
            sealed_key=command.sealed_key,
            check_value=command.check_value,
            effective_at=context.now,
            former_until=context.now + command.overlap,
        ),
    )


NETWORK_KEYS: Decider[NetworkKeys] = Decider(
    category="network_keys",
    state=NetworkKeys,
    initial=NetworkKeys(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.gateway_id),
    commands=(ChangeNetworkKey,),
    facts=(NetworkKeyChanged,),
)
