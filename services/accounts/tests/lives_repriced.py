"""Other terms in any life: dearer ones are announced, and rejected or not; cheaper ones are not."""

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chassis.kernel.money import Money
from services.accounts.domain.billing.buckets import category_of
from services.accounts.domain.billing.fees import in_first_year
from services.accounts.domain.billing.posting import terms_of
from services.accounts.domain.billing.terms import BillingTerms, Fee, FeeKind
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.repricing.commands import AnnounceMigration, RejectMigration
from services.accounts.tests.billing_stories import CASH_MACHINE
from services.accounts.tests.lives import AMOUNTS, BilledLife
from services.accounts.tests.stories import GROCER

FAR_DAYS = 800
MONTH_DAYS = 31


class RepricedLife(BilledLife):
    """What was bought before a notice never bears more than by the terms before it."""

    def next_version(self, billing: BillingTerms) -> Version:
        """One more of the programme, in force from today on."""
        terms = replace(self.story.state.in_force, billing=billing)
        number = self.story.state.programme_version + 1
        return Version(number=number, name="Other", terms=terms, effective_on=self.today)

    def announce(self, billing: BillingTerms) -> bool:
        version = self.next_version(billing)
        return self.give(
            AnnounceMigration(
                account_id="account",
                programme_id="everyday",
                programme_version=version.number,
                version=version,
                today=self.today,
            )
        )

    def at_points(self, more: int) -> BillingTerms | None:
        """The terms as they are, with all rates so much higher or lower."""
        terms = terms_of(self.story.state)
        if terms is None:
            return None
        rates = (
            replace(each, apr_basis_points=max(0, each.apr_basis_points + more))
            for each in terms.rates
        )
        return replace(terms, rates=tuple(rates))

    @rule(points=st.integers(1, 900), amounts=st.lists(AMOUNTS, min_size=2, max_size=3))
    def rates_are_raised(self, points: int, amounts: list[Money]) -> None:
        """Once the first year is over; something is bought before the notice, and after it."""
        while in_first_year(self.story.state.billing, self.today) and self.at_points(0):
            self.a_month_is_paid()
        self.buy_on_a_day(amounts[0], GROCER, 0)
        dearer = self.at_points(points)
        if dearer is None or not self.announce(dearer):
            return
        for amount in amounts[1:]:
            self.time_goes_on(MONTH_DAYS, False)
            where = CASH_MACHINE if amount.minor_units % 2 else GROCER
            self.buy_on_a_day(amount, where, 0)
        self.time_goes_on(MONTH_DAYS, False)
        self.time_goes_on(MONTH_DAYS, False)

    def a_month_is_paid(self) -> None:
        self.time_goes_on(MONTH_DAYS, False)
        owed = self.story.state.posted_minor
        if owed > 0:
            self.pay_on_a_day(Money(owed, "GBP"), 0)

    @rule(points=st.integers(1, 900))
    def rates_are_lowered(self, points: int) -> None:
        cheaper = self.at_points(-points)
        if cheaper is None:
            return
        version = self.next_version(cheaper)
        self.give(
            MigrateAccount(
                account_id="account",
                programme_id="everyday",
                programme_version=version.number,
                version=version,
                today=self.today,
            )
        )

    @precondition(lambda self: terms_of(self.story.state) is not None)
    @rule(rejected=st.booleans())
    def a_fee_is_raised(self, rejected: bool) -> None:
        dearer = self.at_points(0)
        if dearer is None:
            return
        foreign = sum(each.amount_minor for each in dearer.fees if each.kind is FeeKind.FOREIGN)
        others = tuple(each for each in dearer.fees if each.kind is not FeeKind.FOREIGN)
        fee = Fee(kind=FeeKind.FOREIGN, amount_minor=foreign + 50)
        told = self.announce(replace(dearer, fees=(*others, fee)))
        announced = self.story.state.billing.announced
        if told and rejected and announced:
            number = announced.programme_version
            self.give(RejectMigration(account_id="account", programme_version=number))

    @invariant()
    def what_keeps_its_rate_never_bears_more(self) -> None:
        billing, terms = self.story.state.billing, self.story.state.in_force.billing
        if terms is None or not billing.protections:
            return
        book = billing.book(terms)
        far = date.fromordinal(self.today.toordinal() + FAR_DAYS)
        for protection in billing.protections:
            old = replace(book, terms=protection.terms, earlier=(), protections=())
            for bucket in protection.buckets:
                for day in (self.today, far):
                    assert book.apr(bucket, day) <= old.apr(category_of(bucket), day)
