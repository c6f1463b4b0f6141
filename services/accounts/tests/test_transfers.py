"""Balance transfers: the same limit, a rate of their own for a time, and back again."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.billing.terms import BalanceType, Fee, FeeKind, Rate
from services.accounts.domain.ledger import postings
from services.accounts.domain.transfers import commands
from services.accounts.domain.transfers.offers import TransferOffer
from services.accounts.tests.billing_stories import STANDARD, BilledStory, amounts
from services.accounts.tests.stories import pounds

OFFER = TransferOffer(code="ZERO6", months=6, largest_amount_minor=800_00)
TRANSFERS = Rate(balance_type=BalanceType.BALANCE_TRANSFER, apr_basis_points=2_000)
FEE = Fee(kind=FeeKind.BALANCE_TRANSFER, amount_minor=5_00, basis_points=300)


class TransferStory(BilledStory):
    """Limit 1,000.00; transfers bear 20 % and cost 3 %, at least 5.00; an offer of six months."""

    def __init__(self, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "rates": (*STANDARD.rates, TRANSFERS),
            "fees": (FEE,),
            "transfer_offers": (OFFER,),
            **changes,
        }
        super().__init__(**fields)

    def transfer(self, amount: float, transfer_id: str = "t", offer: str = "") -> list[Fact]:
        """A debt is to be taken over."""
        return self.when(
            commands.TransferBalance(
                account_id="account",
                transfer_id=transfer_id,
                creditor="Other Bank",
                last_four="1111",
                sealed_number="sealed",
                digest=f"{amount} {offer}",
                offer=offer,
                amount=pounds(amount),
                transaction_date=self.today,
            )
        )

    def send_back(self, transfer_id: str = "t", reason: str = "ACCOUNT_CLOSED") -> list[Fact]:
        """The other bank sends it back."""
        return self.when(
            commands.ReturnBalanceTransfer(
                account_id="account",
                transfer_id=transfer_id,
                reason=reason,
                transaction_date=self.today,
            )
        )


def reason(facts: list[Fact]) -> str:
    (declined,) = facts
    assert type(declined).__name__ == "BalanceTransferDeclined"
    return str(getattr(declined, "reason", ""))


def test_a_debt_is_taken_over_with_its_fee_and_shown_by_itself() -> None:
    story = TransferStory().on(1, 10)
    story.buy(100)
    story.transfer(400)
    assert story.owed == 512, "100 bought, 400 taken over, 3 % of it"
    story.run(1, 31)
    told = story.statement(1)
    assert (told.purchases_minor, told.balance_transfers_minor) == (100_00, 400_00)
    assert told.fees_minor == 12_00
    moved = told.purchases_minor + told.balance_transfers_minor + told.fees_minor
    assert told.closing_minor == moved + told.interest_minor
    (line,) = [each for each in told.balances if each.bucket == "BALANCE_TRANSFER"]
    # No grace: 400.00 at 20 % on 22 days.
    assert (line.debits_minor, line.interest_minor) == (400_00, 4_82)


def test_an_offer_has_a_rate_of_its_own_up_to_its_last_day() -> None:
    """12 CFR 1026.55(b)(1): a temporary rate ends when it was said it would, after six months."""
    story = TransferStory(fees=()).on(1, 10)
    posted: Any = story.transfer(400, offer="ZERO6")[0]
    assert str(posted.ends_on) == "2026-07-09"
    story.run(6, 30)
    assert amounts(story.facts, "InterestCharged") == []
    story.run(7, 31)
    # From 10 to 31 July, 22 days, 400.00 bear 20 %: 4.82.
    assert amounts(story.facts, "InterestCharged") == [4.82]
    (line,) = [each for each in story.statement(7).balances if each.bucket == posted.bucket]
    assert (line.balance_type, line.plan_id) == ("BALANCE_TRANSFER", "t")


def test_a_transfer_is_within_the_limit_with_its_fee_whatever_the_tolerance() -> None:
    story = TransferStory()
    assert story.state.terms is not None
    roomy = replace(story.state.terms, over_limit_tolerance_minor=500_00)
    story.state = replace(story.state, terms=roomy)
    assert reason(story.transfer(971)) == "INSUFFICIENT_CREDIT", "971.00 and 29.13"
    story.transfer(970, "u")
    assert story.state.available_minor == 90, "970.00 and 29.10"


def test_holds_take_up_the_limit_for_transfers_too() -> None:
    story = TransferStory()
    story.buy(500)
    assert reason(story.transfer(490)) == "INSUFFICIENT_CREDIT"


def test_what_is_refused_says_why() -> None:
    assert reason(TransferStory().transfer(900, offer="ZERO6")) == "ABOVE_OFFER"
    with pytest.raises(Refused, match="NO_SUCH_OFFER"):
        TransferStory().transfer(100, offer="NONE")
    ended = replace(OFFER, offered_until=TransferStory().today)
    story = TransferStory(transfer_offers=(ended,)).on(1, 2)
    with pytest.raises(Refused, match="NO_SUCH_OFFER"):
        story.transfer(100, offer="ZERO6")
    with pytest.raises(Refused, match="NO_BALANCE_TRANSFERS"):
        TransferStory(rates=STANDARD.rates).transfer(100)
    with pytest.raises(Invalid, match="AMOUNT_NOT_POSITIVE"):
        TransferStory().transfer(0)
    late = TransferStory()
    late.buy(100)
    late.run(4, 10)
    assert reason(late.transfer(100)) == "PAYMENTS_PAST_DUE"


def test_the_same_transfer_again_is_one_and_another_under_its_id_is_refused() -> None:
    story = TransferStory()
    story.transfer(100)
    with pytest.raises(Refused, match="TRANSFER_ASKED_DIFFERENTLY"):
        story.transfer(200)


def test_what_the_other_bank_sends_back_was_never_owed() -> None:
    """Interest of closed cycles, and the fee, are given back with it."""
    story = TransferStory().on(1, 10)
    story.transfer(400)
    story.run(2, 28)
    assert story.owed > 412
    story.on(3, 5).send_back()
    assert story.owed == 0
    assert amounts(story.facts, "FeeWaived") == [12]
    assert sum(amounts(story.facts, "InterestAdjusted")) < 0
    story.run(3, 31)
    told = story.statement(3)
    assert told.balance_transfers_minor == -400_00
    assert told.closing_minor == 0


def test_it_comes_back_once_and_only_if_it_was_made() -> None:
    story = TransferStory()
    with pytest.raises(NotFound, match="TRANSFER_NOT_FOUND"):
        story.send_back()
    story.transfer(900, "d", offer="ZERO6")
    with pytest.raises(NotFound, match="TRANSFER_NOT_FOUND"):
        story.send_back("d")
    story.transfer(100)
    story.send_back()
    with pytest.raises(Refused, match="TRANSFER_RETURNED_DIFFERENTLY"):
        story.send_back(reason="OTHER")


def test_a_payment_above_the_minimum_goes_to_the_dearer_balance_first() -> None:
    """12 CFR 1026.53(a): purchases at 15 % before a transfer at no rate."""
    story = TransferStory(fees=()).on(1, 10)
    story.transfer(300, offer="ZERO6")
    story.buy(200)
    story.run(1, 31)
    minimum = story.statement(1).minimum.total_minor / 100
    story.on(2, 10).pay(minimum + 150)
    story.run(2, 28)
    left = {each.bucket: each.closing_minor for each in story.statement(2).balances}
    assert left["BALANCE_TRANSFER/t"] == (300 - minimum) * 100
    assert left["PURCHASE"] < 60_00


ACTS = ("transfer", "offer", "back", "buy", "pay", "run")
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(1, 600)),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_no_transfer_exceeds_the_limit_and_the_ledger_and_statements_hold(
    steps: list[tuple[str, int]],
) -> None:
    story = TransferStory()
    made: list[str] = []
    for number, (step, size) in enumerate(steps):
        story.later(days=6)
        match step:
            case "transfer" | "offer":
                code = "ZERO6" if step == "offer" else ""
                told = story.transfer(size, f"t{number}", code)
                if type(told[0]).__name__ == "BalanceTransferred":
                    made.append(f"t{number}")
                    assert story.state.available_minor >= 0
            case "back" if made:
                story.send_back(made[size % len(made)])
            case "buy":
                story.buy(min(size, max(1, story.state.available_minor // 200)))
            case "pay":
                story.pay(size)
            case _:
                story.run(story.today.month, story.today.day, story.today.year)
    entries = [line for fact in story.facts for line in postings(fact)]
    assert sum(line.amount.minor_units for line in entries) == 0
    owed = sum(e.amount.minor_units for e in entries if e.ledger_account == "RECEIVABLE")
    assert owed == story.state.posted_minor
    statements = story.statements()
    for before, after in pairwise(statements):
        assert after.opening_minor == before.closing_minor
    for cut in statements:
        assert sum(each.closing_minor for each in cut.balances) == cut.closing_minor
        explained = sum(each.interest_minor for each in cut.interest)
        assert explained == sum(each.interest_minor for each in cut.balances)
