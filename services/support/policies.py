"""Whenever a card is lost, somebody needs help."""

from collections.abc import Iterable

from cards.accounts.v1 import events_pb2 as accounts

from chassis.kernel.events import Command
from chassis.policies import About, Policy
from services.support.domain.case import LinkFact, OpenCase, lost_card_case_id
from services.support.domain.events import CaseKind


def open_a_case_for_a_lost_card(
    message: accounts.CardReportedLost, about: About
) -> Iterable[Command]:
    """One case for each card that is gone, with the report in its timeline."""
    case_id = lost_card_case_id(message.card_id)
    yield OpenCase(
        case_id=case_id,
        customer_id=message.customer_id,
        account_id=message.account_id,
        kind=CaseKind.LOST_CARD,
        card_id=message.card_id,
        charge_id="",
        opened_by="policy:open_a_case_for_a_lost_card",
    )
    yield LinkFact(case_id=case_id, event_id=about.event_id, fact="CardReportedLost")


def note_the_replacement_in_the_case(
    message: accounts.CardReplaced, about: About
) -> Iterable[Command]:
    """Whoever helps sees that the new card is there; a card replaced without a case needs none."""
    case_id = lost_card_case_id(message.card_id)
    yield LinkFact(case_id=case_id, event_id=about.event_id, fact="CardReplaced")


POLICIES = (
    Policy(accounts.CardReportedLost, open_a_case_for_a_lost_card),
    Policy(accounts.CardReplaced, note_the_replacement_in_the_case),
)
