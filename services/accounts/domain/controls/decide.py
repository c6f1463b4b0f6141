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
from services.accounts.domain.controls.metering import Moment, Window, moment_of, used
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
    """The first control that stands against a charge, or None: rules first, then limits."""
    card_id, merchant, entry_mode = asked.card_id, asked.merchant, asked.entry_mode
    for rule in controls.rules:
        scope = rule.scope
        if scope.card_id and scope.card_id != card_id:
            continue
        if scope.fits(merchant, entry_mode) is (rule.kind is ControlKind.BLOCK):
            return Breach(DeclineReason.CONTROL_FORBIDS, rule.control_id)
    # A verification asks for nothing, and is no charge.
    if not asked.minor or not controls.groups:
        return None
    moment = moment_of(asked.at, asked.on)
    for group in controls.groups:
        scope = group.scope
        if scope.card_id in ("", card_id) and scope.fits(merchant, entry_mode):
            breach = _limit_breach(group, asked, moment)
            if breach is not None:
                return breach
    return None


def _limit_breach(group: Group, asked: Asked, moment: Moment) -> Breach | None:
    meter = group.meter
    for limit in group.limits:
        minor, times = used(meter, limit.code, moment)
        if limit.amount_id:
            total = asked.total_minor if limit.single else minor + asked.minor
            if total > limit.amount_minor:
                return Breach(DeclineReason.CONTROL_AMOUNT_EXCEEDED, limit.amount_id)
        if limit.count_id and asked.times and times + asked.times > limit.times:
            return Breach(DeclineReason.CONTROL_COUNT_EXCEEDED, limit.count_id)
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
    elif state.controls.number >= CONTROLS_LIMIT:
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
    for group in state.in_force.mcc_groups:
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
