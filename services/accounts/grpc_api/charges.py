"""The rpcs about charges: from authorisation to refund, and repayments."""

from typing import Any

import grpc
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer

from chassis import answers
from chassis.call import derived_id
from chassis.kernel.errors import Invalid, NotFound
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.account import charges
from services.accounts.domain.account.commands import (
    AdviseCharge,
    AuthoriseCharge,
    ClearCharge,
    IncrementCharge,
    RecordPayment,
    RefundCharge,
    ReverseCharge,
)
from services.accounts.domain.account.state import Charge, act_key
from services.accounts.domain.card_place import CardPlace
from services.accounts.domain.pan import RefuseUnknownCard
from services.accounts.domain.values import APPROVALS, APPROVED, RESPONSE_CODES, DeclineReason
from services.accounts.grpc_api import messages
from services.accounts.grpc_api.dates import (
    both_dates,
    dates_of_credit,
    day_of,
    moment_of,
    moment_of_nobody,
)
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.card_values import BY_ENTRY_MODE, ServiceCode
from services.accounts.use_cases.programme_clock import Zones
from services.accounts.use_cases.secrets import Compared, Secrets, Shown

Context = grpc.aio.ServicerContext[Any, Any]


class Charges(AccountsServiceServicer):
    """What is charged to cards, and paid back."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._ports = ports
        self._accounts = accounts
        self._secrets = Secrets(accounts)
        self._application = ports.application
        self._clock = ports.clock
        self._zones = Zones(ports)

    async def AuthoriseCharge(
        self, request: pb.AuthoriseChargeRequest, context: Context
    ) -> pb.AuthoriseChargeResponse:
        charge_id = request.charge_id or derived_id()
        check_one_of(request)
        token_id = ""
        if request.card_id:
            place = await self._accounts.place(request.card_id)
        else:
            pan_hash, pan = await self._accounts.find_number(request.card_number)
            if pan is None:
                on, at = moment_of_nobody(request, self._clock.now())
                refusal = RefuseUnknownCard(
                    pan_hash=pan_hash,
                    charge_id=charge_id,
                    amount=answers.of_money(request.amount),
                    merchant=messages.of_merchant(request.merchant),
                    entry_mode=messages.entry_mode(request.entry_mode),
                    transaction_date=on,
                    transaction_at=at,
                )
                return await self._refuse_unknown(refusal)
            place = CardPlace(card_id=pan.card_id, account_id=pan.account_id)
            token_id = pan.token_id
        on, at = await moment_of(self._ports, self._zones, place.account_id, request)
        compared = await self._secrets.check(place.card_id, _shown(request), on)
        command = AuthoriseCharge(
            account_id=place.account_id,
            charge_id=charge_id,
            card_id=place.card_id,
            amount=answers.of_money(request.amount),
            original=messages.original_of(request),
            merchant=messages.of_merchant(request.merchant),
            entry_mode=messages.entry_mode(request.entry_mode),
            estimated=request.estimated,
            transaction_date=on,
            transaction_at=at,
            network=messages.network(request.network),
            partial_approval_allowed=request.partial_approval_allowed,
            token_id=token_id,
            checks=compared.checks,
        )

        def render(settled: Settled) -> pb.AuthoriseChargeResponse:
            charge = settled.state.charges[charge_id]
            return pb.AuthoriseChargeResponse(
                approved=charge.response_code in APPROVALS,
                chip_answer=chip_answer(compared, charge),
                charge=messages.charge(settled.state, charge),
                available=messages.available(settled.state),
                receipt=answers.receipt(settled),
            )

        return await self._accounts.authorise(command, render)

    async def _refuse_unknown(self, command: RefuseUnknownCard) -> pb.AuthoriseChargeResponse:
        reason = DeclineReason.CARD_UNKNOWN
        charge = pb.Charge(
            charge_id=command.charge_id,
            status=pb.CHARGE_STATUS_DECLINED,
            amount=answers.money(command.amount),
            merchant=messages.merchant(command.merchant),
            entry_mode=messages.ENTRY_MODES[command.entry_mode],  # type: ignore[arg-type]
            response_code=RESPONSE_CODES[reason],
            reason=reason,
            transaction_date=command.transaction_date.isoformat(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.AuthoriseChargeResponse(
                approved=False, charge=charge, receipt=answers.receipt(settled)
            ),
        )

    async def AdviseCharge(
        self, request: pb.AdviseChargeRequest, context: Context
    ) -> pb.AdviseChargeResponse:
        command = AdviseCharge(
            account_id=request.account_id,
            charge_id=request.charge_id,
            advice_id=request.advice_id or derived_id(),
            amount=answers.of_money(request.amount),
            transaction_date=await day_of(
                self._ports, request.account_id, request, "transaction_date"
            ),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.AdviseChargeResponse(**_after(settled, request.charge_id)),
        )

    async def IncrementCharge(
        self, request: pb.IncrementChargeRequest, context: Context
    ) -> pb.IncrementChargeResponse:
        command = IncrementCharge(
            account_id=request.account_id,
            charge_id=request.charge_id,
            increment_id=request.increment_id or derived_id(),
            by=messages.of_optional_money(request, "by"),
            to=messages.of_optional_money(request, "to"),
            transaction_date=await day_of(
                self._ports, request.account_id, request, "transaction_date"
            ),
        )

        def render(settled: Settled) -> pb.IncrementChargeResponse:
            act = settled.state.acts[act_key("increment", command.increment_id)]
            return pb.IncrementChargeResponse(
                approved=act.response_code == APPROVED,
                response_code=act.response_code,
                reason=act.reason,
                **_after(settled, request.charge_id),
            )

        return await self._application.answer(command, render=render)

    async def ClearCharge(
        self, request: pb.ClearChargeRequest, context: Context
    ) -> pb.ClearChargeResponse:
        account_id, card_id = await place_of(self._accounts, request)
        command = ClearCharge(
            account_id=account_id,
            clearing_id=request.clearing_id or derived_id(),
            charge_id=request.charge_id,
            card_id=card_id,
            amount=answers.of_money(request.amount),
            original=messages.original_of(request),
            merchant=messages.of_optional_merchant(request),
            final=not request.more_to_come,
            **await both_dates(self._ports, account_id, request),
        )
        charge_id = command.charge_id or command.clearing_id
        return await self._application.answer(
            command, render=lambda settled: pb.ClearChargeResponse(**_after(settled, charge_id))
        )

    async def ReverseCharge(
        self, request: pb.ReverseChargeRequest, context: Context
    ) -> pb.ReverseChargeResponse:
        command = ReverseCharge(
            account_id=request.account_id,
            charge_id=request.charge_id,
            reversal_id=request.reversal_id or derived_id(),
            amount=messages.of_optional_money(request, "amount"),
            transaction_date=await day_of(
                self._ports, request.account_id, request, "transaction_date"
            ),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ReverseChargeResponse(**_after(settled, request.charge_id)),
        )

    async def RefundCharge(
        self, request: pb.RefundChargeRequest, context: Context
    ) -> pb.RefundChargeResponse:
        account_id, card_id = await place_of(self._accounts, request)
        command = RefundCharge(
            account_id=account_id,
            refund_id=request.refund_id or derived_id(),
            charge_id=request.charge_id,
            card_id=card_id,
            amount=answers.of_money(request.amount),
            original=messages.original_of(request),
            merchant=messages.of_optional_merchant(request),
            back_dated=not request.posting_date,
            **await dates_of_credit(self._ports, account_id, request),
        )

        def render(settled: Settled) -> pb.RefundChargeResponse:
            linked = settled.state.charges.get(command.charge_id)
            return pb.RefundChargeResponse(
                refund_id=command.refund_id,
                charge=messages.charge(settled.state, linked) if linked else None,
                available=messages.available(settled.state),
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def RecordPayment(
        self, request: pb.RecordPaymentRequest, context: Context
    ) -> pb.RecordPaymentResponse:
        command = RecordPayment(
            account_id=request.account_id,
            payment_id=request.payment_id or derived_id(),
            amount=answers.of_money(request.amount),
            **await dates_of_credit(self._ports, request.account_id, request),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RecordPaymentResponse(
                payment_id=command.payment_id,
                account=messages.account(settled.state),
                receipt=answers.receipt(settled),
            ),
        )

    async def GetCharge(
        self, request: pb.GetChargeRequest, context: Context
    ) -> pb.GetChargeResponse:
        account = await self._accounts.account(request.account_id)
        charge = charges.find(account, request.charge_id)
        return pb.GetChargeResponse(charge=messages.charge(account, charge))


async def paying_with(accounts: Accounts, request: Any) -> tuple[str, str, str]:
    """The account and the card that are paid with, and the token where its number is given: then
    the card is the one that the token stands for now. Raises NotFound."""
    check_one_of(request)
    if request.card_id:
        place = await accounts.place(request.card_id)
        return place.account_id, place.card_id, ""
    _, pan = await accounts.find_number(request.card_number)
    if pan is None:
        raise NotFound("CARD_NOT_FOUND", "no card has this number", field="card_number")
    return pan.account_id, await accounts.card_id_of(pan), pan.token_id


async def place_of(accounts: Accounts, request: Any) -> tuple[str, str]:
    """The account and the card that a request names by id or number. Raises NotFound."""
    check_one_of(request)
    if request.card_id:
        place = await accounts.place(request.card_id)
        return place.account_id, place.card_id
    _, pan = await accounts.find_number(request.card_number)
    if pan is None:
        raise NotFound("CARD_NOT_FOUND", "no card has this number", field="card_number")
    return pan.account_id, pan.card_id


def _shown(request: pb.AuthoriseChargeRequest) -> Shown:
    """What the caller passes of a card, to be compared."""
    mode = messages.entry_mode(request.entry_mode)
    return Shown(
        expiry=request.expiry,
        value=request.verification_value,
        service_code=BY_ENTRY_MODE.get(mode, ServiceCode.PRINTED),
        block=request.pin_block,
        chip=request.chip_data,
        sequence=request.card_sequence,
    )


def chip_answer(compared: Compared, charge: Charge) -> str:
    """What the chip is to be told of the decision; empty where it said nothing."""
    if compared.answers is None:
        return ""
    approved = charge.response_code in APPROVALS
    return compared.answers.approved if approved else compared.answers.declined


def check_one_of(request: Any) -> None:
    """Raises Invalid unless the card is named once."""
    if bool(request.card_id) == bool(request.card_number):
        raise Invalid(
            "CARD_ID_OR_NUMBER", "name the card by its id or by its number", field="card_id"
        )


def _after(settled: Settled, charge_id: str) -> dict[str, Any]:
    """What every answer about a charge says: where it stands, what may be spent, the receipt."""
    state = settled.state
    # What came before its authorisation is kept for a charge that is not there yet.
    known = state.charges.get(charge_id)
    return {
        "charge": messages.charge(state, known) if known else None,
        "available": messages.available(state),
        "receipt": answers.receipt(settled),
    }
