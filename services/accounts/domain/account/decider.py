"""The credit account as a decider: which function decides which command."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account import cards, commands, holding, posting, restricting
from services.accounts.domain.account.as_of import AsOf
from services.accounts.domain.account.at_once import PostApprovedCharge, post_approved
from services.accounts.domain.account.evolve import EVOLVE, evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import decide as billing
from services.accounts.domain.billing.closing import change_standing
from services.accounts.domain.billing.following import with_billing
from services.accounts.domain.charging import decide as charging
from services.accounts.domain.charging.following import unless_kept, with_what_came_before
from services.accounts.domain.charging.state import EarlyKind
from services.accounts.domain.controls import decide as controls
from services.accounts.domain.customers import closure
from services.accounts.domain.deferring import table as deferring
from services.accounts.domain.disputes import decide as disputes
from services.accounts.domain.life import decide as life
from services.accounts.domain.pins import decide as pins
from services.accounts.domain.programmes import migrating
from services.accounts.domain.repricing import decide as repricing
from services.accounts.domain.standing import decide as standing
from services.accounts.domain.standing.commands import ChangeStanding
from services.accounts.domain.tokens import decide as tokens

DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.OpenAccount: cards.open_account,
    commands.SuspendAccount: cards.suspend,
    commands.RestrictAccount: cards.restrict,
    commands.BlockCardsHeldBy: cards.block_held,
    commands.ReinstateAccount: cards.reinstate,
    commands.IssueCard: cards.issue,
    commands.BlockCard: cards.block,
    commands.UnblockCard: cards.unblock,
    commands.ReportCardLost: cards.report_lost,
    commands.AuthoriseCharge: with_what_came_before(restricting.authorise, evolve),
    commands.AdviseCharge: unless_kept(holding.advise, EarlyKind.ADVICE),
    commands.IncrementCharge: restricting.increment,
    commands.ReverseCharge: unless_kept(holding.reverse, EarlyKind.REVERSAL),
    commands.ExpireHold: holding.expire,
    commands.ClearCharge: with_billing(posting.clear, evolve),
    commands.RefundCharge: with_billing(with_what_came_before(posting.refund, evolve), evolve),
    commands.RecordPayment: with_billing(posting.record_payment, evolve),
    PostApprovedCharge: with_billing(post_approved, evolve),
    **controls.DECIDE,
    **{each: with_billing(does, evolve) for each, does in charging.table(evolve).items()},
    **billing.DECIDE,
    **{each: with_billing(does, evolve) for each, does in disputes.DECIDE.items()},
    **life.DECIDE,
    **pins.DECIDE,
    **tokens.DECIDE,
    **standing.DECIDE,
    ChangeStanding: change_standing,
    **{each: with_billing(does, evolve) for each, does in migrating.DECIDE.items()},
    **closure.DECIDE,
    **deferring.DECIDE,
    **repricing.DECIDE,
}


def decide(state: CreditAccount, command: Command, context: Context) -> tuple[Fact, ...]:
    """The facts that follow from a command. Raises NotFound when the account is not open."""
    if not state.account_id and not isinstance(command, commands.OpenAccount | AsOf):
        raise NotFound("ACCOUNT_NOT_FOUND", "there is no such account")
    return DECIDE[type(command)](state, command, context)


def _as_of(state: CreditAccount, command: AsOf, context: Context) -> tuple[Fact, ...]:
    return decide(state, command.asked, replace(context, now=command.moment))


DECIDE[AsOf] = _as_of


CREDIT_ACCOUNT: Decider[CreditAccount] = Decider(
    category="credit_account",
    state=CreditAccount,
    initial=CreditAccount(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.account_id),
    commands=tuple(DECIDE),
    facts=tuple(EVOLVE),
)
