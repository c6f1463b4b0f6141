"""What can be asked about spend controls."""

from chassis.kernel.events import Command, command
from services.accounts.domain.controls.state import Control
from services.accounts.domain.values import Channel


@command
class SetControl(Command):
    """Put a control in force, in the place of one of the same id. The codes of the groups that it
    names need not be in its scope."""

    account_id: str
    control: Control


@command
class RemoveControl(Command):
    """Lift a control."""

    account_id: str
    control_id: str
    channel: Channel
