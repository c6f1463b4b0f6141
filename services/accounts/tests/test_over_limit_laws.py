"""Laws of exceeding the limit, whatever happens in whatever order."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.accounts.domain.ledger import postings
from services.accounts.tests.over_limit_stories import OverStory

STEPS = st.lists(
    st.tuples(st.sampled_from(("buy", "pay", "consent", "revoke", "month")), st.integers(1, 700)),
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(steps=STEPS)
def test_no_fee_without_consent_one_a_cycle_three_in_a_row_and_the_ledger_is_zero(
    steps: list[tuple[str, int]],
) -> None:
    story, consented = OverStory(consent=False), False
    for number, (step, size) in enumerate(steps):
        story.later(days=4)
        match step:
            case "buy":
                story.buy(size)
            case "pay":
                story.pay(size)
            case "consent" if story.state.billing.over_limit.current is None:
                story.consent(f"c{number}")
                story.confirm(f"c{number}")
                consented = True
            case "revoke":
                story.revoke()
            case _:
                story.run(story.today.month, story.today.day, story.today.year)
    facts: list[Any] = [f for f in story.facts if getattr(f, "kind", "") == "OVER_LIMIT"]
    assert consented or not facts
    assert len({fee.number for fee in facts}) == len(facts)
    exceeded: list[Any] = [f for f in story.facts if type(f).__name__ == "LimitExceeded"]
    assert len(exceeded) == len(facts)
    for told, fee in zip(exceeded, facts, strict=True):
        assert 0 < fee.amount.minor_units <= told.over.minor_units
        assert told.number - told.transaction_in < 3
        assert told.fees <= 3
    entries = [line for fact in story.facts for line in postings(fact)]
    assert sum(line.amount.minor_units for line in entries) == 0
