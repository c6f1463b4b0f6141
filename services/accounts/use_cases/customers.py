"""A customer's rights: to have the profile put right, and to be forgotten with a proof."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import Message

from chassis import call
from chassis.crypto.keys import FieldKeys
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command
from chassis.work import Outcome, Settled
from services.accounts.clients import KeyDestroyer
from services.accounts.domain.applications.commands import ForgetApplicant, KnowApplicant
from services.accounts.domain.customer import CUSTOMER, Customer, Erasure
from services.accounts.domain.customers.commands import (
    BeginErasure,
    ChangeProfile,
    CompleteErasure,
    RequireClosure,
)
from services.accounts.domain.customers.events import ProfileChange
from services.accounts.domain.life.commands import EndCardsHeldBy
from services.accounts.domain.values import Channel
from services.accounts.use_cases.accounts import PROFILE_FIELDS, Accounts, subject_of
from services.accounts.use_cases.formats import email_of

M = TypeVar("M", bound=Message)
CARDHOLDER_FORGOTTEN = "CARDHOLDER_FORGOTTEN"


@dataclass(frozen=True, slots=True)
class Customers:
    """The steps around the decider of customers."""

    accounts: Accounts
    keys: FieldKeys
    destroyer: KeyDestroyer

    async def update(
        self,
        customer_id: str,
        profile: dict[str, str],
        channel: Channel,
        render: Callable[[Settled], M],
    ) -> M:
        """Put a profile in the place of the one there is. Only what is different is a change."""
        accounts = self.accounts
        customer = await accounts.application.state(CUSTOMER, customer_id)
        profile = self._normalised(profile)
        before = await self._in_clear(customer)
        different = [name for name in PROFILE_FIELDS if profile[name] != before.get(name)]
        changes = [
            ProfileChange(field=name, sealed=await accounts.seal(customer_id, name, profile[name]))
            for name in different
        ]
        hashed = accounts.identity_hash(profile)
        command = ChangeProfile(
            customer_id=customer_id,
            changes=tuple(changes),
            profile_digest=accounts.digest(customer_id, profile),
            identity_hash=hashed,
            channel=channel,
        )
        identity: list[Command] = []
        if hashed != customer.identity_hash and customer.identity_hash:
            identity.append(
                ForgetApplicant(identity_hash=customer.identity_hash, customer_id=customer_id)
            )
        if hashed != customer.identity_hash and hashed:
            identity.append(KnowApplicant(identity_hash=hashed, customer_id=customer_id))
        return await accounts.application.answer(*identity, command, render=render)

    def _normalised(self, profile: dict[str, str]) -> dict[str, str]:
        """The same in the forms that we keep. Raises Invalid."""
        kept = dict(profile)
        kept["email"] = email_of(profile["email"], "details.email")
        return kept

    async def _in_clear(self, customer: Customer) -> dict[str, str]:
        if customer.profile is None or customer.erasing:
            raise Refused("CUSTOMER_ERASED", "the customer is forgotten, or about to be")
        return await self.accounts.unsealed(customer.customer_id, customer.profile)

    async def erase(self, customer_id: str) -> tuple[Erasure, Outcome]:
        """Forget a customer. Repeatable at every step: whoever breaks off begins again, and keys
        that are destroyed already are destroyed. Raises Refused while something is owed."""
        application, actor = self.accounts.application, call.current().principal.scope
        customer = await application.state(CUSTOMER, customer_id)
        await application.witness(CUSTOMER, customer_id)
        if not customer.erasing:
            begin = BeginErasure(
                customer_id=customer_id,
                account_ids=customer.account_ids,
                by=call.current().principal.person.subject,
            )
            conditions = [RequireClosure(account_id=each) for each in customer.account_ids]
            # What they hold of others' accounts ends with them: nobody would answer for its use.
            endings = [
                EndCardsHeldBy(
                    account_id=each,
                    cardholder_id=customer_id,
                    reason=CARDHOLDER_FORGOTTEN,
                    channel=Channel.SYSTEM,
                )
                for each in customer.holding_ids
            ]
            await application.execute(*conditions, *endings, begin, actor=actor)
        proof = await self.destroyer.destroy(subject_of(customer_id))
        self.keys.forget(subject_of(customer_id))
        complete = CompleteErasure(
            customer_id=customer_id,
            certificate_id=proof.certificate_id,
            certificate=proof.certificate,
            destroyed_keys=proof.destroyed_keys,
            destroyed_at=proof.destroyed_at,
        )
        hashed = customer.identity_hash
        forget = ForgetApplicant(identity_hash=hashed, customer_id=customer_id)
        unit = (forget, complete) if hashed else (complete,)
        outcome = await application.execute(*unit, actor=actor)
        return (await self.proof(customer_id)), outcome

    async def proof(self, customer_id: str) -> Erasure:
        """The proof that a customer is forgotten. Raises NotFound, Refused CUSTOMER_NOT_ERASED."""
        customer = await self.accounts.application.state(CUSTOMER, customer_id)
        if customer.erasure is None:
            raise Refused("CUSTOMER_NOT_ERASED", "the customer is not forgotten")
        return customer.erasure
