"""What billing knows of disputes."""

from services.accounts.domain.billing.buckets import Balance
from services.accounts.domain.billing.disputed import disputed_in
from services.accounts.tests.test_disputes import MONTHLY, DisputeStory


def test_billing_leaves_out_by_bucket_what_is_disputed_and_books_what_is_credited() -> None:
    """1026.13(d)(1): what is in dispute is known to interest, minimum payment and autopay."""
    story = DisputeStory(billing=MONTHLY)
    assert disputed_in(story.state) == ()
    story.open(60)
    assert disputed_in(story.state) == (Balance(bucket="PURCHASE", minor=6_000),)
    story.credit()
    assert disputed_in(story.state) == ()
    booked = sum(line.amount_minor for line in story.state.billing.booked())
    assert booked == story.state.posted_minor == 4_000
