"""What takes more than one step: numbers from the vault, sealed profiles, risk's word."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TypeVar

from google.protobuf.message import Message

from chassis import call
from chassis.application import Application
from chassis.crypto.keys import Keys
from chassis.kernel import ids
from chassis.kernel.errors import Exhausted, NotFound, Refused
from chassis.kernel.events import Command
from chassis.kernel.money import Money
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.clients import Risk
from services.accounts.domain.account.cards import find
from services.accounts.domain.account.commands import (
    AuthoriseCharge,
    IssueCard,
    NewCard,
    OpenAccount,
    ReportCardLost,
)
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import Card, CreditAccount
from services.accounts.domain.applications.commands import KnowApplicant
from services.accounts.domain.applications.verification import identity_of
from services.accounts.domain.card_place import CARD_PLACE, CardPlace, PlaceCard
from services.accounts.domain.customer import (
    CUSTOMER,
    RegisterCustomer,
    SealedProfile,
)
from services.accounts.domain.customers.commands import AttachAccount
from services.accounts.domain.pan import PAN, VISIBLE_TAIL, ClaimPan, Pan, generate
from services.accounts.domain.programme import PROGRAMME
from services.accounts.domain.values import (
    CardKind,
    CardStatus,
    Channel,
    LossKind,
)
from services.accounts.use_cases.business_days import business_date

M = TypeVar("M", bound=Message)
Render = Callable[[Settled], M]

PAN_ATTEMPTS_LIMIT = 5
"""Numbers tried for a new card; the chance that all are taken is nil until a BIN is nearly full."""

PERSONAL = "accounts.personal"
PAN_PURPOSE = "accounts.pan"
PROFILE_PURPOSE = "accounts.profile"
IDENTITY_PURPOSE = "accounts.identity"
PROFILE_FIELDS = tuple(field.name for field in fields(SealedProfile))


def subject_of(customer_id: str) -> str:
    """Under whose keys a customer's fields are sealed."""
    return f"customer:{customer_id}"


def place_of_pan(card_id: str) -> str:
    """Where the sealed number of a card stands."""
    return f"PanClaimed.sealed_pan:{card_id}"


def _place_of_field(name: str) -> str:
    return f"CustomerRegistered.{name}"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The steps around the deciders; `render` makes the answer from what was settled."""

    application: Application
    keys: Keys
    ports: Ports
    risk: Risk

    # Customers

    async def register(self, customer_id: str, profile: dict[str, str], render: Render[M]) -> M:
        """Seal the fields of a profile, by the names of SealedProfile, and register."""
        hashed = self.identity_hash(profile)
        command = RegisterCustomer(
            customer_id=customer_id,
            profile=await self.sealed(customer_id, profile),
            profile_digest=self.digest(customer_id, profile),
            identity_hash=hashed,
        )
        if not hashed:
            return await self.application.answer(command, render=render)
        known = KnowApplicant(identity_hash=hashed, customer_id=customer_id)
        return await self.application.answer(known, command, render=render)

    async def sealed(self, customer_id: str, profile: Mapping[str, str]) -> SealedProfile:
        """A profile under the customer's own key. Raises NotFound KEY_DESTROYED."""
        return SealedProfile(
            **{name: await self.seal(customer_id, name, profile[name]) for name in PROFILE_FIELDS}
        )

    async def seal(self, customer_id: str, name: str, text: str) -> str:
        """One field of a profile under the customer's own key; nothing stays nothing."""
        if not text:
            return ""
        place = _place_of_field(name)
        return await self.keys.seal(subject_of(customer_id), PERSONAL, text.encode(), place)

    def digest(self, customer_id: str, profile: Mapping[str, str]) -> str:
        """A keyed hash of a whole profile."""
        canonical = json.dumps([customer_id, dict(profile)], sort_keys=True).encode()
        return self.keys.lookup_hash(PROFILE_PURPOSE, canonical)

    def identity_hash(self, profile: Mapping[str, str]) -> str:
        """A keyed hash of who somebody is; empty where too little is known to tell."""
        born, address = profile["date_of_birth"], profile["address"]
        if not (born and address and profile["family_name"]):
            return ""
        _, postal_code, _ = address.split("\n")[-3:]
        identity = identity_of(
            profile["given_name"], profile["family_name"], date.fromisoformat(born), postal_code
        )
        return self.keys.lookup_hash(IDENTITY_PURPOSE, identity.encode())

    async def profile(self, customer_id: str) -> dict[str, str]:
        """A customer's fields in clear. Raises NotFound CUSTOMER_NOT_FOUND or KEY_DESTROYED.

        Who looks at somebody else's is put on record.
        """
        customer = await self.application.state(CUSTOMER, customer_id)
        if call.current().principal.person.customer_id != customer_id:
            await self.application.witness(CUSTOMER, customer_id)
        if customer.profile is None:
            raise NotFound("KEY_DESTROYED", "the customer is forgotten")
        return await self.unsealed(customer_id, customer.profile)

    async def unsealed(self, customer_id: str, profile: SealedProfile) -> dict[str, str]:
        """The fields of a profile in clear. Raises NotFound KEY_DESTROYED."""
        return {
            name: await self.unseal(customer_id, name, getattr(profile, name))
            for name in PROFILE_FIELDS
        }

    async def unseal(self, customer_id: str, name: str, sealed: str) -> str:
        """One field in clear; nothing stays nothing. Raises NotFound KEY_DESTROYED."""
        if not sealed:
            return ""
        place = _place_of_field(name)
        return (await self.keys.open(subject_of(customer_id), PERSONAL, sealed, place)).decode()

    # Accounts and cards

    async def account(self, account_id: str) -> CreditAccount:
        """The account as of now. Raises NotFound."""
        found = await self.application.find(CREDIT_ACCOUNT, account_id)
        if found is None:
            raise NotFound("ACCOUNT_NOT_FOUND", "there is no such account")
        return found

    async def place(self, card_id: str) -> CardPlace:
        """Where a card is. Raises NotFound."""
        found = await self.application.peek(CARD_PLACE, card_id)
        if found is None:
            raise NotFound("CARD_NOT_FOUND", "there is no such card", field="card_id")
        return found

    async def card(self, card_id: str) -> tuple[CreditAccount, Card]:
        """A card and its account as of now. Raises NotFound."""
        place = await self.place(card_id)
        account = await self.account(place.account_id)
        return account, find(account, card_id)

    async def open_account(
        self,
        account_id: str,
        customer_id: str,
        programme_id: str,
        limit: Money | None,
        kind: CardKind,
        render: Render[M],
    ) -> M:
        """Open an account with its first card, on a programme's terms as of today."""
        programme = await self.application.state(PROGRAMME, programme_id)
        await self.application.state(CUSTOMER, customer_id)
        today = await business_date(self.ports, programme_id)
        version = programme.in_force_on(today)
        terms = version.terms
        if limit is None:
            limit = Money(terms.default_limit_minor, terms.currency)

        def opening(card: NewCard) -> OpenAccount:
            return OpenAccount(
                account_id=account_id,
                customer_id=customer_id,
                programme_id=programme_id,
                programme_version=version.number,
                terms=terms,
                limit=limit,
                card=card,
                opened_on=today,
            )

        existing = await self.application.find(CREDIT_ACCOUNT, account_id)
        if existing is not None:
            again = replace(_again(existing.cards[0]), kind=kind)
            return await self.application.answer(opening(again), render=render)
        place = first_place(account_id, customer_id)
        attach = AttachAccount(customer_id=customer_id, account_id=account_id)
        return await self.with_new_number(place, terms.bin, kind, opening, render, (attach,))

    async def issue(self, account_id: str, card_id: str, kind: CardKind, render: Render[M]) -> M:
        """Issue one more card."""
        account = await self.account(account_id)

        def issuing(card: NewCard) -> IssueCard:
            return IssueCard(account_id=account_id, card=card)

        existing = account.find_card(card_id)
        if existing is not None:
            again = replace(_again(existing), kind=kind)
            return await self.application.answer(issuing(again), render=render)
        place = CardPlace(card_id=card_id, account_id=account_id, customer_id=account.customer_id)
        return await self.with_new_number(place, account.in_force.bin, kind, issuing, render)

    async def report_lost(
        self, card_id: str, kind: LossKind, channel: Channel, new_card_id: str, render: Render[M]
    ) -> M:
        """Block a lost card for ever and issue its replacement; reported again, nothing more."""
        account, card = await self.card(card_id)
        try:
            if card.replaced_by_card_id:
                return await self._reported_again(account, card, channel, render)

            def reporting(new: NewCard) -> ReportCardLost:
                return ReportCardLost(
                    account_id=account.account_id,
                    card_id=card_id,
                    kind=kind,
                    channel=channel,
                    replacement=new,
                )

            place = CardPlace(
                card_id=new_card_id,
                account_id=account.account_id,
                customer_id=account.customer_id,
                cardholder_id=card.cardholder_id,
            )
            bin_digits = account.in_force.bin
            return await self.with_new_number(place, bin_digits, card.kind, reporting, render)
        except Refused as refusal:
            if refusal.reason != "CARD_ALREADY_REPORTED":
                raise
        # Somebody reported it in the meantime; nothing of this attempt was stored.
        account, card = await self.card(card_id)
        return await self._reported_again(account, card, channel, render)

    async def _reported_again(
        self, account: CreditAccount, card: Card, channel: Channel, render: Render[M]
    ) -> M:
        again = ReportCardLost(
            account_id=account.account_id,
            card_id=card.card_id,
            kind=LossKind.STOLEN if card.status is CardStatus.STOLEN else LossKind.LOST,
            channel=channel,
            replacement=_again(find(account, card.replaced_by_card_id)),
        )
        return await self.application.answer(again, render=render)

    async def with_new_number(
        self,
        place: CardPlace,
        bin_digits: str,
        kind: CardKind,
        command: Callable[[NewCard], Command],
        render: Render[M],
        also: tuple[Command, ...] = (),
    ) -> M:
        """Carry out `command` with a card that has a number nobody has: number, place and card
        are stored together or not at all, and so is what follows from the commands `also`. The
        last state that `render` sees is the account."""
        for _ in range(PAN_ATTEMPTS_LIMIT):
            number = generate(bin_digits, self.ports.random)
            last_four = number[-VISIBLE_TAIL:]
            pan_hash = self.keys.lookup_hash(PAN_PURPOSE, number.encode())
            sealed = await self.keys.seal(
                subject_of(place.customer_id),
                PAN_PURPOSE,
                number.encode(),
                place_of_pan(place.card_id),
            )
            claim = ClaimPan(
                pan_hash=pan_hash,
                sealed_pan=sealed,
                card_id=place.card_id,
                account_id=place.account_id,
                customer_id=place.customer_id,
                last_four=last_four,
            )
            placing = PlaceCard(
                card_id=place.card_id,
                account_id=place.account_id,
                customer_id=place.customer_id,
                pan_hash=pan_hash,
                cardholder_id=place.cardholder_id,
            )
            # Plastic may be used once its holder says that it has come.
            pending = kind is CardKind.PHYSICAL
            card = NewCard(card_id=place.card_id, last_four=last_four, kind=kind, pending=pending)
            try:
                unit = (*also, claim, placing, command(card))
                return await self.application.answer(*unit, render=render)
            except Refused as refusal:
                if refusal.reason != "PAN_TAKEN":
                    raise
        raise Exhausted("NO_CARD_NUMBER_FREE", "no free card number was found; try again")

    # Numbers

    async def find_number(self, number: str) -> tuple[str, Pan | None]:
        """The keyed hash of a card number, and what the vault has under it, if it is claimed."""
        pan_hash = self.keys.lookup_hash(PAN_PURPOSE, number.encode())
        known = await self.application.peek(PAN, pan_hash)
        if known is not None and not known.card_id:
            # Refused before and perhaps issued since, by another process.
            known = await self.application.find(PAN, pan_hash)
        return pan_hash, known if known is not None and known.card_id else None

    async def card_id_of(self, pan: Pan) -> str:
        """The card that a number is of now: a token's goes with the card in a lost one's place."""
        if not pan.token_id:
            return pan.card_id
        token = (await self.account(pan.account_id)).find_token(pan.token_id)
        return token.card_id if token else pan.card_id

    async def reveal(self, card_id: str) -> tuple[str, Card]:
        """The full number of a card, which is put on record first. Raises NotFound CARD_NOT_FOUND
        or KEY_DESTROYED."""
        _, card = await self.card(card_id)
        place = await self.place(card_id)
        await self.application.witness(CARD_PLACE, card_id)
        vault = await self.application.state(PAN, place.pan_hash)
        number = await self.keys.open(
            subject_of(place.customer_id), PAN_PURPOSE, vault.sealed_pan, place_of_pan(card_id)
        )
        return number.decode(), card

    # Charges

    async def authorise(self, command: AuthoriseCharge, render: Render[M]) -> M:
        """Ask risk where the programme wants it asked, then decide."""
        return await self.application.answer(await self.assessed(command), render=render)

    async def assessed(self, command: AuthoriseCharge) -> AuthoriseCharge:
        """The command with risk's word, where the programme wants risk asked."""
        account = await self.application.peek(CREDIT_ACCOUNT, command.account_id)
        if account is None or not _is_to_be_assessed(account, command):
            return command
        return replace(command, assessment=await self.risk.assess(command))


def first_place(account_id: str, customer_id: str) -> CardPlace:
    """Where the first card of an account is; it has the same id whoever asks."""
    return CardPlace(
        card_id=ids.derive("first card", account_id),
        account_id=account_id,
        customer_id=customer_id,
    )


def _again(card: Card) -> NewCard:
    return NewCard(
        card_id=card.card_id,
        last_four=card.last_four,
        kind=card.kind,
        cardholder_id=card.cardholder_id,
        use=card.use,
        merchant_id=card.merchant_id,
    )


def _is_to_be_assessed(account: CreditAccount, command: AuthoriseCharge) -> bool:
    """Whether risk's word counts: from the threshold on, and not for what was decided before."""
    threshold = account.in_force.assessment_threshold_minor
    if threshold is None or command.amount.minor_units < threshold:
        return False
    return command.amount.currency == account.currency and (
        account.charges.get(command.charge_id) is None
    )
