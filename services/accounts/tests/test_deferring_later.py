"""Deferred-interest promotions and what becomes known only later: nothing is charged wrongly."""

from datetime import date

from chassis.codec import StateCodec
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.payoff import PayingOff, disclose
from services.accounts.domain.billing.terms import DeferredPromotion, MinimumPaymentRule
from services.accounts.domain.statements.rebuilding import Retelling, worked_out_again
from services.accounts.tests.billing_stories import amounts
from services.accounts.tests.deferring_stories import a_sofa


def test_a_payment_credited_in_time_takes_the_charge_back() -> None:
    """As if it had not been charged: nor is interest on it."""
    story = a_sofa()
    story.run(7, 20)
    assert story.owed == 1200 + 89.26
    facts = story.on(7, 21).pay(1200, credited=date(2026, 6, 30))
    assert amounts(facts, "DeferredInterestReversed") == [89.26]
    assert story.owed == 0
    story.run(7, 31)
    assert (story.statement(7).opening_minor, story.statement(7).closing_minor) == (1200_00, 0)


def test_a_payment_that_comes_back_charges_what_was_forgiven() -> None:
    story = a_sofa()
    story.run(6, 20)
    story.on(6, 21).pay(1200, payment_id="cheque")
    assert amounts(story.run(7, 5), "DeferredInterestWaived") == [84.33]
    story.on(7, 6)
    facts = story.bounce("cheque")
    assert amounts(facts, "DeferredInterestCharged") == [89.26]
    assert story.owed == 1200 + 89.26


def test_every_statement_is_cut_the_same_from_the_facts_before_it() -> None:
    story = a_sofa()
    story.on(3, 5).buy(100)
    story.run(9, 30)
    retelling, again = Retelling(), []
    for fact in story.facts:
        before = retelling.tell(fact)
        again += [worked_out_again(before)] if before else []
    assert again == story.statements()
    assert StateCodec(CreditAccount).decode(StateCodec(CreditAccount).encode(story.state)) == (
        story.state
    )


def test_what_accrued_is_known_beyond_the_cycles_that_can_be_recalculated() -> None:
    """18 months: the statements' amounts add up to what is charged."""
    long = DeferredPromotion(code="SIX", months=18, apr_basis_points=1_999)
    story = a_sofa(long)
    facts = story.run(7, 1, 2027)
    assert amounts(facts, "DeferredInterestCharged") == [round(1200 * 0.1999 * 546 / 365, 2)]
    told = [each.deferred[0] for each in story.statements() if each.deferred]
    assert len(told) == 17
    assert sum(each.interest_minor for each in told) == told[-1].accrued_minor
    story.on(7, 2, 2027).pay(story.owed)
    story.run(8, 1, 2027)
    story.pay(story.owed)
    story.run(6, 30, 2028)
    assert story.state.billing.deferrals == ()


def test_the_minimum_payment_estimate_defers_interest_only_if_it_repays_in_time() -> None:
    """Appendix M1(b)(2): 1,200 in four payments of 300 before June 30 bear nothing; at 25 a month
    they count as if they bore 15 % from now on."""
    quick = a_sofa(minimum_payment=MinimumPaymentRule(floor_minor=300_00))
    slow = a_sofa(minimum_payment=MinimumPaymentRule(floor_minor=25_00))
    for story in (quick, slow):
        story.run(1, 31)
    told = quick.statement(1).payoff
    assert (told.minimum_months, told.minimum_total_minor) == (4, 1200_00)
    at_15 = PayingOff(minor=1200_00, apr_basis_points=1_500)
    expected = disclose([at_15], MinimumPaymentRule(floor_minor=25_00), 25_00)
    assert slow.statement(1).payoff == expected
    assert expected.minimum_months > 48


def test_what_is_charged_before_the_last_close_is_run_is_told_with_the_next_one() -> None:
    """The payment comes back on August 1, when the cycle of July is not closed yet: what is charged
    is in the statement of August, and in the year so far of that one."""
    story = a_sofa()
    story.run(6, 20)
    story.on(6, 21).pay(1200, payment_id="cheque")
    story.run(7, 5)
    charged = amounts(story.on(8, 1).bounce("cheque"), "DeferredInterestCharged")
    story.run(8, 31)
    so_far = 0
    for told in story.statements():
        so_far += told.interest_minor
        assert told.year_to_date_interest_minor == so_far
    assert len(charged) == 1
    assert charged[0] * 100 <= story.statement(8).interest_minor
