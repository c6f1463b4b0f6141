"""Deciding about deferred-interest promotions: which purchases, and where payments go."""

from collections.abc import Sequence
from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.billing.agreements import billed_terms
from services.accounts.domain.billing.buckets import PURCHASE
from services.accounts.domain.billing.posting import terms_of
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.statement import LineKind, StatementLine
from services.accounts.domain.billing.terms import BillingTerms, DeferredPromotion
from services.accounts.domain.deferring import commands, events
from services.accounts.domain.deferring.accruing import accrued_before_booking, last_day
from services.accounts.domain.events import ChargeCleared

DEFERRALS_LIMIT = 200
"""Deferred balances of an account at a time; purchases beyond it are like any other."""

Facts = tuple[Fact, ...]


def defer_purchase(
    state: CreditAccount, command: commands.DeferPurchase, context: Context
) -> Facts:
    """Put a purchase under a promotion. Raises NotFound for an unknown charge or promotion, and
    Refused where the promotion is not for it or a statement has told it already."""
    terms = billed_terms(state)
    charges.find(state, command.charge_id)
    key, asked = act_key("deferral", command.deferral_id), command.promotion_code
    otherwise = Refused("PURCHASE_DEFERRED_DIFFERENTLY", "another deferral has this id")
    if charges.is_repeated(state, key, command.charge_id, asked, otherwise):
        return ()
    promotion = next((p for p in terms.deferred_promotions if p.code == asked), None)
    if promotion is None:
        raise NotFound("PROMOTION_NOT_FOUND", "the programme has no such promotion")
    if any(plan.charge_id == command.charge_id for plan in state.billing.plans):
        raise Refused("PLAN_EXISTS", "the purchase is in an instalment plan")
    lines = [
        line
        for line in state.billing.booked()
        if line.charge_id == command.charge_id and line.bucket == PURCHASE
    ]
    if not lines or sum(line.amount_minor for line in lines) <= 0:
        raise Refused(
            "NOT_DEFERRABLE", "only purchases are, and only until a statement has told them"
        )
    if len(state.billing.deferrals) >= DEFERRALS_LIMIT:
        raise Refused("TOO_MANY_DEFERRALS", f"an account has at most {DEFERRALS_LIMIT}")
    bought_on = min(line.transaction_date for line in lines)
    if not _is_for(promotion, bought_on, sum(line.amount_minor for line in lines)):
        raise Refused("PROMOTION_NOT_FOR_THIS", "the promotion is not for this day or amount")
    if last_day(promotion, bought_on) < command.transaction_date:
        raise Refused("PROMOTION_ENDED", "its last day has passed")
    day = command.transaction_date
    return (_deferred(state, terms, promotion, command.deferral_id, lines, day),)


def _is_for(promotion: DeferredPromotion, bought_on: date, amount_minor: int) -> bool:
    since, until = promotion.offered_from or bought_on, promotion.offered_until or bought_on
    return since <= bought_on <= until and amount_minor >= promotion.least_amount_minor


def _deferred(
    state: CreditAccount,
    terms: BillingTerms,
    promotion: DeferredPromotion,
    deferral_id: str,
    lines: Sequence[StatementLine],
    day: date,
) -> events.PurchaseDeferred:
    book = state.billing.book(terms)
    since = min(line.transaction_date for line in lines)
    apr = promotion.apr_basis_points or book.apr(PURCHASE, since)
    return events.PurchaseDeferred(
        account_id=state.account_id,
        customer_id=state.customer_id,
        deferral_id=deferral_id,
        charge_id=lines[0].charge_id,
        promotion_code=promotion.code,
        principal=state.money(sum(line.amount_minor for line in lines)),
        apr_basis_points=apr,
        accrues_from=since,
        ends_on=last_day(promotion, since),
        entries=tuple(line.entry_id for line in lines),
        accrued_exact=accrued_before_booking(lines, since, apr, book),
        transaction_date=day,
        ends_past_due=promotion.ends_past_due,
    )


def defer_by_itself(
    before: CreditAccount, state: CreditAccount, told: Facts, context: Context
) -> Facts:
    """At merchants that a promotion names, a purchase is under it by itself."""
    terms = terms_of(state)
    if terms is None or not terms.deferred_promotions:
        return ()
    cleared = next((fact for fact in told if isinstance(fact, ChargeCleared)), None)
    if cleared is None or len(state.billing.deferrals) >= DEFERRALS_LIMIT:
        return ()
    lines = [line for line in state.billing.booked()[-1:] if line.bucket == PURCHASE]
    amount, bought_on = cleared.amount.minor_units, cleared.transaction_date
    for promotion in terms.deferred_promotions if lines else ():
        named = cleared.merchant.id in promotion.merchant_ids
        # What is posted late is owed from the open cycle on, when the promotion may be over.
        day = max(cleared.posting_date, lines[0].effective_on)
        if (
            named
            and _is_for(promotion, bought_on, amount)
            and day <= last_day(promotion, bought_on)
        ):
            return (_deferred(state, terms, promotion, cleared.clearing_id, lines, day),)
    return ()


def direct_payment(
    state: CreditAccount, command: commands.DirectPayment, context: Context
) -> Facts:
    """Let a payment go where its holder asks, before or after it is made known where it went
    (comment 53(b)-3.ii). Raises NotFound, and Refused where the promotion was over when it was
    credited, or it came back or is too old."""
    billed_terms(state)
    key = act_key("direction", command.payment_id)
    otherwise = Refused("PAYMENT_DIRECTED_DIFFERENTLY", "it was asked to go elsewhere")
    if charges.is_repeated(state, key, "", command.deferral_id, otherwise):
        return ()
    if act_key("payment", command.payment_id) not in state.acts:
        raise NotFound("PAYMENT_NOT_FOUND", "there is no such payment on this account")
    found = (d for d in state.billing.deferrals if d.deferral_id == command.deferral_id)
    deferral = next(found, None)
    if deferral is None:
        raise NotFound("DEFERRAL_NOT_FOUND", "there is no such deferred balance")
    if act_key("return", command.payment_id) in state.acts:
        raise Refused("PAYMENT_RETURNED", "the payment came back")
    payment = _payment(state.billing, command.payment_id)
    if payment is None:
        raise Refused("PAYMENT_TOO_OLD", "its cycle cannot be recalculated any more")
    if not deferral.is_deferred(payment.effective_on):
        raise Refused("PROMOTION_ENDED", "its last day had passed when the payment was credited")
    return (
        events.PaymentDirected(
            account_id=state.account_id,
            customer_id=state.customer_id,
            payment_id=command.payment_id,
            deferral_id=command.deferral_id,
            transaction_date=command.transaction_date,
        ),
    )


def _payment(billing: Billing, payment_id: str) -> StatementLine | None:
    moves = [move for cycle in billing.closed for move in cycle.moves]
    for line in (*billing.booked(), *moves):
        if line.entry_id == payment_id and line.kind is LineKind.PAYMENT:
            return line
    return None
