"""The spend controls of an account and its cards, and what is used of them."""

from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from chassis.kernel.events import value
from chassis.kernel.persistent_map import PersistentMap
from services.accounts.domain.controls.metering import Meter, Window, code_of
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
        mccs, ids, countries = self.mccs, self.merchant_ids, self.countries
        if mccs and not _is_among(merchant.mcc, mccs):
            return False
        if ids and merchant.id not in ids:
            return False
        if countries and merchant.country not in countries:
            return False
        return not self.entry_modes or entry_mode in self.entry_modes


def _is_among(mcc: str, mccs: tuple[str, ...]) -> bool:
    if mcc in mccs:
        return True
    for each in mccs:
        if len(each) > MCC_LENGTH and each[:MCC_LENGTH] <= mcc <= each[-MCC_LENGTH:]:
            return True
    return False


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
class Limit:
    """The least amount and number of a window, each with the control that says so; an empty id
    where none does. `code` is the window's, `single` says that it is a single charge."""

    code: int
    single: bool
    amount_id: str = ""
    amount_minor: int = 0
    count_id: str = ""
    times: int = 0


@value
class Group:
    """The limits of one scope, and the one meter they share; `serial` tells groups apart, the
    later the higher. `limits` is what `controls` come to."""

    serial: int
    scope: Scope
    controls: tuple[Control, ...]
    limits: tuple[Limit, ...]
    meter: Meter


class Counted(NamedTuple):
    """A charge as it was counted: how much, at which hour and day, in which groups."""

    amount_minor: int
    hour: int
    day: int
    serials: tuple[int, ...]


@value
class Controls:
    """All of an account's controls: those that block and allow, and the limits in groups, with
    what of the account's charges they have counted. `number` is how many there are."""

    number: int = 0
    rules: tuple[Control, ...] = ()
    groups: tuple[Group, ...] = ()
    serial: int = 0
    counted: PersistentMap[Counted] = PersistentMap()

    def find(self, control_id: str) -> Control | None:
        """The control of this id, or None."""
        for control, _ in self.every():
            if control.control_id == control_id:
                return control
        return None

    def every(self) -> list[tuple[Control, Meter]]:
        """All controls by id, each with its meter."""
        limits = [(control, group.meter) for group in self.groups for control in group.controls]
        found = [*limits, *((control, Meter()) for control in self.rules)]
        return sorted(found, key=lambda pair: pair[0].control_id)


def limits_of(controls: tuple[Control, ...]) -> tuple[Limit, ...]:
    """The least amount and number for every window that the controls limit."""
    found: dict[int, Limit] = {}
    for control in controls:
        code = code_of(control.window, control.rolling)
        single = control.window is Window.TRANSACTION
        limit = found.get(code) or Limit(code=code, single=single)
        if control.kind is ControlKind.AMOUNT:
            if not limit.amount_id or control.limit_minor < limit.amount_minor:
                limit = replace(
                    limit, amount_id=control.control_id, amount_minor=control.limit_minor
                )
        elif not limit.count_id or control.times < limit.times:
            limit = replace(limit, count_id=control.control_id, times=control.times)
        found[code] = limit
    return tuple(found[code] for code in sorted(found))
