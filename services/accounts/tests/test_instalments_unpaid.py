"""What the last instalment of a plan asks for while earlier ones are past due."""

from services.accounts.domain.billing.commands import AgreeInstalmentPlan
from services.accounts.domain.billing.terms import InstalmentProduct
from services.accounts.tests.billing_stories import BilledStory


def planned() -> BilledStory:
    """300.00 in three months without interest."""
    story = BilledStory(fees=(), instalment_products=(InstalmentProduct(months=3),))
    story.on(1, 10).buy(300)
    (charge_id,) = story.state.charges.keys()
    story.when(
        AgreeInstalmentPlan(
            account_id="account",
            plan_id="plan",
            charge_id=charge_id,
            months=3,
            transaction_date=story.today,
        )
    )
    return story


def test_the_last_instalment_is_one_part_beside_those_that_are_past_due() -> None:
    story = planned()
    story.run(4, 30)
    told = [story.statement(number).minimum for number in (1, 2, 3, 4)]
    assert [(each.instalments_minor, each.past_due_minor) for each in told] == [
        (100_00, 0),
        (100_00, 100_00),
        (100_00, 200_00),
        (0, 300_00),
    ]


def test_the_last_instalment_is_all_that_is_left() -> None:
    story = planned()
    story.run(1, 31)
    story.on(2, 10).pay(100)
    story.run(2, 28)
    story.on(3, 10).pay(130)
    story.run(3, 31)
    assert story.statement(3).minimum.instalments_minor == 70_00
