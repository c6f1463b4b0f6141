"""What is decided about deferred balances, with what follows in billing."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.following import with_billing
from services.accounts.domain.deferring import commands
from services.accounts.domain.deferring.decide import defer_purchase, direct_payment

DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.DeferPurchase: with_billing(defer_purchase, evolve),
    commands.DirectPayment: with_billing(direct_payment, evolve),
}
