"""Laws of other credit limits, whatever is asked in whatever order."""

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.kernel.errors import Error
from services.accounts.domain.credit_lines import commands
from services.accounts.domain.credit_lines.ability import Objection
from services.accounts.tests.credit_line_stories import RULES, LineStory

REFUSALS = (
    *("LIMIT_NOT_HIGHER", "CHANGE_PENDING", "SECOND_PERSON_NEEDED", "OFFER_OPEN"),
    *("OFFER_NOT_FOUND", "CREDIT_LINE_REQUEST_NOT_FOUND", "CREDIT_LINE_CHANGE_NOT_FOUND"),
    *("OFFER_EXPIRED", "CREDIT_LINE_ASKED_DIFFERENTLY"),
    *(str(each) for each in Objection),
)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(("ask", "decide", "offer", "confirm", "answer", "review", "change", "run")),
        st.integers(2, 60),
        st.booleans(),
        st.sampled_from(("olga", "otto")),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_whatever_is_asked_a_limit_is_explained_bounded_and_never_one_persons_alone(
    steps: list[tuple[str, int, bool, str]],
) -> None:
    story = LineStory(months_between_changes=0, least_age_months=0)
    by_one, refusals = RULES.two_people_above_minor, set[str]()
    for number, (step, size, yes, who) in enumerate(steps):
        line, by = story.state.billing.credit_line, f"operator:{who}"
        waits = line.pending.change_id if line.pending else "none"
        offer_id = line.offer.offer_id if line.offer else "none"
        before = story.limit
        story.later(days=3)
        try:
            match step:
                case "ask":
                    story.ask(size * 100, request_id=f"r{number}", age=20 if yes else 40)
                case "decide":
                    story.when(
                        commands.DecideCreditLineRequest(
                            account_id="account",
                            request_id=waits,
                            approve=yes,
                            reason="LOOKED_AT",
                            by=by,
                            transaction_date=story.today,
                        )
                    )
                case "offer":
                    story.offer(size * 100, f"o{number}", by)
                case "confirm":
                    story.confirm(waits, by, yes)
                case "answer":
                    story.answer(yes, offer_id)
                case "review":
                    story.review(f"v{number}")
                case "change":
                    story.change(size * 50, f"c{number}")
                case _:
                    story.run(story.today.month, story.today.day, story.today.year)
        except Error as refusal:
            refusals.add(str(refusal.reason))
        if story.limit > before:
            assert story.limit * 100 <= RULES.largest_limit_minor or step == "change"
            assert step in ("ask", "decide", "confirm", "answer", "review", "change")
            if story.limit * 100 > by_one:
                assert step in ("confirm", "answer"), "one person, or none, raised it so far"
    assert refusals <= set(REFUSALS)
    changes: list[Any] = [f for f in story.facts if type(f).__name__ == "LimitChanged"]
    limits = [1_000_00, *(change.limit.minor_units for change in changes)]
    assert [change.previous.minor_units for change in changes] == limits[:-1]
    assert story.state.limit_minor == limits[-1]
    told = [f for f in story.facts if type(f).__name__ == "CreditLineReduced"]
    assert len(told) == sum(later < earlier for earlier, later in pairwise(limits))
