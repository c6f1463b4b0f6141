"""Statements between the messages of billing_service.proto and the values of the domain."""

from typing import Any

from cards.accounts.v1 import billing_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms_pb

from chassis import answers
from chassis.kernel.money import Money
from services.accounts.domain.billing.statement import (
    BalanceLine,
    DeferredBalance,
    GraceStatus,
    InterestLine,
    Statement,
    StatementLine,
)


def summary(of: Any, currency: str) -> pb.StatementSummary:
    """A row of the read model in short."""
    return pb.StatementSummary(
        statement_id=f"{of.account_id}-{of.number}",
        number=of.number,
        opened_on=of.opened_on,
        closed_on=of.closed_on,
        due_on=of.due_on,
        closing=answers.money(Money(of.closing_minor, currency)),
        minimum=answers.money(Money(of.minimum_minor, currency)),
    )


def interest_line(of: InterestLine, currency: str) -> pb.InterestLine:
    """A line of the explanation."""
    return pb.InterestLine(
        bucket=of.bucket,
        cause=pb.InterestCause.Value(f"INTEREST_CAUSE_{of.cause}"),
        first_on=of.first_on.isoformat(),
        days=of.days,
        balance=answers.money(Money(of.balance_minor, currency)),
        apr_basis_points=of.apr_basis_points,
        interest=answers.money(Money(of.interest_minor, currency)),
    )


def line(of: StatementLine, currency: str) -> pb.StatementLine:
    return pb.StatementLine(
        entry_id=of.entry_id,
        kind=pb.StatementLineKind.Value(f"STATEMENT_LINE_KIND_{of.kind}"),
        reason=of.reason,
        bucket=of.bucket,
        amount=answers.money(Money(of.amount_minor, currency)),
        transaction_date=of.transaction_date.isoformat(),
        posting_date=of.posting_date.isoformat(),
        effective_on=of.effective_on.isoformat(),
        description=of.description,
        charge_id=of.charge_id,
    )


def _balance(of: BalanceLine, currency: str) -> pb.BalanceLine:
    def money(minor: int) -> Any:
        return answers.money(Money(minor, currency))

    return pb.BalanceLine(
        bucket=of.bucket,
        balance_type=terms_pb.BalanceType.Value(f"BALANCE_TYPE_{of.balance_type}"),
        plan_id=of.plan_id,
        opening=money(of.opening_minor),
        debits=money(of.debits_minor),
        credits=money(of.credits_minor),
        interest=money(of.interest_minor),
        closing=money(of.closing_minor),
        average_daily_balance=money(of.average_daily_balance_minor),
        days=of.days,
        apr_basis_points=of.apr_basis_points,
    )


def _deferred(of: DeferredBalance, currency: str) -> pb.DeferredBalance:
    return pb.DeferredBalance(
        deferral_id=of.deferral_id,
        charge_id=of.charge_id,
        promotion_code=of.promotion_code,
        ends_on=of.ends_on.isoformat(),
        accrues_from=of.accrues_from.isoformat(),
        apr_basis_points=of.apr_basis_points,
        balance=answers.money(Money(of.balance_minor, currency)),
        interest=answers.money(Money(of.interest_minor, currency)),
        accrued=answers.money(Money(of.accrued_minor, currency)),
    )


def statement(of: Statement) -> pb.Statement:
    """A statement as a message."""

    def money(minor: int) -> Any:
        return answers.money(Money(minor, of.currency))

    minimum, payoff = of.minimum, of.payoff
    return pb.Statement(
        summary=pb.StatementSummary(
            statement_id=of.statement_id,
            number=of.number,
            opened_on=of.opened_on.isoformat(),
            closed_on=of.closed_on.isoformat(),
            due_on=of.due_on.isoformat(),
            closing=money(of.closing_minor),
            minimum=money(minimum.total_minor),
        ),
        limit=money(of.limit_minor),
        opening=money(of.opening_minor),
        purchases=money(of.purchases_minor),
        cash_advances=money(of.cash_advances_minor),
        balance_transfers=money(of.balance_transfers_minor),
        refunds=money(of.refunds_minor),
        other_debits=money(of.other_debits_minor),
        payments=money(of.payments_minor),
        fees=money(of.fees_minor),
        interest=money(of.interest_minor),
        disputed=money(of.disputed_minor),
        grace_kept=of.grace is GraceStatus.KEPT,
        minimum=pb.MinimumPayment(
            total=money(minimum.total_minor),
            regular=money(minimum.regular_minor),
            instalments=money(minimum.instalments_minor),
            past_due=money(minimum.past_due_minor),
        ),
        payoff=pb.PayoffDisclosure(
            minimum_months=payoff.minimum_months,
            minimum_total=money(payoff.minimum_total_minor),
            monthly_for_36=money(payoff.monthly_for_36_minor),
            total_for_36=money(payoff.total_for_36_minor),
            savings=money(payoff.savings_minor),
            never_pays_off=payoff.never_pays_off,
        ),
        balances=[_balance(each, of.currency) for each in of.balances],
        lines=[line(each, of.currency) for each in of.lines],
        interest_lines=[interest_line(each, of.currency) for each in of.interest],
        year_to_date_fees=money(of.year_to_date_fees_minor),
        year_to_date_interest=money(of.year_to_date_interest_minor),
        deferred=[_deferred(each, of.currency) for each in of.deferred],
    )
