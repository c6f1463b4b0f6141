"""The six services as they run in the simulation: the real ones, with cheap password hashes."""

from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from chassis.crypto.keys import KeyServiceClient
from chassis.crypto.passwords import Parameters
from chassis.service import Service
from chassis.simulation.cluster import Machine
from chassis.simulation.services import Hosted
from services.accounts.app import SERVICE as ACCOUNTS
from services.accounts.config import AccountsSettings
from services.auth.app import service as make_auth
from services.auth.config import AuthSettings
from services.loyalty.app import build as make_loyalty
from services.loyalty.config import LoyaltySettings
from services.notify.app import SERVICE as NOTIFY
from services.notify.config import NotifySettings
from services.risk.app import build as make_risk
from services.risk.config import RiskSettings
from services.support.app import SERVICE as SUPPORT
from services.support.config import SupportSettings

ROOT_KEY = "5a" * 32
CHEAP = Parameters("simulated", 8, 1, 1)


def remote_keys(machine: Machine) -> Any:
    """Field encryption with data keys of auth's key service."""
    return KeyServiceClient(
        machine.rpc,
        clock=machine.clock,
        lookup_secret=machine.name.encode().ljust(32, b"."),
        random_bytes=machine.random.randbytes,
    )


def _hosted(make: Callable[[], Service], settings: Any) -> Hosted:
    return Hosted(make, settings, remote_keys)


HOSTED = {
    "accounts": _hosted(lambda: ACCOUNTS, AccountsSettings()),
    "auth": _hosted(lambda: make_auth(CHEAP), AuthSettings(root_key=SecretStr(ROOT_KEY))),
    "risk": _hosted(make_risk, RiskSettings()),
    "loyalty": _hosted(make_loyalty, LoyaltySettings()),
    "notify": _hosted(lambda: NOTIFY, NotifySettings()),
    "support": _hosted(lambda: SUPPORT, SupportSettings()),
}
SERVICES = tuple(hosted.make() for hosted in HOSTED.values())
