"""What the network decided in the house's place is recorded: it binds, whatever the limit."""

from dataclasses import replace

from chassis.kernel.decider import Context
from chassis.kernel.errors import Refused
from chassis.kernel.events import Fact
from services.accounts.domain import events
from services.accounts.domain.account import cards, charges, commands, holding
from services.accounts.domain.account.authorising import approved, declined, grant, is_same
from services.accounts.domain.account.state import Charge, CreditAccount
from services.accounts.domain.charging.commands import RecordStandIn
from services.accounts.domain.charging.matching import match
from services.accounts.domain.life.using import after_use
from services.accounts.domain.tokens.paying import card_of_token, token_objection
from services.accounts.domain.values import (
    APPROVALS,
    PARTLY_APPROVED,
    RESPONSE_CODES,
    CardUse,
    ChargeStatus,
    DeclineReason,
)

Decided = events.ChargeAuthorised | events.ChargeDeclined


def record_stand_in(
    state: CreditAccount, command: RecordStandIn, context: Context
) -> tuple[Fact, ...]:
    """Accept the network's decision beside, or instead of, the house's own; but not for a token
    that may not pay. Raises Refused when the charge has other content or the network decided
    otherwise before."""
    asked = command.charge
    if asked.token_id:
        card_id = card_of_token(state, asked.token_id, asked.charge_id, asked.card_id)
        asked = replace(asked, card_id=card_id)
        command = replace(command, charge=asked)
    cards.find(state, asked.card_id)
    charges.check_currency(state, asked.amount)
    known = state.charges.get(asked.charge_id)
    inactive = token_objection(state, asked.token_id)
    if inactive is not None and command.response_code in APPROVALS:
        return _refused(state, asked, known, inactive)
    if known is None:
        decision = _decision(state, command, None, context)
        return (decision, *_after(state, decision, context))
    if not known.is_decided:
        bare = replace(state, posted_minor=state.posted_minor - known.captured_minor)
        decision = _decision(bare, command, None, context)
        return (match(bare, known, decision), *_after(state, decision, context))
    if not is_same(known, asked):
        raise Refused("CHARGE_AUTHORISED_DIFFERENTLY", "a charge of this id has other content")
    if not known.decided_by_network:
        return _overrule(state, known, command, context)
    if known.response_code != command.response_code:
        raise Refused("STAND_IN_DECIDED_DIFFERENTLY", "the network decided otherwise before")
    return ()


def _refused(
    state: CreditAccount,
    asked: commands.AuthoriseCharge,
    known: Charge | None,
    reason: DeclineReason,
) -> tuple[Fact, ...]:
    """The house's own refusal, unless it has decided already."""
    if known is not None and known.is_decided:
        if is_same(known, asked):
            return ()
        raise Refused("CHARGE_AUTHORISED_DIFFERENTLY", "a charge of this id has other content")
    refusal = declined(state, asked, reason, RESPONSE_CODES[reason], False)
    return (refusal if known is None else match(state, known, refusal),)


def _decision(
    state: CreditAccount, command: RecordStandIn, before: Charge | None, context: Context
) -> Decided:
    """The network's decision as a fact of ours; what was posted of it `before` is not held."""
    asked, code = command.charge, command.response_code
    if code not in APPROVALS:
        reason = DeclineReason.DECLINED_BY_NETWORK
        return replace(declined(state, asked, reason, code, False), decided_by_network=True)
    granted = grant(state.in_force, asked, context.now)
    held = granted.held_minor
    if before is not None:
        held = 0 if before.completed else max(0, held - before.captured_minor)
    granted = granted._replace(response_code=code, held_minor=held)
    return replace(approved(state, asked, granted, False), decided_by_network=True)


def _after(state: CreditAccount, decision: Decided, context: Context) -> tuple[Fact, ...]:
    """What follows from an approval for a card that is good for one charge, or one merchant."""
    if not isinstance(decision, events.ChargeAuthorised) or not decision.amount.minor_units:
        return ()
    card, merchant = cards.find(state, decision.card_id), decision.merchant
    if card.use is CardUse.MERCHANT_LOCKED and not merchant.id:
        return ()
    return after_use(state, card, merchant, decision.charge_id, context)


def _overrule(
    state: CreditAccount, known: Charge, command: RecordStandIn, context: Context
) -> tuple[Fact, ...]:
    """The house decided as well: nothing follows where both agree, or where all is over."""
    freed = replace(state, held_minor=state.held_minor - known.held_minor)
    is_held = known.status is ChargeStatus.HELD
    if command.response_code in APPROVALS:
        in_part = known.response_code == PARTLY_APPROVED and is_held
        if known.reason or in_part:
            decision = _decision(freed, command, known, context)
            return (decision, *_after(state, decision, context))
        return ()
    if not is_held or known.captured_minor:
        return ()
    taken_back = commands.ReverseCharge(
        account_id=state.account_id,
        charge_id=known.charge_id,
        reversal_id=known.charge_id,
        transaction_date=command.charge.transaction_date,
    )
    reversal = holding.reverse(state, taken_back, context)
    return (*reversal, _decision(freed, command, known, context))
