"""Laws of the credit account with disputes, over histories that hypothesis makes up."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chassis.kernel.money import Money
from services.accounts.domain.account.as_of import AsOf
from services.accounts.domain.disputes import commands as disputing
from services.accounts.domain.disputes.state import CLOSED, STAGES, DisputeReason, DisputeStatus
from services.accounts.domain.ledger import LedgerAccount, postings
from services.accounts.domain.values import Channel
from services.accounts.tests.lives import try_lives
from services.accounts.tests.test_laws import AnyHistory, amounts, ids


class AnyHistoryWithDisputes(AnyHistory):
    """Whatever may happen besides, disputes are opened, go on and are decided."""

    def a_dispute(self, id: str) -> str:
        """One of the latest disputes, or none."""
        return self.known(id, self.story.state.disputes.cases.keys())

    @precondition(lambda self: self.story.state.charges.keys())
    @rule(
        dispute_id=ids,
        charge_id=ids,
        amount=st.none() | amounts,
        reason=st.sampled_from([DisputeReason.UNAUTHORISED, DisputeReason.DUPLICATE]),
    )
    def dispute(
        self, dispute_id: str, charge_id: str, amount: Money | None, reason: DisputeReason
    ) -> None:
        self.give(
            disputing.OpenDispute(
                account_id="account",
                dispute_id=dispute_id,
                charge_id=self.a_charge(charge_id),
                reason=reason,
                amount=amount,
                received_on=self.story.now.date(),
                channel=Channel.HOLDER,
            )
        )

    @precondition(lambda self: self.story.state.disputes.cases.keys())
    @rule(dispute_id=ids, stage=st.sampled_from([None, *STAGES]), next_one=st.booleans())
    def credit_or_advance(
        self, dispute_id: str, stage: DisputeStatus | None, next_one: bool = False
    ) -> None:
        case = self.story.state.disputes.cases.get(self.a_dispute(dispute_id))
        if next_one and case is not None:
            stage = case.next_stage
        which: dict[str, Any] = {
            "account_id": "account",
            "dispute_id": self.a_dispute(dispute_id),
            "posting_date": self.story.now.date(),
        }
        if stage is None:
            self.give(disputing.GrantProvisionalCredit(**which))
        else:
            self.give(disputing.AdvanceDispute(stage=stage, **which))

    @precondition(lambda self: self.story.state.disputes.cases.keys())
    @rule(
        dispute_id=ids,
        outcome=st.sampled_from(sorted(CLOSED - {DisputeStatus.WITHDRAWN})),
        corrected=st.none() | amounts,
        related=st.none() | amounts,
    )
    def decide_dispute(
        self,
        dispute_id: str,
        outcome: DisputeStatus,
        corrected: Money | None,
        related: Money | None,
    ) -> None:
        self.give(
            disputing.ResolveDispute(
                account_id="account",
                dispute_id=self.a_dispute(dispute_id),
                outcome=outcome,
                corrected=corrected,
                related=related,
                explanation="so it is",
                posting_date=self.story.now.date(),
            )
        )

    @precondition(lambda self: self.story.state.disputes.cases.keys())
    @rule(dispute_id=ids, corrected=st.none() | amounts, related=st.none() | amounts)
    def decide_again_otherwise(
        self, dispute_id: str, corrected: Money | None, related: Money | None
    ) -> None:
        """What is decided is never decided with other amounts."""
        case = self.story.state.disputes.cases.get(self.a_dispute(dispute_id))
        if case is None or case.resolved_as is None:
            return
        told = [
            each.asked
            for each in self.given
            if isinstance(each, AsOf) and isinstance(each.asked, disputing.ResolveDispute)
        ]
        told += [each for each in self.given if isinstance(each, disputing.ResolveDispute)]
        first = next((each for each in told if each.dispute_id == case.dispute_id), None)
        before = (first.corrected, first.related) if first else (None, None)
        otherwise = self.give(
            disputing.ResolveDispute(
                account_id="account",
                dispute_id=case.dispute_id,
                outcome=case.status,
                corrected=corrected,
                related=related,
                explanation="so it is",
                posting_date=self.story.now.date(),
            )
        )
        assert otherwise is ((corrected, related) == before)

    @precondition(lambda self: self.story.state.disputes.cases.keys())
    @rule(dispute_id=ids, what=st.sampled_from(["acknowledge", "evidence", "withdraw"]))
    def tell_of_dispute(self, dispute_id: str, what: str) -> None:
        which: dict[str, Any] = {
            "account_id": "account",
            "dispute_id": self.a_dispute(dispute_id),
        }
        day = self.story.now.date()
        if what == "acknowledge":
            self.give(disputing.AcknowledgeDispute(**which, transaction_date=day))
        elif what == "withdraw":
            self.give(disputing.WithdrawDispute(**which, posting_date=day))
        else:
            self.give(
                disputing.AddDisputeEvidence(
                    **which, evidence=(f"{day}",), channel=Channel.HOLDER, transaction_date=day
                )
            )

    @precondition(lambda self: self.story.state.disputes.cases.keys())
    @rule(
        dispute_id=ids,
        deadline=st.sampled_from(list(disputing.Deadline)),
        days=st.sampled_from([0, 25, 31, 80]),
    )
    def check_dispute(self, dispute_id: str, deadline: disputing.Deadline, days: int) -> None:
        self.story.now += timedelta(days=days)
        check = disputing.CheckDispute(
            account_id="account", dispute_id=self.a_dispute(dispute_id), deadline=deadline
        )
        self.give(check)

    @invariant()
    def what_is_withheld_is_what_open_disputes_withhold(self) -> None:
        disputes = self.story.state.disputes
        cases = disputes.cases.values()
        assert disputes.open_minor == sum(each.withheld_minor for each in cases)
        assert disputes.open_minor == sum(minor for _, minor in disputes.disputed_charges())
        for charge in self.story.state.charges.values():
            claimed = disputes.claimed.get(charge.charge_id) or 0
            assert 0 <= disputes.disputed_of(charge.charge_id) <= claimed <= charge.captured_minor

    @invariant()
    def what_the_ledger_has_in_dispute_is_what_open_disputes_have(self) -> None:
        lines = [line for fact in self.story.facts for line in postings(fact)]
        open_in_ledger = sum(
            line.amount.minor_units
            for line in lines
            if line.ledger_account is LedgerAccount.DISPUTE_RECEIVABLE
        )
        assert open_in_ledger == sum(
            each.credited_minor - each.recovered_minor
            for each in self.story.state.disputes.cases.values()
            if each.is_open
        )


def test_laws_of_any_history_with_disputes() -> None:
    try_lives(AnyHistoryWithDisputes, lives=40, steps=25)
