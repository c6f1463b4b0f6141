"""What the story tells beside its main line: a file for each part of a service."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.contract import (
    part_applications,
    part_billing,
    part_business_days,
    part_cards,
    part_charge_off,
    part_charges,
    part_clearing,
    part_controls,
    part_credit_lines,
    part_deferrals,
    part_device_tokens,
    part_disputes,
    part_over_limit,
    part_payments,
    part_penalty_rate,
    part_programmes,
    part_reading,
    part_repricing,
    part_screening,
    part_statements,
    part_transactions,
    part_transfers,
)

if TYPE_CHECKING:
    from tests.contract.story import Story

PARTS: tuple[Callable[["Story"], None], ...] = (
    part_cards.tell,
    part_device_tokens.tell,
    part_controls.tell,
    part_business_days.tell,
    part_clearing.tell,
    part_programmes.tell,
    part_repricing.tell,
    part_billing.tell,
    part_charge_off.tell,
    part_penalty_rate.tell,
    part_deferrals.tell,
    part_credit_lines.tell,
    part_over_limit.tell,
    part_transfers.tell,
    part_payments.tell,
    part_transactions.tell,
    part_charges.tell,
    part_applications.tell,
    part_disputes.tell,
    part_screening.tell,
    part_statements.tell,
    part_reading.tell,
)
"""In order; each may use the holders that the story has opened, or open others."""
