"""Cards in any life: issued, paused, renewed, lost, with PINs, device tokens and controls."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from services.accounts.domain import events
from services.accounts.domain.account import commands
from services.accounts.domain.account.state import Card, CreditAccount
from services.accounts.domain.billing.commands import RefundCreditBalance
from services.accounts.domain.controls import commands as controls
from services.accounts.domain.controls.metering import Window
from services.accounts.domain.controls.state import Control, ControlKind, Scope
from services.accounts.domain.customers.commands import RequireClosure
from services.accounts.domain.life import commands as life
from services.accounts.domain.life.transitions import CARD_TRANSITIONS, FINAL
from services.accounts.domain.pins import commands as pins
from services.accounts.domain.pins.decide import PIN_TRIES
from services.accounts.domain.standing import commands as standing
from services.accounts.domain.tokens import commands as tokens
from services.accounts.domain.tokens.state import TokenDevice, TokenStatus
from services.accounts.domain.values import (
    AccountStatus,
    AccountSubStatus,
    CardKind,
    CardStatus,
    CardUse,
    Channel,
    Delivery,
)
from services.accounts.tests.lives import IDS, Life

OLD = 25
"""After so many commands an account may be closed: not much happens on one that is."""
PLACES = st.integers(0, 5)
CHANNELS = st.sampled_from(list(Channel))
STEPS: tuple[Any, ...] = (life.ActivateCard, life.PauseCard, life.ResumeCard, life.TerminateCard)
SCOPES = st.sampled_from(
    [Scope(), Scope(card_id="card"), Scope(mccs=("5411",)), Scope(countries=("GB",))]
)


class CardedLife(Life):
    """What is done with cards; what they may not do is not approved."""

    def check(self, fact: Fact, before: CreditAccount) -> None:
        super().check(fact, before)
        if not isinstance(fact, events.ChargeAuthorised) or fact.decided_by_network:
            return
        card = before.find_card(fact.card_id)
        assert before.status is AccountStatus.ACTIVE
        assert card is not None
        assert card.status is CardStatus.ACTIVE
        assert fact.transaction_date <= card.expires_on
        for control, _ in before.controls.every():
            if control.scope.card_id not in ("", card.card_id):
                continue
            fits = control.scope.fits(fact.merchant, fact.entry_mode)
            assert not (fits and control.kind is ControlKind.BLOCK)
            assert fits or control.kind is not ControlKind.ALLOW
            if fits and control.kind is ControlKind.AMOUNT:
                assert fact.held.minor_units <= control.limit_minor

    @rule(
        card_id=st.sampled_from(["other", ""]),
        kind=st.sampled_from(list(CardKind)),
        cardholder_id=st.sampled_from(["", "aunt"]),
        use=st.sampled_from([CardUse.ANY, *CardUse]),
        pending=st.booleans(),
        arrives=st.booleans(),
    )
    def issue_a_card(self, card_id: str, arrives: bool, **fields: Any) -> None:
        card_id = card_id or f"card {len(self.story.facts)}"
        card = commands.NewCard(card_id=card_id, last_four="1111", **fields)
        self.give(commands.IssueCard(account_id="account", card=card))
        if arrives:
            self.give(
                life.ActivateCard(
                    account_id="account", card_id=card_id, reason="ASKED", channel=Channel.HOLDER
                )
            )

    def a_card(self, place: int) -> Card:
        """One of those that there are, the latest first."""
        cards: tuple[Card, ...] = self.story.state.cards
        return cards[-1 - place % len(cards)]

    @rule(place=PLACES, step=st.sampled_from(STEPS), channel=CHANNELS, back=st.booleans())
    def step_of_a_card(self, place: int, step: Any, channel: Channel, back: bool) -> None:
        card_id = self.a_card(place).card_id
        steps = (step, life.ResumeCard) if back and step is life.PauseCard else (step,)
        for each in steps:
            self.give(each(account_id="account", card_id=card_id, reason="ANY", channel=channel))

    @rule(place=PLACES, days=st.sampled_from([0, 40, 100]), asked=st.booleans(), channel=CHANNELS)
    def plastic_gets_old(self, place: int, days: int, asked: bool, channel: Channel) -> None:
        """Another is asked for; or the timers of a card come, in time or after its last day."""
        card = self.a_card(place)
        which: dict[str, Any] = {
            "account_id": "account",
            "card_id": card.card_id,
            "sequence": card.sequence,
        }
        if asked:
            self.give(life.RenewCard(**which, reason="DAMAGED", channel=channel))
            return
        self.story.later(days=days)
        self.give(life.RenewInTime(**which))
        self.give(life.ExpireCard(**which))

    @precondition(lambda self: any(each.delivery for each in self.story.state.cards))
    @rule(place=PLACES, deliveries=st.lists(st.sampled_from(list(Delivery)), max_size=3))
    def deliver(self, place: int, deliveries: list[Delivery]) -> None:
        sent = [each for each in self.story.state.cards if each.delivery is not Delivery.NONE]
        card = sent[place % len(sent)]
        for delivery in (Delivery.SHIPPED, *deliveries):
            self.give(
                life.RecordDelivery(
                    account_id="account",
                    card_id=card.card_id,
                    delivery=delivery,
                    channel=Channel.SYSTEM,
                )
            )

    @rule(place=PLACES, sealed_pvv=st.sampled_from(["", "x", "y"]), channel=CHANNELS)
    def set_pin(self, place: int, sealed_pvv: str, channel: Channel) -> None:
        self.give(
            pins.SetPin(
                account_id="account",
                card_id=self.a_card(place).card_id,
                sealed_pvv=sealed_pvv,
                channel=channel,
            )
        )

    @rule(place=PLACES, right=st.lists(st.booleans(), max_size=5), unblocked=st.none() | CHANNELS)
    def try_pins(self, place: int, right: list[bool], unblocked: Channel | None) -> None:
        card = self.a_card(place)
        for number, matches in enumerate(right):
            self.give(
                pins.VerifyPin(
                    account_id="account",
                    card_id=card.card_id,
                    verification_id=f"try {len(self.story.facts)} {number}",
                    matches=matches,
                    pin_number=card.pin_number,
                )
            )
        if unblocked is not None:
            self.give(
                pins.UnblockPin(
                    account_id="account", card_id=card.card_id, reason="ASKED", channel=unblocked
                )
            )

    @rule(
        place=PLACES,
        token_id=IDS,
        device=st.sampled_from(list(TokenDevice)),
        channel=CHANNELS,
    )
    def provision(self, place: int, token_id: str, device: TokenDevice, channel: Channel) -> None:
        self.give(
            tokens.ProvisionDeviceToken(
                account_id="account",
                card_id=self.a_card(place).card_id,
                token_id=token_id,
                last_four="2222",
                device=device,
                channel=channel,
            )
        )

    @precondition(lambda self: self.story.state.tokens)
    @rule(
        token_id=IDS,
        statuses=st.lists(st.sampled_from(list(TokenStatus)), min_size=1, max_size=3),
        channel=CHANNELS,
    )
    def change_token(self, token_id: str, statuses: list[TokenStatus], channel: Channel) -> None:
        found = [each.token_id for each in self.story.state.tokens]
        for status in statuses:
            self.give(
                tokens.ChangeDeviceToken(
                    account_id="account",
                    token_id=self.known(token_id, found),
                    status=status,
                    reason="ANY",
                    channel=channel,
                )
            )

    @rule(
        control_id=IDS,
        kind=st.sampled_from(list(ControlKind)),
        scope=SCOPES,
        window=st.sampled_from(list(Window)),
        rolling=st.booleans(),
        limit_minor=st.integers(0, 90_000),
        times=st.integers(0, 9),
        channel=st.sampled_from([Channel.HOLDER, Channel.OPERATOR]),
        lifted=st.booleans(),
    )
    def control(self, lifted: bool, **fields: Any) -> None:
        """One is set; or one that there is, is lifted."""
        known = [each.control_id for each, _ in self.story.state.controls.every()]
        if lifted and known:
            self.give(
                controls.RemoveControl(
                    account_id="account",
                    control_id=self.known(fields["control_id"], known),
                    channel=fields["channel"],
                )
            )
        else:
            self.give(controls.SetControl(account_id="account", control=Control(**fields)))

    @rule(mark=st.sampled_from(list(AccountSubStatus)), so=st.booleans())
    def mark(self, mark: AccountSubStatus, so: bool) -> None:
        self.give(
            standing.MarkAccount(
                account_id="account",
                sub_status=mark,
                so=so,
                reason="ANY",
                channel=Channel.OPERATOR,
            )
        )

    @precondition(lambda self: len(self.given) >= OLD)
    @rule(of_account=st.booleans())
    def restrict(self, of_account: bool) -> None:
        """People confirmed whom a list names: the holder, or who was given a card."""
        if of_account:
            self.give(commands.RestrictAccount(account_id="account", reason="SANCTIONS_MATCH"))
            return
        blocking = commands.BlockCardsHeldBy(
            account_id="account", cardholder_id="aunt", reason="SANCTIONS_MATCH"
        )
        self.give(blocking)
        held = [card for card in self.story.state.cards if card.cardholder_id == "aunt"]
        assert not any(card.status is CardStatus.ACTIVE for card in held)

    @precondition(lambda self: len(self.given) >= OLD)
    @rule(who=st.sampled_from(["aunt", "nobody"]), channel=CHANNELS)
    def forget_a_user(self, who: str, channel: Channel) -> None:
        """Somebody else who was given a card wants to be forgotten."""
        ending = life.EndCardsHeldBy(
            account_id="account", cardholder_id=who, reason="FORGOTTEN", channel=channel
        )
        self.give(ending)
        held = [card for card in self.story.state.cards if card.cardholder_id == who]
        assert not any(CARD_TRANSITIONS[card.status].get(CardStatus.TERMINATED) for card in held)

    @precondition(lambda self: len(self.given) >= OLD)
    @rule(channel=CHANNELS, settled=st.booleans())
    def close(self, channel: Channel, settled: bool) -> None:
        """Where something is owed or held, nothing but a refusal follows."""
        if settled:
            self.settle()
        closing = standing.ChangeStanding(
            account_id="account", status=AccountStatus.CLOSED, reason="ASKED", channel=channel
        )
        given = self.give(closing)
        assert self.give(RequireClosure(account_id="account")) == (
            self.story.state.status is AccountStatus.CLOSED
            and not self.story.state.posted_minor
            and not self.story.state.held_minor
        )
        assert given or self.story.state.status is not AccountStatus.CLOSED

    def settle(self) -> None:
        """Holds are taken back, and what is owed is paid."""
        for charge in self.story.state.charges.values():
            if charge.held_minor:
                self.give(
                    commands.ReverseCharge(
                        account_id="account",
                        charge_id=charge.charge_id,
                        reversal_id=f"settling {len(self.story.facts)}",
                        transaction_date=self.story.now.date(),
                    )
                )
        owed = self.story.state.posted_minor
        if owed > 0:
            self.give(
                commands.RecordPayment(
                    account_id="account",
                    payment_id=f"settling {len(self.story.facts)}",
                    amount=Money(owed, "GBP"),
                    transaction_date=self.story.now.date(),
                    posting_date=self.story.now.date(),
                )
            )
        elif owed < 0:
            self.give(
                RefundCreditBalance(
                    account_id="account",
                    refund_id=f"settling {len(self.story.facts)}",
                    transaction_date=self.story.now.date(),
                )
            )

    @invariant()
    def cards_have_one_successor_each(self) -> None:
        cards: tuple[Card, ...] = self.story.state.cards
        assert len({card.card_id for card in cards}) == len(cards)
        for card in cards:
            after = self.story.state.find_card(card.replaced_by_card_id)
            assert after is None or after.replaces_card_id == card.card_id
            assert 0 <= card.pin_failures <= PIN_TRIES
            lost = card.status in (CardStatus.LOST, CardStatus.STOLEN)
            assert lost == bool(card.replaced_by_card_id)

    @invariant()
    def tokens_are_of_cards_of_the_account(self) -> None:
        for token in self.story.state.tokens:
            assert self.story.state.find_card(token.card_id) is not None

    @invariant()
    def a_closed_account_has_no_card_in_use(self) -> None:
        if self.story.state.status is AccountStatus.CLOSED:
            assert all(card.status in FINAL for card in self.story.state.cards)
