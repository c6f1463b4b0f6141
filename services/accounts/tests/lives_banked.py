"""What goes through other banks in any life: payments to be confirmed, plans of payments, and
debts that are taken over."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chassis.kernel.money import Money
from services.accounts.domain.account.state import act_key
from services.accounts.domain.collecting import commands as collecting
from services.accounts.domain.collecting.state import PaymentStatus
from services.accounts.domain.repaying import commands as repaying
from services.accounts.domain.repaying.state import PlannedPayment, PlanStatus, RepaymentPlan
from services.accounts.domain.transfers import commands as transfers
from services.accounts.domain.transfers.state import TransferStatus
from services.accounts.tests.lives import AMOUNTS, IDS, BilledLife

PLANNED = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40_000)), min_size=1, max_size=5)
"""So many days after the one before, so much."""


class BankedLife(BilledLife):
    """Payments that have to be confirmed, plans of payments, balance transfers."""

    @rule(amount=AMOUNTS)
    def pay_from_a_bank(self, amount: Money) -> None:
        self.give(
            collecting.InitiatePayment(
                account_id="account",
                payment_id=self._new("bank payment"),
                amount=amount,
                transaction_date=self.today,
            )
        )

    @precondition(lambda self: self.story.state.billing.collecting.pending or self.payments)
    @rule(choice=st.integers(0, 50), settled=st.booleans(), days=st.sampled_from([0, 2, 12]))
    def the_bank_reports(self, choice: int, settled: bool, days: int) -> None:
        """Of what is awaited first; of any payment where nothing is."""
        waiting = [each.payment_id for each in self.story.state.billing.collecting.pending]
        found = waiting or self.payments
        if not found:
            return
        if days:
            self.time_goes_on(days, False)
        payment_id = found[choice % len(found)]
        given = self.give(
            collecting.ReportPayment(
                account_id="account",
                payment_id=payment_id,
                outcome=PaymentStatus.SETTLED if settled else PaymentStatus.RETURNED,
                reason="" if settled else "INSUFFICIENT_FUNDS",
                transaction_date=self.today,
            )
        )
        if given and settled and payment_id not in self.payments:
            self.payments.append(payment_id)

    @precondition(lambda self: self.story.state.billing.number)
    @rule(choice=st.integers(0, 50))
    def the_bank_contradicts_itself(self, choice: int) -> None:
        """What came back is never said to be settled."""
        state = self.story.state
        known, kind = state.acts.keys(), act_key("return", "")
        back = [key.removeprefix(kind) for key in known if key.startswith(kind)]
        if not back:
            return
        assert not self.give(
            collecting.ReportPayment(
                account_id="account",
                payment_id=back[choice % len(back)],
                outcome=PaymentStatus.SETTLED,
                reason="",
                transaction_date=self.today,
            )
        )

    def _payments(self, planned: list[tuple[int, int]]) -> tuple[PlannedPayment, ...]:
        on, found = self.today, []
        for place, (days, minor) in enumerate(planned):
            on += timedelta(days=days if not place else max(1, days))
            found.append(PlannedPayment(on=on, minor=minor))
        return tuple(found)

    @rule(
        planned=PLANNED,
        number=st.integers(0, 4),
        what=st.sampled_from(["begin", "change", "skip", "cancel"]),
    )
    def plan_payments(self, planned: list[tuple[int, int]], number: int, what: str) -> None:
        """Begin with a plan; where there is one, think again."""
        active = [each for each in self.plans if each.status is PlanStatus.ACTIVE]
        if active:
            self.think_again(active[0], planned, number, what)
            return
        self.give(
            repaying.ScheduleRepayments(
                account_id="account",
                plan_id=self._new("plan"),
                payments=self._payments(planned),
                transaction_date=self.today,
            )
        )

    def think_again(
        self, plan: RepaymentPlan, planned: list[tuple[int, int]], number: int, what: str
    ) -> None:
        which: dict[str, Any] = {
            "account_id": "account",
            "plan_id": plan.plan_id,
            "transaction_date": self.today,
        }
        if what == "change":
            change_id, payments = self._new("change"), self._payments(planned)
            self.give(repaying.ChangeRepayments(**which, change_id=change_id, payments=payments))
        elif what == "cancel":
            self.give(repaying.CancelRepayments(**which))
        else:
            number = plan.open[number % len(plan.open)].number if what == "skip" else number
            self.give(repaying.SkipRepayment(**which, number=number))

    @property
    def plans(self) -> Any:
        """All plans of payments there ever were."""
        return self.story.state.billing.repayments

    @rule(transfer_id=IDS, amount=AMOUNTS, offer=st.sampled_from(["", "ZERO", "SMALL"]))
    def take_over_a_debt(self, transfer_id: str, amount: Money, offer: str) -> None:
        self.give(
            transfers.TransferBalance(
                account_id="account",
                transfer_id=transfer_id,
                creditor="Other Bank",
                last_four="4321",
                sealed_number="sealed",
                digest=f"{amount.minor_units} {offer}",
                offer=offer,
                amount=amount,
                transaction_date=self.today,
            )
        )

    @precondition(lambda self: self.story.state.billing.transfers.known.keys())
    @rule(transfer_id=IDS)
    def a_debt_comes_back(self, transfer_id: str) -> None:
        self.give(
            transfers.ReturnBalanceTransfer(
                account_id="account",
                transfer_id=self.known(
                    transfer_id, self.story.state.billing.transfers.known.keys()
                ),
                reason="CLOSED_THERE",
                transaction_date=self.today,
            )
        )

    @invariant()
    def what_is_on_its_way_is_awaited(self) -> None:
        collecting = self.story.state.billing.collecting
        waiting = [e for e in collecting.known.values() if e.status is PaymentStatus.INITIATED]
        by_id = {each.payment_id: each for each in waiting}
        assert by_id == {each.payment_id: each for each in collecting.pending}

    @invariant()
    def no_more_is_drawn_than_was_planned(self) -> None:
        assert sum(plan.status is PlanStatus.ACTIVE for plan in self.plans) <= 1
        for plan in self.plans:
            assert plan.open or plan.status is not PlanStatus.ACTIVE
            assert all(0 <= each.drawn_minor <= each.minor for each in plan.payments)
            days = [each.on for each in plan.open]
            assert days == sorted(days)

    @invariant()
    def debts_that_were_taken_over_are_owed_once(self) -> None:
        known = self.story.state.billing.transfers
        for each in known.known.values():
            assert each.status is not TransferStatus.DECLINED or each.reason
        promoted = {each.transfer_id for each in known.promoted}
        assert len(promoted) == len(known.promoted)
        assert promoted <= set(known.known.keys())
