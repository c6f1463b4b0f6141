"""The rpcs about a customer's rights: another profile, everything that is kept, being forgotten."""

import json
from typing import Any

import grpc
from cards.accounts.v1 import applications_service_pb2
from cards.accounts.v1 import customers_service_pb2 as pb
from cards.accounts.v1.applications_service_pb2_grpc import (
    add_ApplicationsServiceServicer_to_server,
)
from cards.accounts.v1.customers_service_pb2_grpc import (
    CustomersServiceServicer,
    add_CustomersServiceServicer_to_server,
)
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from chassis import answers, call
from chassis.kernel.errors import NotFound
from chassis.ports import Ports
from chassis.service import Rpcs
from chassis.work import Settled
from services.accounts.clients import KeyDestroyer, Screener
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.customer import CUSTOMER, Customer, Erasure
from services.accounts.domain.customers.events import CustomerProfileChanged
from services.accounts.grpc_api import messages
from services.accounts.grpc_api.applications import ApplicationsApi, applicant, message
from services.accounts.queries.applications import applications_of
from services.accounts.queries.books import Filter, list_transactions
from services.accounts.use_cases.accounts import PROFILE_FIELDS, Accounts
from services.accounts.use_cases.applications import Applications
from services.accounts.use_cases.customers import Customers

Context = grpc.aio.ServicerContext[Any, Any]

EXPORTED_APPLICATIONS_LIMIT = 100
OURS_ALONE = frozenset({"position", "merchant_folded"})
"""Columns of a transaction that say nothing about it."""
UNREADABLE = (
    *(f"customer.{name}" for name in PROFILE_FIELDS),
    "application.annual_income",
    "card.number",
    "whatever other services sealed for the customer, such as contacts, messages and cases",
)
KEPT = ("ids", "amounts", "dates", "merchants", "last four digits of cards", "keyed hashes")


class CustomersApi(CustomersServiceServicer):
    """cards.accounts.v1.CustomersService."""

    def __init__(self, ports: Ports, customers: Customers, applications: Applications) -> None:
        self._customers = customers
        self._applications = applications
        self._application = ports.application
        self._database = ports.database
        self._clock = ports.clock

    async def UpdateCustomerProfile(
        self, request: pb.UpdateCustomerProfileRequest, context: Context
    ) -> pb.UpdateCustomerProfileResponse:
        def render(settled: Settled) -> pb.UpdateCustomerProfileResponse:
            changed = [each for each in settled.facts if isinstance(each, CustomerProfileChanged)]
            return pb.UpdateCustomerProfileResponse(
                customer_id=settled.state.customer_id,
                changed_fields=[field for each in changed for field in each.fields],
                receipt=answers.receipt(settled),
            )

        return await self._customers.update(
            request.customer_id,
            messages.profile_of(request.details, self._clock.now().date()),
            messages.channel_of_caller(),
            render,
        )

    async def EraseCustomer(
        self, request: pb.EraseCustomerRequest, context: Context
    ) -> pb.EraseCustomerResponse:
        async def work() -> pb.EraseCustomerResponse:
            erasure, outcome = await self._customers.erase(request.customer_id)
            return pb.EraseCustomerResponse(
                proof=_proof(request.customer_id, erasure),
                receipt=answers.receipt(Settled((), outcome.facts, outcome.receipt)),
            )

        return await self._application.once(work)

    async def GetErasureProof(
        self, request: pb.GetErasureProofRequest, context: Context
    ) -> pb.GetErasureProofResponse:
        erasure = await self._customers.proof(request.customer_id)
        return pb.GetErasureProofResponse(proof=_proof(request.customer_id, erasure))

    async def ExportCustomerData(
        self, request: pb.ExportCustomerDataRequest, context: Context
    ) -> pb.ExportCustomerDataResponse:
        customer = await self._application.state(CUSTOMER, request.customer_id)
        if customer.profile is None:
            raise NotFound("KEY_DESTROYED", "the customer is forgotten")
        if call.current().principal.person.customer_id != request.customer_id:
            await self._application.witness(CUSTOMER, request.customer_id)
        cursor = answers.of_page_token(request.page_token, int, int)
        size = answers.page_size(request.page_size)
        records, following = await self._page(customer, cursor or (0, 0), size)
        return pb.ExportCustomerDataResponse(
            records=records, next_page_token=answers.page_token(*following) if following else ""
        )

    async def _page(
        self, customer: Customer, cursor: tuple[Any, ...], size: int
    ) -> tuple[list[pb.ExportedRecord], tuple[int, int] | None]:
        """Records from a cursor on: first what there is one of each, then the transactions of one
        account after another, newest first. The second part of a cursor is a place in those."""
        applied = await self._database.read(
            lambda connection: applications_of(
                connection, customer.customer_id, EXPORTED_APPLICATIONS_LIMIT
            )
        )
        things = [
            ("customer", customer.customer_id),
            *(("application", each) for each in applied),
            *(("account", each) for each in customer.account_ids),
        ]
        stage, before = cursor
        records: list[pb.ExportedRecord] = []
        while len(records) < size:
            if 0 <= stage < len(things):
                records.append(await self._record(customer, *things[stage]))
                stage += 1
                continue
            account = stage - len(things)
            if not 0 <= account < len(customer.account_ids):
                return records, None
            found = await self._transactions(
                customer.account_ids[account], before, size - len(records)
            )
            records += [record for _, record in found]
            stage, before = (stage, found[-1][0]) if found else (stage + 1, 0)
        return records, (stage, before)

    async def _record(self, customer: Customer, kind: str, id: str) -> pb.ExportedRecord:
        if kind == "account":
            account = await self._application.state(CREDIT_ACCOUNT, id)
            return _record(kind, id, messages.account(account))
        if kind == "application":
            state, clear = await self._applications.reveal(id)
            told = applications_service_pb2.GetApplicationResponse(
                application=message(state), applicant=applicant(state, clear)
            )
            return _record(kind, id, told)
        assert customer.profile is not None
        clear = await self._customers.accounts.unsealed(id, customer.profile)
        return _record(kind, id, messages.details_of(clear))

    async def _transactions(
        self, account_id: str, before: int, limit: int
    ) -> list[tuple[int, pb.ExportedRecord]]:
        rows = await self._database.read(
            lambda connection: list_transactions(
                connection, Filter(account_id=account_id), before or None, limit
            )
        )
        return [(row.position, _transaction(row)) for row in rows]


def rpcs(ports: Ports, accounts: Accounts) -> Rpcs:
    """What accounts serves to applicants and about customers."""
    screener = Screener(ports.rpc, ports.settings.screening_deadline_ms)
    applications = Applications(accounts, screener)
    customers = Customers(accounts, ports.keys, KeyDestroyer(ports.rpc))
    return [
        (
            add_ApplicationsServiceServicer_to_server,
            ApplicationsApi(ports, applications),
            applications_service_pb2.DESCRIPTOR.services_by_name["ApplicationsService"],
        ),
        (
            add_CustomersServiceServicer_to_server,
            CustomersApi(ports, customers, applications),
            pb.DESCRIPTOR.services_by_name["CustomersService"],
        ),
    ]


def _record(kind: str, id: str, told: Message) -> pb.ExportedRecord:
    text = MessageToJson(told, preserving_proto_field_name=True, indent=None)
    return pb.ExportedRecord(kind=kind, id=id, json=text)


def _transaction(row: Any) -> pb.ExportedRecord:
    told = {name: each for name, each in row._mapping.items() if name not in OURS_ALONE}
    return pb.ExportedRecord(
        kind="transaction", id=row.transaction_id, json=json.dumps(told, ensure_ascii=False)
    )


def _proof(customer_id: str, erasure: Erasure) -> pb.ErasureProof:
    return pb.ErasureProof(
        customer_id=customer_id,
        certificate_id=erasure.certificate_id,
        destroyed_keys=erasure.destroyed_keys,
        destroyed_at=answers.timestamp(erasure.destroyed_at),
        signed=erasure.certificate,
        unreadable=UNREADABLE,
        kept=KEPT,
    )
