"""The accounts service, put together."""

from collections.abc import Mapping, Sequence
from typing import Any

from cards.accounts.v1 import events_pb2

from chassis.ports import Ports
from chassis.service import Service, Worker
from services.accounts import grpc_api, policies, projections, tables
from services.accounts.clients import Risk, Screener
from services.accounts.config import AccountsSettings
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.applications.applicant import APPLICANT
from services.accounts.domain.applications.application import APPLICATION
from services.accounts.domain.business_day.decider import BUSINESS_DAY
from services.accounts.domain.card_place import CARD_PLACE
from services.accounts.domain.clearing.file import CLEARING_FILE
from services.accounts.domain.clearing.item import CLEARING_ITEM
from services.accounts.domain.customer import CUSTOMER
from services.accounts.domain.events import UPCASTERS
from services.accounts.domain.pan import PAN
from services.accounts.domain.pins.card_keys import CARD_KEYS
from services.accounts.domain.pins.network_keys import NETWORK_KEYS
from services.accounts.domain.programme import PROGRAMME
from services.accounts.domain.reconciliation.day_end import DAY_END
from services.accounts.domain.screening.customer_screening import CUSTOMER_SCREENING
from services.accounts.domain.screening.rescreening import RESCREENING
from services.accounts.domain.transactions.labels import TRANSACTION_LABEL
from services.accounts.iso8583.serving import servers
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.billing_run import BillingRun
from services.accounts.use_cases.clearing import ClearingFiles
from services.accounts.use_cases.day_ends import DayEnds
from services.accounts.use_cases.programme_clock import TimersAhead
from services.accounts.use_cases.screening import Rescreenings


async def owner_of_account(ports: Ports, account_id: str) -> Mapping[str, Any] | None:
    """Whose account it is."""
    account = await ports.application.peek(CREDIT_ACCOUNT, account_id)
    return {"owner": account.customer_id} if account else None


async def owner_of_card(ports: Ports, card_id: str) -> Mapping[str, Any] | None:
    """Who holds the card, and whose account it is on."""
    place = await ports.application.peek(CARD_PLACE, card_id)
    if place is None:
        return None
    return {"owner": place.holder_id, "account_owner": place.customer_id}


async def owner_of_customer(ports: Ports, customer_id: str) -> Mapping[str, Any] | None:
    """Customers own themselves."""
    customer = await ports.application.peek(CUSTOMER, customer_id)
    return {"owner": customer.customer_id} if customer else None


async def describe_programme(ports: Ports, programme_id: str) -> Mapping[str, Any] | None:
    """A programme belongs to nobody."""
    return {}


async def describe_clearing_file(ports: Ports, file_id: str) -> Mapping[str, Any] | None:
    """A clearing file belongs to nobody."""
    return {}


async def describe_application(ports: Ports, application_id: str) -> Mapping[str, Any] | None:
    """An application is the house's business until somebody is a customer by it."""
    return {}


def rescreenings(ports: Ports) -> Rescreenings:
    """Looks for customers on the lists that risk keeps."""
    settings = ports.settings
    risk = Risk(ports.rpc, settings.assessment_deadline_ms)
    accounts = Accounts(ports.application, ports.keys, ports, risk)
    return Rescreenings(ports, accounts, Screener(ports.rpc, settings.screening_deadline_ms))


def workers(ports: Ports) -> Sequence[Worker]:
    """What runs beside the relay; of several processes, the first works through clearing files."""
    first = ports.settings.worker_index == 0
    ahead = TimersAhead(ports, SERVICE.codec().decode_command)
    return [
        ("billing run", BillingRun(ports, DayEnds(ports).prove, ahead.carry_out).run),
        *([("clearing files", ClearingFiles(ports).run)] if first else []),
        *([("screening", rescreenings(ports).run)] if first else []),
    ]


SERVICE = Service(
    name="accounts",
    settings=AccountsSettings,
    deciders=(
        PROGRAMME,
        CUSTOMER,
        CREDIT_ACCOUNT,
        CARD_PLACE,
        CARD_KEYS,
        NETWORK_KEYS,
        PAN,
        BUSINESS_DAY,
        CLEARING_FILE,
        CLEARING_ITEM,
        DAY_END,
        TRANSACTION_LABEL,
        APPLICATION,
        APPLICANT,
        CUSTOMER_SCREENING,
        RESCREENING,
    ),
    upcasters=UPCASTERS,
    public=events_pb2,
    policies=policies.POLICIES,
    timers=policies.TIMERS,
    projections=projections.PROJECTIONS,
    tables=tables.METADATA,
    rpcs=grpc_api.rpcs,
    workers=workers,
    servers=servers,
    resources={
        "Account": owner_of_account,
        "Application": describe_application,
        "Card": owner_of_card,
        "ClearingFile": describe_clearing_file,
        "Customer": owner_of_customer,
        "Programme": describe_programme,
    },
)
