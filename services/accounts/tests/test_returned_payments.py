"""What of minimum payments is required again when a payment comes back."""

from services.accounts.tests.billing_stories import BilledStory, amounts


def test_what_other_payments_have_paid_of_a_minimum_stays_paid_when_one_comes_back() -> None:
    """The minimum of 25.00 is paid, then all the rest, which comes back: nothing is past due."""
    story = BilledStory()
    story.on(1, 10).buy(365)
    story.run(1, 31)
    story.on(2, 10).pay(25, payment_id="minimum")
    story.on(2, 12).pay(340, payment_id="rest")
    story.on(2, 20).bounce("rest")
    assert story.state.billing.dues[-1].unpaid_minor == 0
    assert amounts(story.run(2, 26), "FeeCharged") == []
    story.run(2, 28)
    assert story.statement(2).minimum.past_due_minor == 0
    story.on(3, 2).bounce("minimum")
    assert story.state.billing.past_due_minor(story.today) == 2_500


def test_a_later_payment_pays_the_minimum_that_a_returned_one_had_paid() -> None:
    story = BilledStory()
    story.on(1, 10).buy(365)
    story.run(1, 31)
    story.on(2, 10).pay(25, payment_id="first")
    story.on(2, 12).pay(15, payment_id="second")
    story.on(2, 20).bounce("first")
    assert story.state.billing.dues[-1].unpaid_minor == 1_000
