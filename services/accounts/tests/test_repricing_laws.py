"""The law of the whole account, with dearer terms that are announced while everything else goes on.

What is protected never bears more than by the terms before, however lives go.
"""

from dataclasses import replace
from datetime import date

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from chassis.kernel.money import Money
from services.accounts.domain.billing.buckets import category_of
from services.accounts.domain.billing.fees import in_first_year
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.repricing.commands import AnnounceMigration, RejectMigration
from services.accounts.tests.lives import AMOUNTS, tried
from services.accounts.tests.test_whole_account_laws import WholeAccount


class DearerAccount(WholeAccount):
    """Everything, and dearer terms by notice."""

    @rule(
        points=st.integers(1, 900),
        fee=st.booleans(),
        amounts=st.lists(AMOUNTS, min_size=1, max_size=4),
    )
    def dearer_terms_are_announced(self, points: int, fee: bool, amounts: list[Money]) -> None:
        """Something is bought before, and after the notice."""
        if in_first_year(self.story.state.billing, self.today):
            self.a_year_is_paid()
        self.shop(amounts, False)
        state = self.story.state
        number, terms = state.programme_version + 10, state.in_force
        if terms.billing is None:
            return
        rates = [
            replace(e, apr_basis_points=e.apr_basis_points + points) for e in terms.billing.rates
        ]
        billing = replace(terms.billing, rates=tuple(rates), fees_bear_interest=fee)
        version = Version(
            number=number,
            name="Dearer",
            terms=replace(terms, billing=billing),
            effective_on=self.today,
        )
        announcement = AnnounceMigration(
            account_id="account",
            programme_id="everyday",
            programme_version=number,
            version=version,
            today=self.today,
        )
        if self.give(announcement):
            self.months_go_by(1)
            self.shop(amounts, True)
            self.months_go_by(2)

    @rule(number=st.integers(10, 30))
    def they_may_be_rejected(self, number: int) -> None:
        self.give(RejectMigration(account_id="account", programme_version=number))

    @rule()
    def a_year_is_paid(self) -> None:
        """The first year, in which no rate is raised, is over."""
        self.months_are_paid(12, [100] * 12)

    @invariant()
    def what_is_protected_bears_no_more_than_before(self) -> None:
        if not hasattr(self, "story"):
            return
        billing, terms = self.story.state.billing, self.story.state.in_force.billing
        if terms is None or not billing.protections:
            return
        event(f"{len(billing.protections)} protections")
        book = billing.book(terms)
        for protection in billing.protections:
            old = replace(book, terms=protection.terms, earlier=(), protections=())
            for bucket in protection.buckets:
                for day in (self.today, date(self.today.year + 2, 7, 1)):
                    assert book.apr(bucket, day) <= old.apr(category_of(bucket), day)


TestDearerAccount = DearerAccount.TestCase
TestDearerAccount.settings = tried(15, 40)
