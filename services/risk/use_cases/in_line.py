"""The answer in line: what all profiles a charge touches say of it now. Reads, never writes."""

from typing import TypeVar

from chassis.application import Application
from chassis.kernel.decider import Decider
from chassis.kernel.errors import Unavailable
from services.risk.domain import card_profile, group_profile
from services.risk.domain.card_profile import CardProfile
from services.risk.domain.charge import Charge
from services.risk.domain.features import Scope
from services.risk.domain.group_profile import GroupProfile
from services.risk.domain.rule_book import BOOK_ID, RuleBook
from services.risk.domain.rules import Judgement, together
from services.risk.rule_engine import RuleEngine

S = TypeVar("S")


class InLine:
    """Judges charges that are about to be decided, by the rule set in force at this moment."""

    def __init__(
        self,
        application: Application,
        engine: RuleEngine,
        *,
        book: Decider[RuleBook],
        card: Decider[CardProfile],
        account: Decider[GroupProfile],
        merchant: Decider[GroupProfile],
    ) -> None:
        self._application = application
        self._engine = engine
        self._book = book
        self._card = card
        self._account = account
        self._merchant = merchant

    async def assess(self, charge: Charge) -> Judgement:
        """The judgement on a charge. Raises Unavailable RULES_NOT_LOADED."""
        book = await self._state(self._book, BOOK_ID)
        if book.active is None:
            raise Unavailable("RULES_NOT_LOADED", "the rules are not loaded yet; try later")
        judge = self._engine.compiled(book.active).judge
        card = await self._state(self._card, charge.card_id)
        account = await self._state(self._account, charge.account_id)
        merchant = await self._state(self._merchant, charge.merchant_key)
        return together(
            [
                card_profile.assess(card, charge, judge)[1],
                group_profile.assess(Scope.ACCOUNT, account, charge, judge),
                group_profile.assess(Scope.MERCHANT, merchant, charge, judge),
            ]
        )

    async def _state(self, decider: Decider[S], id: str) -> S:
        found = await self._application.find(decider, id)
        return found if found is not None else decider.initial
