"""The spend controls of an account and its cards, and what is used of them."""

from enum import StrEnum

from chassis.kernel.events import value
from chassis.kernel.persistent_map import PersistentMap
from services.accounts.domain.controls.metering import Meter, Window
from services.accounts.domain.values import Channel, EntryMode, Merchant


class ControlKind(StrEnum):
    """What a control does with the charges it is about: forbids them, forbids all others, or
    limits their amount or number."""

    BLOCK = "BLOCK"
    ALLOW = "ALLOW"
    AMOUNT = "AMOUNT"
    COUNT = "COUNT"


MCC_LENGTH = 4
LIMITS = (ControlKind.AMOUNT, ControlKind.COUNT)


@value
class Scope:
    """Which charges a control is about: those that fit every list that is not empty. `card_id` is
    empty for the whole account; `mccs` are codes (`5411`) or ranges of them (`3000-3350`)."""

    card_id: str = ""
    mccs: tuple[str, ...] = ()
    merchant_ids: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    entry_modes: tuple[EntryMode, ...] = ()

    def fits(self, merchant: Merchant, entry_mode: EntryMode) -> bool:
        """Whether a charge of the scope's card is one of them."""
        return (
            (not self.mccs or _is_among(merchant.mcc, self.mccs))
            and (not self.merchant_ids or merchant.id in self.merchant_ids)
            and (not self.countries or merchant.country in self.countries)
            and (not self.entry_modes or entry_mode in self.entry_modes)
        )


def _is_among(mcc: str, mccs: tuple[str, ...]) -> bool:
    if mcc in mccs:
        return True
    return any(
        len(each) > MCC_LENGTH and each[:MCC_LENGTH] <= mcc <= each[-MCC_LENGTH:] for each in mccs
    )


@value
class Control:
    """One rule. `limit_minor` is for AMOUNT, `times` for COUNT; `mcc_groups` are the names that
    the holder chose, `scope` has their codes; `channel` is who set it."""

    control_id: str
    kind: ControlKind
    scope: Scope
    mcc_groups: tuple[str, ...] = ()
    window: Window = Window.TRANSACTION
    rolling: bool = False
    limit_minor: int = 0
    times: int = 0
    channel: Channel = Channel.HOLDER


@value
class Group:
    """The controls of one scope, and the one meter they share; `serial` tells groups apart, the
    later the higher."""

    serial: int
    scope: Scope
    controls: tuple[Control, ...]
    meter: Meter | None = None


@value
class Counted:
    """A charge as it was counted: how much, at which hour and day, in which groups."""

    amount_minor: int
    hour: int
    day: int
    serials: tuple[int, ...]


@value
class Controls:
    """All of an account's controls, in groups, and what of its charges they have counted."""

    groups: tuple[Group, ...] = ()
    serial: int = 0
    counted: PersistentMap[Counted] = PersistentMap()

    def find(self, control_id: str) -> Control | None:
        """The control of this id, or None."""
        for group in self.groups:
            for control in group.controls:
                if control.control_id == control_id:
                    return control
        return None

    def every(self) -> list[tuple[Control, Meter]]:
        """All controls by id, each with its meter."""
        found = [
            (control, group.meter or Meter()) for group in self.groups for control in group.controls
        ]
        return sorted(found, key=lambda pair: pair[0].control_id)
