"""Deciding about spend controls, and what they say of a charge."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.controls import commands, events
from services.accounts.domain.controls.metering import Meter, Window, hour_of, used
from services.accounts.domain.controls.state import (
    LIMITS,
    Control,
    ControlKind,
    Controls,
    Group,
)
from services.accounts.domain.life.transitions import FINAL
from services.accounts.domain.values import Channel, DeclineReason, EntryMode, Merchant

CONTROLS_LIMIT = 100
"""Controls that may be in force on one account and its cards."""

SCOPE_LIMIT = 1_000
"""Entries of one list of a scope."""


class Asked(NamedTuple):
    """What is about to be approved: `minor` more than was approved before of a charge that then
    is for `total_minor`; `times` is 0 where the charge was counted before."""

    card_id: str
    merchant: Merchant
    entry_mode: EntryMode
    minor: int
    total_minor: int
    times: int
    at: datetime
    on: date


class Breach(NamedTuple):
    """Which control stands against a charge, and how."""

    reason: DeclineReason
    control_id: str


def find_breach(controls: Controls, asked: Asked) -> Breach | None:
    """The first control that stands against a charge, or None."""
    hour = hour_of(asked.at)
    for group in controls.groups:
        if group.scope.card_id not in ("", asked.card_id):
            continue
        breach = _group_breach(group, asked, hour)
        if breach is not None:
            return breach
    return None


def _group_breach(group: Group, asked: Asked, hour: int) -> Breach | None:
    fits = group.scope.fits(asked.merchant, asked.entry_mode)
    known: dict[tuple[Window, bool], tuple[int, int]] = {}
    meter = group.meter or Meter()
    for control in group.controls:
        kind = control.kind
        if kind is ControlKind.ALLOW:
            if not fits:
                return Breach(DeclineReason.CONTROL_FORBIDS, control.control_id)
            continue
        if not fits:
            continue
        if kind is ControlKind.BLOCK:
            return Breach(DeclineReason.CONTROL_FORBIDS, control.control_id)
        # A verification asks for nothing, and is no charge.
        if not asked.minor:
            continue
        window = control.window, control.rolling
        sums = known.get(window)
        if sums is None:
            sums = known[window] = used(meter, *window, hour, asked.on)
        if kind is ControlKind.AMOUNT:
            single = control.window is Window.TRANSACTION
            total = asked.total_minor if single else sums[0] + asked.minor
            if total > control.limit_minor:
                return Breach(DeclineReason.CONTROL_AMOUNT_EXCEEDED, control.control_id)
        elif asked.times and sums[1] + asked.times > control.times:
            return Breach(DeclineReason.CONTROL_COUNT_EXCEEDED, control.control_id)
    return None


def set_control(
    state: CreditAccount, command: commands.SetControl, context: Context
) -> tuple[Fact, ...]:
    """Put a control in force. Raises Refused for a holder who would change what the issuer set,
    Invalid for one that says nothing."""
    control = _resolved(state, command.control)
    known = state.controls.find(control.control_id)
    if known == control:
        return ()
    _check(state, control)
    if known is not None:
        _check_theirs(known, control.channel)
    elif len(state.controls.every()) >= CONTROLS_LIMIT:
        raise Refused("TOO_MANY_CONTROLS", f"an account has at most {CONTROLS_LIMIT} controls")
    scope = control.scope
    return (
        events.ControlSet(
            account_id=state.account_id,
            customer_id=state.customer_id,
            control_id=control.control_id,
            card_id=scope.card_id,
            kind=control.kind,
            window=control.window,
            rolling=control.rolling,
            limit_minor=control.limit_minor,
            times=control.times,
            mcc_groups=control.mcc_groups,
            mccs=scope.mccs,
            merchant_ids=scope.merchant_ids,
            countries=scope.countries,
            entry_modes=scope.entry_modes,
            channel=control.channel,
            transaction_date=context.now.date(),
        ),
    )


def _resolved(state: CreditAccount, control: Control) -> Control:
    """The control with the codes of the groups it names, each list sorted and without doubles."""
    mccs = set(control.scope.mccs)
    for name in control.mcc_groups:
        mccs.update(_codes_of(state, name))
    scope = replace(
        control.scope,
        mccs=tuple(sorted(mccs)),
        merchant_ids=tuple(sorted(set(control.scope.merchant_ids))),
        countries=tuple(sorted(set(control.scope.countries))),
        entry_modes=tuple(sorted(set(control.scope.entry_modes))),
    )
    groups = tuple(sorted(set(control.mcc_groups)))
    return replace(control, scope=scope, mcc_groups=groups)


def _codes_of(state: CreditAccount, name: str) -> tuple[str, ...]:
    for group in getattr(state.in_force, "mcc_groups", ()):
        if group.name == name:
            return tuple(
                each.first if each.first == each.last else f"{each.first}-{each.last}"
                for each in group.ranges
            )
    raise Refused("MCC_GROUP_UNKNOWN", "the programme has no group of this name")


def _check(state: CreditAccount, control: Control) -> None:
    scope = control.scope
    card = state.find_card(scope.card_id) if scope.card_id else None
    if scope.card_id and (card is None or card.status in FINAL):
        raise NotFound("CARD_NOT_FOUND", "there is no such card in use on this account")
    lists: tuple[tuple[str, ...], ...] = (scope.mccs, scope.merchant_ids, scope.countries)
    if max(map(len, lists)) > SCOPE_LIMIT:
        raise Invalid("SCOPE_TOO_LONG", f"a list has at most {SCOPE_LIMIT} entries", field="scope")
    if control.kind not in LIMITS:
        if not any((*lists, scope.entry_modes)):
            raise Invalid("SCOPE_EMPTY", "say what is allowed or blocked", field="control")
        return
    if control.limit_minor < 0 or control.times < 0:
        raise Invalid("LIMIT_NEGATIVE", "a limit is not negative", field="control.limit")
    single = control.window is Window.TRANSACTION
    if single and control.kind is ControlKind.COUNT:
        raise Invalid("WINDOW_MISSING", "a transaction is always one", field="control.window")
    if control.rolling and (single or control.window is Window.LIFETIME):
        raise Invalid("WINDOW_NOT_ROLLING", "only days, weeks and months roll", field="control")


def _check_theirs(known: Control, channel: Channel) -> None:
    if channel is Channel.HOLDER and known.channel is not Channel.HOLDER:
        raise Refused("CONTROL_OF_ISSUER", "only the issuer changes this control")


def remove_control(
    state: CreditAccount, command: commands.RemoveControl, context: Context
) -> tuple[Fact, ...]:
    """Lift a control; nothing where there is none. Raises Refused for a holder who would lift
    what the issuer set."""
    known = state.controls.find(command.control_id)
    if known is None:
        return ()
    _check_theirs(known, command.channel)
    return (
        events.ControlRemoved(
            account_id=state.account_id,
            customer_id=state.customer_id,
            control_id=known.control_id,
            card_id=known.scope.card_id,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.SetControl: set_control,
    commands.RemoveControl: remove_control,
}
