"""How facts change spend controls, and what every charge uses of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chassis.kernel.events import Fact
from services.accounts.domain import events as charges
from services.accounts.domain.controls import events
from services.accounts.domain.controls.metering import Meter, add, hour_of
from services.accounts.domain.controls.state import (
    LIMITS,
    Control,
    Controls,
    Counted,
    Group,
    Scope,
)

if TYPE_CHECKING:
    from services.accounts.domain.account.state import CreditAccount


def _set(state: "CreditAccount", fact: events.ControlSet) -> "CreditAccount":
    control = Control(
        control_id=fact.control_id,
        kind=fact.kind,
        scope=Scope(
            card_id=fact.card_id,
            mccs=fact.mccs,
            merchant_ids=fact.merchant_ids,
            countries=fact.countries,
            entry_modes=fact.entry_modes,
        ),
        mcc_groups=fact.mcc_groups,
        window=fact.window,
        rolling=fact.rolling,
        limit_minor=fact.limit_minor,
        times=fact.times,
        channel=fact.channel,
    )
    return replace(state, controls=with_control(state.controls, control))


def with_control(controls: Controls, control: Control) -> Controls:
    """The controls with one more, or with one in the place of another of its id. A control joins
    those of the same scope, and their meter, so that a new limit knows what was used."""
    before = _without(controls, control.control_id, keeping=control.scope)
    groups, joined = [], False
    for group in before.groups:
        if group.scope == control.scope:
            joined = True
            members = sorted((*group.controls, control), key=lambda each: each.control_id)
            group = replace(group, controls=tuple(members), meter=_meter(group, control))
        groups.append(group)
    if joined:
        return replace(before, groups=tuple(groups))
    serial = before.serial + 1
    meter = Meter() if control.kind in LIMITS else None
    made = Group(serial=serial, scope=control.scope, controls=(control,), meter=meter)
    return replace(before, groups=(*before.groups, made), serial=serial)


def _meter(group: Group, control: Control) -> Meter | None:
    if group.meter is None and control.kind in LIMITS:
        return Meter()
    return group.meter


def _without(controls: Controls, control_id: str, keeping: Scope | None = None) -> Controls:
    """The controls without one; a group that has no more goes with its meter, but for `keeping`."""
    groups = []
    for group in controls.groups:
        left = tuple(each for each in group.controls if each.control_id != control_id)
        if left or group.scope == keeping:
            groups.append(replace(group, controls=left))
    return replace(controls, groups=tuple(groups))


def _removed(state: "CreditAccount", fact: events.ControlRemoved) -> "CreditAccount":
    left = _without(state.controls, fact.control_id)
    # Without any control nothing is counted, and what was counted means nothing any more.
    return replace(state, controls=left if left.groups else Controls(serial=left.serial))


EVOLVE: dict[type[Fact], Callable[[Any, Any], Any]] = {
    events.ControlSet: _set,
    events.ControlRemoved: _removed,
}

# What charges use


def follow(state: "CreditAccount", fact: Fact) -> "CreditAccount":
    """The account after its controls have taken notice of a fact that is folded already."""
    if isinstance(fact, charges.ChargeAuthorised):
        return _counted(state, fact)
    if isinstance(fact, charges.CardReplaced):
        return _moved(state, fact.card_id, fact.replacement_card_id)
    charge_id: str = getattr(fact, "charge_id", "")
    counted = state.controls.counted.get(charge_id) if charge_id else None
    return state if counted is None else _counted_anew(state, charge_id, counted)


def _counted(state: "CreditAccount", fact: charges.ChargeAuthorised) -> "CreditAccount":
    """An approved charge is used as much as it holds and once; a verification not at all."""
    amount_minor = fact.held.minor_units
    if not amount_minor:
        return state
    hour, day = hour_of(fact.transaction_at), fact.transaction_date.toordinal()
    groups, serials = [], []
    for group in state.controls.groups:
        meter, scope = group.meter, group.scope
        of_card = scope.card_id in ("", fact.card_id)
        if meter is not None and of_card and scope.fits(fact.merchant, fact.entry_mode):
            serials.append(group.serial)
            meter = add(meter, hour, day, amount_minor, 1)
            group = Group(serial=group.serial, scope=scope, controls=group.controls, meter=meter)
        groups.append(group)
    if not serials:
        return state
    counted = Counted(amount_minor=amount_minor, hour=hour, day=day, serials=tuple(serials))
    return _with(state, tuple(groups), fact.charge_id, counted)


def _counted_anew(state: "CreditAccount", charge_id: str, before: Counted) -> "CreditAccount":
    """A charge uses what is held of it and what is posted: what falls of a hold is given back to
    the hour and day from which it was taken. That it was made once stays counted."""
    charge = state.charges[charge_id]
    amount_minor = charge.held_minor + charge.captured_minor
    more = amount_minor - before.amount_minor
    if not more:
        return state
    groups = tuple(
        replace(group, meter=add(group.meter, before.hour, before.day, more, 0))
        if group.meter is not None and group.serial in before.serials
        else group
        for group in state.controls.groups
    )
    return _with(state, groups, charge_id, replace(before, amount_minor=amount_minor))


def _with(
    state: "CreditAccount", groups: tuple[Group, ...], charge_id: str, counted: Counted
) -> "CreditAccount":
    controls = Controls(
        groups=groups,
        serial=state.controls.serial,
        counted=state.controls.counted.set(charge_id, counted),
    )
    return replace(state, controls=controls)


def _moved(state: "CreditAccount", card_id: str, new_card_id: str) -> "CreditAccount":
    """What held for a card that was lost holds for the one in its place."""
    groups = tuple(
        _moved_group(group, new_card_id) if group.scope.card_id == card_id else group
        for group in state.controls.groups
    )
    return replace(state, controls=replace(state.controls, groups=groups))


def _moved_group(group: Group, card_id: str) -> Group:
    scope = replace(group.scope, card_id=card_id)
    controls = tuple(replace(each, scope=scope) for each in group.controls)
    return replace(group, scope=scope, controls=controls)
