"""Deciding about the account itself and its cards."""

from dataclasses import replace
from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from services.accounts.domain import events
from services.accounts.domain.account import commands
from services.accounts.domain.account.state import Card, CreditAccount
from services.accounts.domain.life.decide import check_step
from services.accounts.domain.life.decide import find as find
from services.accounts.domain.life.decide import good_until as good_until
from services.accounts.domain.life.transitions import CARD_TRANSITIONS
from services.accounts.domain.standing.decide import REASONS, check_move
from services.accounts.domain.values import (
    AccountStatus,
    CardKind,
    CardStatus,
    Channel,
    Delivery,
    Terms,
)

CARDS_LIMIT = 50
"""Cards that may be issued on one account; a replacement for a lost one is never refused."""


def _issued(
    card: commands.NewCard,
    terms: Terms,
    account_id: str,
    customer_id: str,
    today: date,
    replaces: str = "",
) -> events.CardIssued:
    plastic = card.pending and card.kind is CardKind.PHYSICAL
    return events.CardIssued(
        account_id=account_id,
        customer_id=customer_id,
        card_id=card.card_id,
        last_four=card.last_four,
        kind=card.kind,
        expires_on=good_until(today, terms.card_validity_months),
        replaces_card_id=replaces,
        transaction_date=today,
        status=CardStatus.PENDING if card.pending else CardStatus.ACTIVE,
        cardholder_id=card.cardholder_id,
        use=card.use,
        merchant_id=card.merchant_id,
        delivery=Delivery.ORDERED if plastic else Delivery.NONE,
    )


def open_account(
    state: CreditAccount, command: commands.OpenAccount, context: Context
) -> tuple[Fact, ...]:
    """Open once. Raises Refused when the id has another account."""
    if state.account_id:
        card = state.find_card(command.card.card_id)
        opened = (state.customer_id, state.programme_id, state.money(state.limit_minor))
        same = opened == (command.customer_id, command.programme_id, command.limit)
        wanted = command.card.last_four, command.card.kind
        if same and card is not None and (card.last_four, card.kind) == wanted:
            return ()
        raise Refused("ACCOUNT_OPENED_DIFFERENTLY", "an account of this id is another")
    if command.limit.currency != command.terms.currency:
        raise Invalid(
            "CURRENCY_MISMATCH", "the limit is not in the programme's currency", field="limit"
        )
    if command.limit.minor_units < 0:
        raise Invalid("LIMIT_NEGATIVE", "a limit is not negative", field="limit")
    today = context.now.date()
    return (
        events.AccountOpened(
            account_id=command.account_id,
            customer_id=command.customer_id,
            programme_id=command.programme_id,
            programme_version=command.programme_version,
            currency=command.terms.currency,
            limit=command.limit,
            terms=command.terms,
            transaction_date=command.opened_on or today,
        ),
        _issued(command.card, command.terms, command.account_id, command.customer_id, today),
    )


def suspend(
    state: CreditAccount, command: commands.SuspendAccount, context: Context
) -> tuple[Fact, ...]:
    """Suspend an active account."""
    if state.status is AccountStatus.SUSPENDED:
        return ()
    check_move(state, AccountStatus.SUSPENDED, command.channel)
    return (
        events.AccountSuspended(
            account_id=state.account_id,
            customer_id=state.customer_id,
            reason=command.reason,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


def restrict(
    state: CreditAccount, command: commands.RestrictAccount, context: Context
) -> tuple[Fact, ...]:
    """Suspend it for this reason; what is charged off or closed cannot be charged anyway."""
    over = state.status in (AccountStatus.CHARGED_OFF, AccountStatus.CLOSED)
    if over or (state.status is AccountStatus.SUSPENDED and state.status_reason == command.reason):
        return ()
    return (
        events.AccountSuspended(
            account_id=state.account_id,
            customer_id=state.customer_id,
            reason=command.reason,
            channel=Channel.RISK,
            transaction_date=context.now.date(),
        ),
    )


def reinstate(
    state: CreditAccount, command: commands.ReinstateAccount, context: Context
) -> tuple[Fact, ...]:
    """Reinstate a suspended account."""
    if state.status is AccountStatus.ACTIVE:
        return ()
    check_move(state, AccountStatus.ACTIVE, command.channel)
    return (
        events.AccountReinstated(
            account_id=state.account_id,
            customer_id=state.customer_id,
            reason=command.reason,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


def issue(state: CreditAccount, command: commands.IssueCard, context: Context) -> tuple[Fact, ...]:
    """Issue a card once. Raises Refused when the id has another card or there are too many."""
    known = state.find_card(command.card.card_id)
    if known is not None:
        if _is_as_issued(known, command.card):
            return ()
        raise Refused("CARD_ISSUED_DIFFERENTLY", "a card of this id is another")
    if state.status is not AccountStatus.ACTIVE:
        raise Refused(REASONS[state.status], "a card is issued on an active account only")
    if len(state.cards) >= CARDS_LIMIT:
        raise Refused("TOO_MANY_CARDS", f"an account has at most {CARDS_LIMIT} cards")
    today = context.now.date()
    return (_issued(command.card, state.in_force, state.account_id, state.customer_id, today),)


def _is_as_issued(known: Card, card: commands.NewCard) -> bool:
    same = known.last_four, known.kind, known.cardholder_id, known.use
    if same != (card.last_four, card.kind, card.cardholder_id, card.use):
        return False
    return card.merchant_id in ("", known.merchant_id)


def block(state: CreditAccount, command: commands.BlockCard, context: Context) -> tuple[Fact, ...]:
    """Block a card that has not ended, even before its activation. A block by the house takes the
    place of one by the holder, so that the holder cannot lift it; a lost card stays lost."""
    card = find(state, command.card_id)
    by_holder = card.status_channel is Channel.HOLDER and command.channel is not Channel.HOLDER
    blockable = CardStatus.BLOCKED in CARD_TRANSITIONS[card.status]
    if not blockable or (card.status is CardStatus.BLOCKED and not by_holder):
        return ()
    return (
        events.CardBlocked(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=card.card_id,
            last_four=card.last_four,
            reason=command.reason,
            channel=command.channel,
            charge_id=command.charge_id,
            transaction_date=context.now.date(),
        ),
    )


def block_held(
    state: CreditAccount, command: commands.BlockCardsHeldBy, context: Context
) -> tuple[Fact, ...]:
    """Block each that has not ended, for risk."""
    return tuple(
        fact
        for card in state.cards
        if card.cardholder_id == command.cardholder_id
        for fact in block(
            state,
            commands.BlockCard(
                account_id=command.account_id,
                card_id=card.card_id,
                reason=command.reason,
                channel=Channel.RISK,
                charge_id="",
            ),
            context,
        )
    )


def unblock(
    state: CreditAccount, command: commands.UnblockCard, context: Context
) -> tuple[Fact, ...]:
    """Unblock a blocked card; one that was never activated waits for that. Raises Refused for a
    lost one, and for a holder who would lift what the house imposed."""
    card = find(state, command.card_id)
    if card.status in (CardStatus.ACTIVE, CardStatus.PENDING):
        return ()
    if card.status in (CardStatus.LOST, CardStatus.STOLEN):
        raise Refused("CARD_LOST", "a lost card is never used again")
    if card.status is not CardStatus.BLOCKED:
        raise Refused(f"CARD_{card.status}", f"the card is {card.status.lower()}, not blocked")
    if command.channel is Channel.HOLDER and card.status_channel is not Channel.HOLDER:
        raise Refused("BLOCKED_BY_ISSUER", "only the issuer lifts this block")
    return (
        events.CardUnblocked(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=card.card_id,
            last_four=card.last_four,
            reason=command.reason,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


def report_lost(
    state: CreditAccount, command: commands.ReportCardLost, context: Context
) -> tuple[Fact, ...]:
    """Report lost once. Raises Refused when the card has been replaced by another already, so
    that a number taken from the vault in the same unit is not taken for nothing."""
    card = find(state, command.card_id)
    if card.status in (CardStatus.LOST, CardStatus.STOLEN):
        if _is_so_replaced(state, card, command):
            return ()
        raise Refused("CARD_ALREADY_REPORTED", "the card is reported and replaced already")
    check_step(card, CardStatus(command.kind), command.channel)
    replacement = _in_place_of(card, command.replacement)
    if state.find_card(replacement.card_id) is not None:
        raise Refused("CARD_ISSUED_DIFFERENTLY", "a card of this id is on the account already")
    today, account_id, customer_id = context.now.date(), state.account_id, state.customer_id
    return (
        events.CardReportedLost(
            account_id=account_id,
            customer_id=customer_id,
            card_id=card.card_id,
            last_four=card.last_four,
            reason=command.kind,
            channel=command.channel,
            transaction_date=today,
        ),
        _issued(replacement, state.in_force, account_id, customer_id, today, card.card_id),
        events.CardReplaced(
            account_id=account_id,
            customer_id=customer_id,
            card_id=card.card_id,
            replacement_card_id=replacement.card_id,
            replacement_last_four=replacement.last_four,
            reason=command.kind,
            transaction_date=today,
        ),
    )


def _in_place_of(card: Card, new: commands.NewCard) -> commands.NewCard:
    """The new card is for the same holder and use; it comes by post if the lost one did."""
    return replace(
        new,
        cardholder_id=card.cardholder_id,
        use=card.use,
        merchant_id=card.merchant_id,
        pending=card.delivery is not Delivery.NONE,
    )


def _is_so_replaced(state: CreditAccount, card: Card, command: commands.ReportCardLost) -> bool:
    successor = state.find_card(card.replaced_by_card_id)
    if successor is None or card.status != CardStatus(command.kind):
        return False
    wanted = command.replacement
    return (successor.card_id, successor.last_four) == (wanted.card_id, wanted.last_four)
