"""The end of a day of one programme in one currency: proved, and proved anew when it changed."""

from collections.abc import Iterator
from datetime import date, datetime

from chassis.kernel.decider import Context, Decider
from chassis.kernel.events import Command, command, value
from services.accounts.domain.ledger import LedgerAccount
from services.accounts.domain.reconciliation.events import (
    DayDifference,
    DayFigures,
    DayLine,
    DayProved,
)

LEDGER, NETWORK, CUSTOMERS, ACCOUNT = "LEDGER", "NETWORK", "CUSTOMERS", "ACCOUNT"
"""The checks: debits equal credits; the ledger owes the network what the network counted; holders
owe in the ledger what their accounts decided; and so for each account."""

# commands


@command
class ProveDay(Command):
    """Compare what the books say of a day."""

    programme_id: str
    currency: str
    day: date
    figures: DayFigures
    position: int


# state


@value
class DayEnd:
    """`revision` is 0 until the day is proved."""

    programme_id: str = ""
    currency: str = ""
    day: date | None = None
    revision: int = 0
    balanced: bool = False
    figures: DayFigures = DayFigures(lines=())
    ledger_minor: int = 0
    network_minor: int = 0
    customers_minor: int = 0
    differences: tuple[DayDifference, ...] = ()
    position: int = 0
    proved_at: datetime | None = None

    @property
    def receivable_minor(self) -> int:
        """What holders owe by the ledger in the evening."""
        return _line(self.figures, LedgerAccount.RECEIVABLE).closing_minor


# evolve


def evolve(state: DayEnd, fact: DayProved) -> DayEnd:
    """The day's end after a fact."""
    return DayEnd(
        programme_id=fact.programme_id,
        currency=fact.currency,
        day=fact.transaction_date,
        revision=fact.revision,
        balanced=fact.balanced,
        figures=fact.figures,
        ledger_minor=fact.ledger_minor,
        network_minor=fact.network_minor,
        customers_minor=fact.customers_minor,
        differences=fact.differences,
        position=fact.position,
        proved_at=fact.proved_at,
    )


# decide


def decide(state: DayEnd, command: ProveDay, context: Context) -> tuple[DayProved, ...]:
    """Prove, unless the books say what they said before."""
    figures = command.figures
    if state.revision and state.figures == figures:
        return ()
    differences = tuple(_differences(figures))
    return (
        DayProved(
            programme_id=command.programme_id,
            currency=command.currency,
            transaction_date=command.day,
            revision=state.revision + 1,
            balanced=not differences,
            figures=figures,
            ledger_minor=_line(figures, LedgerAccount.RECEIVABLE).movement_minor,
            network_minor=_network(figures),
            customers_minor=figures.customers_movement_minor,
            receivable_minor=_line(figures, LedgerAccount.RECEIVABLE).closing_minor,
            differences=differences,
            accounts_differing=figures.accounts_differing,
            position=command.position,
            proved_at=context.now,
        ),
    )


def _differences(figures: DayFigures) -> Iterator[DayDifference]:
    """Where two books do not agree."""
    debits = sum(line.debits_minor for line in figures.lines)
    credits = sum(line.credits_minor for line in figures.lines)
    opening = sum(line.opening_minor for line in figures.lines)
    settlement = _line(figures, LedgerAccount.SETTLEMENT).movement_minor
    receivable = _line(figures, LedgerAccount.RECEIVABLE)
    customers = figures.customers_opening_minor + figures.customers_movement_minor
    for check, expected, found in (
        (LEDGER, debits, credits),
        (LEDGER, 0, opening),
        (NETWORK, _network(figures), -settlement),
        (CUSTOMERS, figures.customers_movement_minor, receivable.movement_minor),
        (CUSTOMERS, customers, receivable.closing_minor),
    ):
        if expected != found:
            yield DayDifference(
                check=check, account_id="", expected_minor=expected, found_minor=found
            )
    for each in figures.accounts:
        yield DayDifference(
            check=ACCOUNT,
            account_id=each.account_id,
            expected_minor=each.decided_minor,
            found_minor=each.ledger_minor,
        )


def _network(figures: DayFigures) -> int:
    """What the network counted that it is owed for the day."""
    return figures.files_charged_minor - figures.files_refunded_minor + figures.online_minor


def _line(figures: DayFigures, account: LedgerAccount) -> DayLine:
    for line in figures.lines:
        if line.ledger_account == account:
            return line
    return DayLine(ledger_account=account, opening_minor=0, debits_minor=0, credits_minor=0)


def day_end_id(programme_id: str, currency: str, day: date) -> str:
    """Which stream a day's end is."""
    return f"{programme_id}:{currency}:{day.isoformat()}"


DAY_END: Decider[DayEnd] = Decider(
    category="day_end",
    state=DayEnd,
    initial=DayEnd(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: day_end_id(command.programme_id, command.currency, command.day),
    commands=(ProveDay,),
    facts=(DayProved,),
)
