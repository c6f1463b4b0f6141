"""What is true of promotions in any life, whether they end in time, early, or go on after all."""

from typing import ClassVar

from hypothesis.stateful import invariant, precondition, rule

from chassis.kernel.money import Money
from services.accounts.domain.billing.agenda import PENALTY_RATE_AFTER_DAYS
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.dues import unpaid_after
from services.accounts.domain.deferring import events
from services.accounts.domain.deferring.state import Deferral
from services.accounts.tests.lives import BilledLife


class DeferredLife(BilledLife):
    """Payments that were made within sixty days and are told later; promotions that end early."""

    read_deferrals = 0
    FIRST: ClassVar = (events.PurchaseDeferred, events.DeferralResumed)

    def __init__(self) -> None:
        super().__init__()
        self.net: dict[str, int] = {}
        self.promised: dict[str, events.PurchaseDeferred] = {}

    @precondition(lambda self: self.story.state.billing.penalised_on is not None)
    @rule()
    def what_was_missed_had_come_in_time(self) -> None:
        """All of it, on the last day, as far as the house can look back."""
        billing = self.story.state.billing
        cause = billing.penalised_on
        if cause is None:
            return
        on = cause - DAY
        owed = sum(
            unpaid_after(billing, due, PENALTY_RATE_AFTER_DAYS)
            for due in billing.dues
            if due.late_from + (PENALTY_RATE_AFTER_DAYS + 1) * DAY <= cause
        )
        days = (self.today - on).days
        if owed <= 0 or days < 0:
            return
        self.pay_on_a_day(Money(owed, self.story.state.currency), days)

    @invariant()
    def what_was_promised_is_kept_or_cut_short(self) -> None:
        for fact in self.story.facts[self.read_deferrals :]:
            if isinstance(fact, events.PurchaseDeferred):
                self.promised[fact.deferral_id] = fact
            if isinstance(fact, self.FIRST):
                # What was charged before a promotion went on after all is over and done with.
                self.net[fact.deferral_id] = 0
            if isinstance(fact, events.DeferredInterestCharged):
                self.net[fact.deferral_id] += fact.amount.minor_units
            if isinstance(fact, events.DeferredInterestReversed):
                self.net[fact.deferral_id] -= fact.amount.minor_units
        self.read_deferrals = len(self.story.facts)
        for each in self.story.state.billing.deferrals:
            self.is_sound(each)

    def is_sound(self, deferral: Deferral) -> None:
        """It ends when it was promised, or early where its terms say so, and is charged once."""
        promised = self.promised[deferral.deferral_id]
        assert self.net[deferral.deferral_id] == deferral.charged_minor >= 0
        ends = deferral.promised_until or deferral.ends_on
        assert ends == promised.ends_on
        assert deferral.ends_on <= promised.ends_on
        assert promised.ends_past_due or (ends == deferral.ends_on and not deferral.lapses)
        days = [day for each in deferral.lapses for day in (each.first_on, each.last_on)]
        assert days == sorted(days)
        assert all(not deferral.is_deferred(day) for day in days)
        assert not days or deferral.accrues_from == days[-1] + DAY
