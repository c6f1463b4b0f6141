"""Which function decides which command about other limits, and what the agenda does."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.credit_lines import commands, offering, requesting, reviewing

Facts = tuple[Fact, ...]

DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], Facts]] = {
    commands.RequestCreditLine: requesting.request,
    commands.DecideCreditLineRequest: requesting.decide_request,
    commands.OfferCreditLine: offering.offer,
    commands.ConfirmCreditLine: offering.confirm,
    commands.AnswerCreditLineOffer: offering.answer,
    commands.ReviewCreditLine: reviewing.review_now,
}
