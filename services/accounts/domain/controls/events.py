"""What can have happened to spend controls."""

from datetime import date

from chassis.kernel.events import Fact, fact
from services.accounts.domain.controls.metering import Window
from services.accounts.domain.controls.state import ControlKind
from services.accounts.domain.values import Channel, EntryMode


@fact
class ControlSet(Fact):
    """A spend control is so from now on; see `Control` and `Scope` for the fields."""

    account_id: str
    customer_id: str
    control_id: str
    card_id: str
    kind: ControlKind
    window: Window
    rolling: bool
    limit_minor: int
    times: int
    mcc_groups: tuple[str, ...]
    mccs: tuple[str, ...]
    merchant_ids: tuple[str, ...]
    countries: tuple[str, ...]
    entry_modes: tuple[EntryMode, ...]
    channel: Channel
    transaction_date: date


@fact
class ControlRemoved(Fact):
    """A spend control is no more."""

    account_id: str
    customer_id: str
    control_id: str
    card_id: str
    channel: Channel
    transaction_date: date
