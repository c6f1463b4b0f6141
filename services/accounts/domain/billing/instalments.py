"""Instalment plans at the close of a cycle: what each asks for, and which are paid off."""

from collections.abc import Sequence
from dataclasses import replace

from services.accounts.domain.billing.buckets import Balance, Plan
from services.accounts.domain.billing.state import Cycle
from services.accounts.domain.billing.statement import BalanceLine, StatementLine


def instalments_due(
    plans: Sequence[Plan], lines: Sequence[BalanceLine], past_due_minor: int
) -> tuple[Balance, ...]:
    """What each plan asks for with a statement: an equal part with the interest of the cycle, the
    last time all that is left, but for earlier parts, which are past due."""
    of = {line.bucket: line for line in lines}
    found = []
    for plan in plans:
        line = of.get(plan.bucket)
        if line is None or line.closing_minor <= 0:
            continue
        part = -(-plan.principal_minor // plan.months) + line.interest_minor
        if plan.billed + 1 >= plan.months:
            before = (plan.months - 1) * -(-plan.principal_minor // plan.months)
            part = max(0, plan.principal_minor - before) if plan.billed < plan.months else 0
            part = max(part + line.interest_minor, line.closing_minor - past_due_minor)
        asked = min(line.closing_minor, part)
        found.append(Balance(bucket=plan.bucket, minor=asked))
    return tuple(found)


def still_owed(
    plans: Sequence[Plan],
    lines: Sequence[BalanceLine],
    closed: Sequence[Cycle],
    later: Sequence[StatementLine],
) -> tuple[Plan, ...]:
    """The plans of which something is owed, each billed once more; those that are paid off, as long
    as a cycle that can be recalculated has them; and those made `later` than what is being told."""
    owed = {line.bucket for line in lines if line.closing_minor}
    mentioned = {each.bucket for cycle in closed for each in cycle.opening}
    mentioned |= {each.bucket for cycle in closed for each in cycle.moves}
    mentioned |= {each.bucket for each in later}
    return tuple(
        replace(plan, billed=plan.billed + 1) if plan.bucket in owed else plan
        for plan in plans
        if plan.bucket in owed or plan.bucket in mentioned
    )
