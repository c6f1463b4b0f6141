"""How a policy says what a customer is told: a template, and the details that word it."""

from datetime import date
from typing import Any

from cards.type.v1.money_pb2 import Money as MoneyMessage

from chassis.answers import of_money
from chassis.kernel.money import Money
from chassis.policies import About
from services.notify.domain.events import Details, Template
from services.notify.domain.recipient import ConsiderNotice


def notice(customer_id: str, about: About, template: Template, **details: Any) -> ConsiderNotice:
    """Consider to tell a customer of a fact that happened when it was recorded, if not said."""
    told = Details(**{"happened_at": about.occurred_at, **details})
    return ConsiderNotice(
        customer_id=customer_id, event_id=about.event_id, template=template, details=told
    )


def day(text: str) -> date | None:
    """A business date of a message; None where it says nothing."""
    return date.fromisoformat(text) if text else None


def sum_of(amount: MoneyMessage) -> Money | None:
    """An amount of a message; None where it says nothing."""
    return of_money(amount) if amount.currency_code else None
