"""What lives that hypothesis made up found wrong, each told as a story that was wrong before."""

from services.accounts.tests.billing_stories import BilledStory


def test_a_payment_that_comes_back_after_all_cycles_it_was_in_are_forgotten_is_owed_again() -> None:
    """On the last day of a cycle that is closed already it is owed from the next day on."""
    story = BilledStory()
    story.buy(100)
    story.on(1, 20).pay(100, payment_id="old")
    story.run(12, 31)
    story.bounce("old")
    assert story.owed == 100
    story.run(1, 31, 2027)
    assert story.statements()[-1].closing_minor == 100_00
