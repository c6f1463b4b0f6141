"""Laws of billing with disputes: whatever is disputed, credited, decided and paid in any order."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from services.accounts.domain.disputes import commands
from services.accounts.domain.disputes.state import DisputeReason, DisputeStatus
from services.accounts.domain.statements.rebuilding import Verification
from services.accounts.domain.values import Channel
from services.accounts.tests.lives import try_lives
from services.accounts.tests.test_billing_laws import BilledLives
from services.accounts.tests.test_lines import balance_of, lines_of

OUTCOMES = [DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.WRITTEN_OFF]


class DisputedLives(BilledLives):
    """A life of an account in which its holder disputes."""

    opened: tuple[str, ...] = ()

    def which(self, choice: int) -> dict[str, Any]:
        """One of the disputes, now."""
        return {
            "account_id": "account",
            "dispute_id": self.opened[choice % len(self.opened)],
            "posting_date": self.today,
        }

    @rule(choice=st.integers(0, 50))
    def dispute(self, choice: int) -> None:
        charges = self.story.state.charges.keys()
        if not charges:
            return
        dispute_id = f"dispute {len(self.story.facts)}"
        opening = commands.OpenDispute(
            account_id="account",
            dispute_id=dispute_id,
            charge_id=charges[choice % len(charges)],
            reason=DisputeReason.NOT_RECEIVED,
            received_on=self.today,
            accept_late=True,
            channel=Channel.OPERATOR,
        )
        self.give(opening)
        if self.story.state.disputes.cases.get(dispute_id):
            self.opened = (*self.opened, dispute_id)

    @rule(choice=st.integers(0, 50))
    def credit(self, choice: int) -> None:
        if self.opened:
            self.give(commands.GrantProvisionalCredit(**self.which(choice)))

    @rule(choice=st.integers(0, 50), outcome=st.sampled_from(OUTCOMES), how=st.booleans())
    def decide(self, choice: int, outcome: DisputeStatus, how: bool) -> None:
        if self.opened and how:
            self.give(
                commands.ResolveDispute(**self.which(choice), outcome=outcome, explanation="so")
            )
        elif self.opened:
            self.give(commands.WithdrawDispute(**self.which(choice)))

    @invariant()
    def no_more_is_required_than_was_told(self) -> None:
        state = self.story.state
        for due in state.billing.dues:
            assert 0 <= due.minimum_now <= due.minimum_minor
            assert 0 <= due.left_out_minor <= due.required_minor
            assert 0 <= due.unpaid_minor <= due.remaining_minor <= due.required_minor
            assert due.restored_by is None or due.restored_by > due.due_on
        if all(case.resolved_on is None for case in state.disputes.cases.values()):
            return
        awaited = [due.restored_by for due in state.billing.dues if due.restored_by]
        pay_by = {case.pay_by for case in state.disputes.cases.values()}
        assert set(awaited) <= pay_by

    @invariant()
    def without_a_dispute_what_was_told_is_required(self) -> None:
        if self.opened:
            return
        for due in self.story.state.billing.dues:
            assert (due.minimum_now, due.unpaid_minor) == (due.minimum_minor, due.remaining_minor)

    def teardown(self) -> None:
        super().teardown()
        if not hasattr(self, "story"):
            return
        for told, again in Verification().pairs(self.story.facts):
            assert told == again
        assert balance_of(lines_of(self.story.facts)) == self.story.state.posted_minor


def test_laws_of_billing_with_disputes() -> None:
    try_lives(DisputedLives, lives=40, steps=20)
