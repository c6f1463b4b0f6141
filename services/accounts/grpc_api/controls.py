"""The rpcs about spend controls."""

from datetime import date, datetime
from typing import Any

import grpc
from cards.accounts.v1 import controls_service_pb2 as pb
from cards.accounts.v1.controls_service_pb2_grpc import ControlsServiceServicer

from chassis import answers
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.controls.commands import RemoveControl, SetControl
from services.accounts.domain.controls.metering import Meter, Window, code_of, moment_of, used
from services.accounts.domain.controls.state import Control, ControlKind, Scope
from services.accounts.grpc_api import messages
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.programme_clock import Zones, shown_to

Context = grpc.aio.ServicerContext[Any, Any]


class ControlsApi(ControlsServiceServicer):
    """cards.accounts.v1.ControlsService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._accounts = accounts
        self._application = ports.application
        self._ports = ports
        self._zones = Zones(ports)

    async def SetControl(
        self, request: pb.SetControlRequest, context: Context
    ) -> pb.SetControlResponse:
        account = await self._accounts.account(request.account_id)
        command = SetControl(
            account_id=request.account_id, control=_control_of(request.control, account)
        )
        control_id = command.control.control_id
        now = await shown_to(self._ports, request.account_id)
        today = now.astimezone(await self._zones.of_account(request.account_id)).date()
        return await self._application.answer(
            command,
            render=lambda settled: pb.SetControlResponse(
                control=next(
                    _in_force(settled.state, control, meter, now, today)
                    for control, meter in settled.state.controls.every()
                    if control.control_id == control_id
                ),
                receipt=answers.receipt(settled),
            ),
        )

    async def RemoveControl(
        self, request: pb.RemoveControlRequest, context: Context
    ) -> pb.RemoveControlResponse:
        command = RemoveControl(
            account_id=request.account_id,
            control_id=request.control_id,
            channel=messages.channel_of_caller(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RemoveControlResponse(receipt=answers.receipt(settled)),
        )

    async def ListControls(
        self, request: pb.ListControlsRequest, context: Context
    ) -> pb.ListControlsResponse:
        account = await self._accounts.account(request.account_id)
        cursor = answers.of_page_token(request.page_token, str)
        after = cursor[0] if cursor else ""
        size = answers.page_size(request.page_size)
        found = [
            (control, meter)
            for control, meter in account.controls.every()
            if control.control_id > after and request.card_id in ("", control.scope.card_id)
        ]
        more = len(found) > size
        now = await shown_to(self._ports, request.account_id)
        today = now.astimezone(await self._zones.of_account(request.account_id)).date()
        return pb.ListControlsResponse(
            controls=[_in_force(account, *each, now, today) for each in found[:size]],
            next_page_token=answers.page_token(found[size - 1][0].control_id) if more else "",
        )


def _in_force(
    account: CreditAccount, of: Control, meter: Meter, now: datetime, today: date
) -> pb.ControlInForce:
    minor, times = used(meter, code_of(of.window, of.rolling), moment_of(now, today))
    return pb.ControlInForce(
        control=_message(account, of),
        set_by=messages.CHANNELS[of.channel],  # type: ignore[arg-type]
        used=answers.money(account.money(minor)),
        used_times=times,
    )


def _control_of(message: pb.SpendControl, account: CreditAccount) -> Control:
    """A control from a message. Raises Invalid for a limit that is missing or in another
    currency."""
    kind = ControlKind(messages.word(pb.ControlKind, message.kind, "CONTROL_KIND"))
    window = messages.word(pb.ControlWindow, message.window, "CONTROL_WINDOW")
    limit = messages.of_optional_money(message, "limit")
    if kind is ControlKind.AMOUNT and limit is None:
        raise Invalid("LIMIT_MISSING", "say how much may be spent", field="control.limit")
    if limit is not None and limit.currency != account.currency:
        raise Invalid(
            "CURRENCY_MISMATCH", f"the account is in {account.currency}", field="control.limit"
        )
    return Control(
        control_id=message.control_id,
        kind=kind,
        scope=Scope(
            card_id=message.card_id,
            mccs=tuple(message.mccs),
            merchant_ids=tuple(message.merchant_ids),
            countries=tuple(message.countries),
            entry_modes=tuple(messages.entry_mode(each) for each in message.entry_modes),
        ),
        mcc_groups=tuple(message.mcc_groups),
        window=Window(window) if window else Window.TRANSACTION,
        rolling=message.rolling,
        limit_minor=limit.minor_units if limit else 0,
        times=message.times,
        channel=messages.channel_of_caller(),
    )


def _message(account: CreditAccount, of: Control) -> pb.SpendControl:
    scope = of.scope
    limited = of.kind is ControlKind.AMOUNT
    modes = [messages.ENTRY_MODES[each] for each in scope.entry_modes]
    return pb.SpendControl(
        control_id=of.control_id,
        card_id=scope.card_id,
        kind=pb.ControlKind.Value(f"CONTROL_KIND_{of.kind}"),
        window=pb.ControlWindow.Value(f"CONTROL_WINDOW_{of.window}"),
        rolling=of.rolling,
        limit=answers.money(account.money(of.limit_minor)) if limited else None,
        times=of.times,
        mccs=scope.mccs,
        mcc_groups=of.mcc_groups,
        merchant_ids=scope.merchant_ids,
        countries=scope.countries,
        entry_modes=modes,  # type: ignore[arg-type]
    )
