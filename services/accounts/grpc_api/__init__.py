"""The door of accounts: request → command → answer rendered from state."""

from cards.accounts.v1 import (
    business_day_service_pb2,
    card_keys_service_pb2,
    card_secrets_service_pb2,
    cards_service_pb2,
    charges_service_pb2,
    controls_service_pb2,
    device_tokens_service_pb2,
    network_keys_service_pb2,
    programmes_service_pb2,
)
from cards.accounts.v1.accounts_service_pb2 import DESCRIPTOR
from cards.accounts.v1.accounts_service_pb2_grpc import add_AccountsServiceServicer_to_server
from cards.accounts.v1.business_day_service_pb2_grpc import (
    add_BusinessDayServiceServicer_to_server,
)
from cards.accounts.v1.card_keys_service_pb2_grpc import add_CardKeysServiceServicer_to_server
from cards.accounts.v1.card_secrets_service_pb2_grpc import (
    add_CardSecretsServiceServicer_to_server,
)
from cards.accounts.v1.cards_service_pb2_grpc import add_CardsServiceServicer_to_server
from cards.accounts.v1.charges_service_pb2_grpc import add_ChargesServiceServicer_to_server
from cards.accounts.v1.controls_service_pb2_grpc import add_ControlsServiceServicer_to_server
from cards.accounts.v1.device_tokens_service_pb2_grpc import (
    add_DeviceTokensServiceServicer_to_server,
)
from cards.accounts.v1.network_keys_service_pb2_grpc import (
    add_NetworkKeysServiceServicer_to_server,
)
from cards.accounts.v1.programmes_service_pb2_grpc import add_ProgrammesServiceServicer_to_server

from chassis.ports import Ports
from chassis.service import Rpcs
from services.accounts.clients import Risk
from services.accounts.grpc_api import (
    billing,
    clearing,
    credit_lines,
    customer_screenings,
    customers,
    deferrals,
    disputes,
    documents,
    ledger,
    over_limit,
    payments,
    transfers,
)
from services.accounts.grpc_api.books import Books
from services.accounts.grpc_api.business_days import BusinessDaysApi
from services.accounts.grpc_api.card_keys import CardKeysApi
from services.accounts.grpc_api.card_secrets import CardSecretsApi
from services.accounts.grpc_api.cards import CardsApi
from services.accounts.grpc_api.charges import Charges
from services.accounts.grpc_api.controls import ControlsApi
from services.accounts.grpc_api.credits import ChargesApi
from services.accounts.grpc_api.device_tokens import DeviceTokensApi
from services.accounts.grpc_api.holders import Holders
from services.accounts.grpc_api.network_keys import NetworkKeysApi
from services.accounts.grpc_api.programmes import Programmes
from services.accounts.grpc_api.transactions import transactions_rpcs
from services.accounts.queries.books import Trades
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.business_days import BusinessDays
from services.accounts.use_cases.currencies import Currencies
from services.accounts.use_cases.programme_clock import clocked


class AccountsApi(Holders, Charges, Books):
    """cards.accounts.v1.AccountsService."""

    def __init__(
        self, ports: Ports, accounts: Accounts, trades: Trades, currencies: Currencies
    ) -> None:
        Holders.__init__(self, ports, accounts, currencies)
        Charges.__init__(self, ports, accounts)
        Books.__init__(self, ports, accounts, trades)


OF_CREDIT = (credit_lines, over_limit, payments, transfers)


def _of_credit(ports: Ports, accounts: Accounts) -> Rpcs:
    """What is served about limits and what is owed beside charges."""
    return [each for part in OF_CREDIT for each in part.rpcs(ports, accounts)]


def rpcs(ports: Ports) -> Rpcs:
    """What accounts serves."""
    ports = clocked(ports)
    risk = Risk(ports.rpc, ports.settings.assessment_deadline_ms)
    accounts = Accounts(ports.application, ports.keys, ports, risk)
    currencies = Currencies.load(ports.settings.currency_codes_path)
    trades = Trades.load(ports.settings.category_codes_path)
    api = AccountsApi(ports, accounts, trades, currencies)
    return [
        *billing.rpcs(ports, accounts),
        *clearing.rpcs(ports),
        *deferrals.rpcs(ports, accounts),
        *_of_credit(ports, accounts),
        *disputes.rpcs(ports),
        *ledger.rpcs(ports),
        *customers.rpcs(ports, accounts),
        *customer_screenings.rpcs(ports),
        *documents.rpcs(ports, accounts),
        (
            add_AccountsServiceServicer_to_server,
            api,
            DESCRIPTOR.services_by_name["AccountsService"],
        ),
        (
            add_DeviceTokensServiceServicer_to_server,
            DeviceTokensApi(ports, accounts),
            device_tokens_service_pb2.DESCRIPTOR.services_by_name["DeviceTokensService"],
        ),
        (
            add_CardKeysServiceServicer_to_server,
            CardKeysApi(ports, accounts),
            card_keys_service_pb2.DESCRIPTOR.services_by_name["CardKeysService"],
        ),
        (
            add_NetworkKeysServiceServicer_to_server,
            NetworkKeysApi(ports),
            network_keys_service_pb2.DESCRIPTOR.services_by_name["NetworkKeysService"],
        ),
        (
            add_CardSecretsServiceServicer_to_server,
            CardSecretsApi(ports, accounts),
            card_secrets_service_pb2.DESCRIPTOR.services_by_name["CardSecretsService"],
        ),
        (
            add_CardsServiceServicer_to_server,
            CardsApi(ports, accounts),
            cards_service_pb2.DESCRIPTOR.services_by_name["CardsService"],
        ),
        (
            add_ControlsServiceServicer_to_server,
            ControlsApi(ports, accounts),
            controls_service_pb2.DESCRIPTOR.services_by_name["ControlsService"],
        ),
        (
            add_BusinessDayServiceServicer_to_server,
            BusinessDaysApi(ports, BusinessDays(ports)),
            business_day_service_pb2.DESCRIPTOR.services_by_name["BusinessDayService"],
        ),
        (
            add_ProgrammesServiceServicer_to_server,
            Programmes(ports, accounts, currencies),
            programmes_service_pb2.DESCRIPTOR.services_by_name["ProgrammesService"],
        ),
        (
            add_ChargesServiceServicer_to_server,
            ChargesApi(ports, accounts),
            charges_service_pb2.DESCRIPTOR.services_by_name["ChargesService"],
        ),
        transactions_rpcs(ports, api.transaction),
    ]
