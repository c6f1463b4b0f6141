"""Asking something of an account as of another moment: the one that a test clock shows."""

from datetime import datetime
from typing import Any

from chassis.kernel.events import Command, command


@command
class AsOf(Command):
    """Decide what is `asked`, a command of the same account, as if it were `moment`. Made in test
    systems only, while the business date of the account's programme is ahead of the calendar."""

    account_id: str
    moment: datetime
    asked: Any
