"""How facts change spend controls, and what every charge uses of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, NamedTuple

from chassis.kernel.events import Fact
from chassis.kernel.persistent_map import PersistentMap
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
    limits_of,
)
from services.accounts.domain.values import EntryMode, Merchant

if TYPE_CHECKING:
    from services.accounts.domain.account.state import CreditAccount

LAST_HOUR = time(23)


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
    """The controls with one more, or with one in the place of another of its id. A limit joins
    those of the same scope, and their meter, so that a new limit knows what was used."""
    before = without_control(controls, control.control_id, keeping=control.scope)
    number = before.number + 1
    if control.kind not in LIMITS:
        groups = tuple(group for group in before.groups if group.controls)
        return replace(before, number=number, rules=(*before.rules, control), groups=groups)
    groups = tuple(
        _regrouped(group, (*group.controls, control)) if group.scope == control.scope else group
        for group in before.groups
    )
    if groups != before.groups:
        return replace(before, number=number, groups=groups)
    serial = before.serial + 1
    made = Group(
        serial=serial,
        scope=control.scope,
        controls=(control,),
        limits=limits_of((control,)),
        meter=Meter(),
    )
    return replace(before, number=number, groups=(*groups, made), serial=serial)


def _regrouped(group: Group, controls: tuple[Control, ...]) -> Group:
    members = tuple(sorted(controls, key=lambda each: each.control_id))
    return replace(group, controls=members, limits=limits_of(members))


def without_control(controls: Controls, control_id: str, keeping: Scope | None = None) -> Controls:
    """The controls without one; a group that has no more goes with its meter, but for `keeping`."""
    rules = tuple(each for each in controls.rules if each.control_id != control_id)
    groups = []
    for group in controls.groups:
        left = tuple(each for each in group.controls if each.control_id != control_id)
        if left or group.scope == keeping:
            groups.append(group if left == group.controls else _regrouped(group, left))
    number = len(rules) + sum(len(group.controls) for group in groups)
    return replace(controls, number=number, rules=rules, groups=tuple(groups))


def _removed(state: "CreditAccount", fact: events.ControlRemoved) -> "CreditAccount":
    left = without_control(state.controls, fact.control_id)
    # Without any limit nothing is counted, and what was counted means nothing any more.
    counted = left.counted if left.groups else PersistentMap[Counted]()
    return replace(state, controls=replace(left, counted=counted))


EVOLVE: dict[type[Fact], Callable[[Any, Any], Any]] = {
    events.ControlSet: _set,
    events.ControlRemoved: _removed,
}

# What charges use


class Use(NamedTuple):
    """What a charge takes of the limits that it falls under, and when."""

    charge_id: str
    card_id: str
    merchant: Merchant
    entry_mode: EntryMode
    amount_minor: int
    hour: int
    day: int


def follow(state: "CreditAccount", fact: Fact) -> "CreditAccount":
    """The account after its controls have taken notice of a fact that is folded already."""
    if isinstance(fact, charges.ChargeAuthorised):
        return _counted(state, _authorised(fact))
    if isinstance(fact, charges.CardReplaced):
        return _moved(state, fact.card_id, fact.replacement_card_id)
    charge_id: str = getattr(fact, "charge_id", "")
    counted = state.controls.counted.get(charge_id) if charge_id else None
    if counted is not None:
        return _counted_anew(state, charge_id, counted)
    if isinstance(fact, charges.ChargeCleared) and fact.forced:
        return _counted(state, _forced(state, fact))
    return state


def _authorised(fact: charges.ChargeAuthorised) -> Use:
    """An approved charge is used as much as it holds and once; a verification not at all."""
    return Use(
        charge_id=fact.charge_id,
        card_id=fact.card_id,
        merchant=fact.merchant,
        entry_mode=fact.entry_mode,
        amount_minor=fact.held.minor_units,
        hour=hour_of(fact.transaction_at),
        day=fact.transaction_date.toordinal(),
    )


def _forced(state: "CreditAccount", fact: charges.ChargeCleared) -> Use:
    """What is posted without being approved is spent all the same. Nobody says at what hour: for a
    window that is never shorter than its name, in the last one of its day."""
    charge, day = state.charges[fact.charge_id], fact.transaction_date
    end = datetime.combine(day, LAST_HOUR, tzinfo=UTC)
    return Use(
        charge_id=fact.charge_id,
        card_id=fact.card_id,
        merchant=charge.merchant,
        entry_mode=charge.entry_mode,
        amount_minor=charge.held_minor + charge.captured_minor,
        hour=hour_of(end),
        day=day.toordinal(),
    )


def _counted(state: "CreditAccount", use: Use) -> "CreditAccount":
    if not use.amount_minor:
        return state
    groups, serials = [], []
    for group in state.controls.groups:
        scope = group.scope
        if scope.card_id in ("", use.card_id) and scope.fits(use.merchant, use.entry_mode):
            serials.append(group.serial)
            group = Group(
                serial=group.serial,
                scope=scope,
                controls=group.controls,
                limits=group.limits,
                meter=add(group.meter, use.hour, use.day, use.amount_minor, 1),
            )
        groups.append(group)
    if not serials:
        return state
    counted = Counted(
        amount_minor=use.amount_minor, hour=use.hour, day=use.day, serials=tuple(serials)
    )
    return _with(state, tuple(groups), use.charge_id, counted)


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
        if group.serial in before.serials
        else group
        for group in state.controls.groups
    )
    return _with(state, groups, charge_id, before._replace(amount_minor=amount_minor))


def _with(
    state: "CreditAccount", groups: tuple[Group, ...], charge_id: str, counted: Counted
) -> "CreditAccount":
    before = state.controls
    controls = Controls(
        number=before.number,
        rules=before.rules,
        groups=groups,
        serial=before.serial,
        counted=before.counted.set(charge_id, counted),
    )
    return replace(state, controls=controls)


def _moved(state: "CreditAccount", card_id: str, new_card_id: str) -> "CreditAccount":
    """What held for a card that was lost holds for the one in its place."""
    before = state.controls
    groups = tuple(
        _moved_group(group, new_card_id) if group.scope.card_id == card_id else group
        for group in before.groups
    )
    rules = tuple(
        _moved_control(each, new_card_id) if each.scope.card_id == card_id else each
        for each in before.rules
    )
    return replace(state, controls=replace(before, groups=groups, rules=rules))


def _moved_control(control: Control, card_id: str) -> Control:
    return replace(control, scope=replace(control.scope, card_id=card_id))


def _moved_group(group: Group, card_id: str) -> Group:
    controls = tuple(_moved_control(each, card_id) for each in group.controls)
    return replace(group, scope=controls[0].scope, controls=controls)
