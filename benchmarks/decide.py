"""What a decision costs: decide and evolve of AuthoriseCharge and ClearCharge on accounts with
histories of 10 to 100,000 facts. No input or output: what grows here is the machine's own cost of
memory that is not in its caches. `python -m benchmarks.decide`"""

import gc
from datetime import UTC, date, datetime
from itertools import count
from time import perf_counter_ns

from chassis.kernel.decider import Context
from chassis.kernel.events import Command
from chassis.kernel.ids import derive
from chassis.kernel.money import Money
from services.accounts.domain.account.commands import (
    AuthoriseCharge,
    ClearCharge,
    NewCard,
    OpenAccount,
)
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.values import CardKind, Merchant, Terms

HISTORIES = (10, 100, 1_000, 10_000, 100_000)
ROUNDS = 60
PAIRS_PER_ROUND = 50
"""A round decides so many charges on the state of each history in turn, so that a slow moment of
the machine meets all of them alike."""

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
TODAY = date(2026, 3, 14)
GROCER = Merchant(id="M-1", name="Green Grocer", mcc="5411", country="GB")
CONTEXT = Context(now=NOW, actor="service:network", new_id=lambda: "0" * 32)
TERMS = Terms(
    currency="GBP",
    bin="500012",
    default_limit_minor=10**12,
    hold_lifetime_hours=168,
    card_validity_months=36,
)


def carry_out(state: CreditAccount, command: Command) -> CreditAccount:
    """Decide, and fold what follows."""
    for fact in CREDIT_ACCOUNT.decide(state, command, CONTEXT):
        state = CREDIT_ACCOUNT.evolve(state, fact)
    return state


def opened() -> CreditAccount:
    """An account with one card: two facts."""
    return carry_out(
        CREDIT_ACCOUNT.initial,
        OpenAccount(
            account_id="account",
            customer_id="customer",
            programme_id="everyday",
            programme_version=1,
            terms=TERMS,
            limit=Money(10**12, "GBP"),
            card=NewCard(card_id="card", last_four="4242", kind=CardKind.VIRTUAL),
        ),
    )


def purchase(number: int) -> tuple[AuthoriseCharge, ClearCharge]:
    """One charge and its clearing: two facts."""
    charge_id, amount = derive("charge", str(number)), Money(1_001, "GBP")
    authorise = AuthoriseCharge(
        account_id="account",
        charge_id=charge_id,
        card_id="card",
        amount=amount,
        merchant=GROCER,
        transaction_date=TODAY,
        transaction_at=NOW,
    )
    clear = ClearCharge(
        account_id="account",
        clearing_id=derive("clearing", str(number)),
        charge_id=charge_id,
        card_id="card",
        amount=amount,
        transaction_date=TODAY,
        posting_date=TODAY,
    )
    return authorise, clear


def histories() -> dict[int, CreditAccount]:
    """The state after each number of facts."""
    made, state, facts, numbers = {}, opened(), 2, count()
    for wanted in HISTORIES:
        while facts < wanted:
            for command in purchase(next(numbers)):
                state = carry_out(state, command)
            facts += 2
        made[wanted] = state
    return made


def time_round(state: CreditAccount, first: int) -> tuple[float, float]:
    """Microseconds for an authorisation and for a clearing, each decided and folded."""
    pairs = [purchase(first + number) for number in range(PAIRS_PER_ROUND)]
    started = perf_counter_ns()
    for authorise, _ in pairs:
        state = carry_out(state, authorise)
    between = perf_counter_ns()
    for _, clear in pairs:
        state = carry_out(state, clear)
    ended = perf_counter_ns()
    each = 1_000 * PAIRS_PER_ROUND
    return (between - started) / each, (ended - between) / each


def main() -> None:
    """Print the figures."""
    states = histories()
    times: dict[int, list[tuple[float, float]]] = {facts: [] for facts in HISTORIES}
    # The collector would be charged to whoever happens to be measured.
    gc.collect()
    gc.disable()
    for number in range(ROUNDS):
        for facts, state in states.items():
            times[facts].append(time_round(state, 10**6 + number * PAIRS_PER_ROUND))
    gc.enable()
    print("decide + evolve, microseconds, least of the rounds (other work only adds)")
    print(f"{'facts':>8} {'authorise':>10} {'clear':>8}")
    least = {}
    for facts in HISTORIES:
        least[facts] = tuple(min(each) for each in zip(*times[facts], strict=True))
        print(f"{facts:>8,} {least[facts][0]:>10.1f} {least[facts][1]:>8.1f}")
    few, many = least[HISTORIES[0]], least[HISTORIES[-1]]
    growth = [after - before for before, after in zip(few, many, strict=True)]
    print(f"{'growth':>8} {growth[0]:>+10.1f} {growth[1]:>+8.1f}")
    print(f"{'':>8} {growth[0] / few[0]:>+10.0%} {growth[1] / few[1]:>+8.0%}")


if __name__ == "__main__":
    main()
