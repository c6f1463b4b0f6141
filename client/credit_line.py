"""`cards limit`: the limit of an account, asking for another, offering, deciding and changing."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import billing_service_pb2 as billing
from cards.accounts.v1 import credit_line_service_pb2 as pb
from cards.accounts.v1.billing_service_pb2_grpc import BillingServiceStub
from cards.accounts.v1.credit_line_service_pb2_grpc import CreditLineServiceStub
from rich.console import Group
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR, SECOND
from client.terminal import (
    AccountId,
    By,
    Currency,
    Key,
    Reason,
    SystemPath,
    ask,
    group,
    money_of,
    named,
)

app = group(__doc__)
STEPS_SHOWN = 50
Limit = Annotated[str, typer.Argument(help="In units, such as 2500.00.")]
ChangeId = Annotated[str, typer.Argument(help="Change id, of `cards limit queue`.")]
Refuse = Annotated[bool, typer.Option("--decline", help="Say no.")]


def _words(text: str) -> str:
    return text.lower().replace("_", " ")


def _line(line: pb.CreditLine) -> str:
    """The limit, and what waits."""
    told = [f"limit {tables.money(line.limit)}, available {tables.money(line.available)}"]
    if line.HasField("offer"):
        offer = line.offer
        until = f"{tables.money(offer.limit)} until {offer.expires_on}"
        told.append(f"offer {offer.offer_id}: {until}")
    if line.HasField("pending"):
        waits = line.pending
        by = f", proposed by {tables.who(waits.proposed_by)}" if waits.proposed_by else ""
        kind = tables.word(pb.CreditLineChangeKind, waits.kind)
        told.append(f"{kind} {waits.change_id} waits: {tables.money(waits.limit)}{by}")
    told += [
        f"lowered from {tables.money(each.previous)}; until {each.consequences_from} nothing is"
        " charged for exceeding the lower limit"
        for each in line.reductions
    ]
    if line.next_review_on:
        told.append(f"the next review is on {line.next_review_on}")
    return "\n".join(told)


def _after(answer: Any) -> str:
    return _line(answer.credit_line)


def _outcome(answer: Any) -> str:
    why = f" ({', '.join(_words(each) for each in answer.reasons)})" if answer.reasons else ""
    return f"{_words(answer.outcome)}{why}\n{_line(answer.credit_line)}"


@app.command()
def show(account: AccountId, by: By = OPERATOR, system: SystemPath = DESCRIPTION) -> None:
    """Show the limit, what waits, and what happened, latest first."""
    request = pb.GetCreditLineRequest(account_id=account, page_size=STEPS_SHOWN)

    def told(answer: Any) -> Group:
        rows = (
            (
                each.transaction_date,
                _words(each.step),
                tables.money(each.limit) if each.HasField("limit") else "",
                ", ".join(_words(reason) for reason in each.reasons),
                tables.who(each.decided_by),
                each.change_id,
            )
            for each in answer.steps
        )
        headings = ("#date", "what", ">limit", "why", "by", "#id")
        happened = tables.table("what happened, latest first", headings, rows)
        return Group(_line(answer.credit_line), happened)

    ask(system, CreditLineServiceStub, "GetCreditLine", request, told, by)


@app.command("ask")
def ask_for(
    account: AccountId,
    limit: Limit,
    income: Annotated[str, typer.Option(help="What the holder earns in a year.")],
    owed: Annotated[str, typer.Option(help="What the holder pays to others each month.")] = "0.00",
    currency: Currency = "GBP",
    key: Key = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Ask for a higher limit; the rules grant it, decline it, or leave it to people."""
    request = pb.RequestCreditLineRequest(
        account_id=account,
        limit=money_of(limit, currency),
        annual_income=money_of(income, currency),
        monthly_obligations=money_of(owed, currency),
        **named(key),
    )
    ask(system, CreditLineServiceStub, "RequestCreditLine", request, _outcome, by)


@app.command()
def offer(
    account: AccountId,
    limit: Limit,
    reason: Reason = "GOOD_CONDUCT",
    currency: Currency = "GBP",
    key: Key = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Offer the holder a higher limit; a large one waits for a second person first."""
    request = pb.OfferCreditLineRequest(
        account_id=account, limit=money_of(limit, currency), reason=reason, **named(key)
    )
    ask(system, CreditLineServiceStub, "OfferCreditLine", request, _after, by)


@app.command()
def answer(
    account: AccountId,
    offer_id: Annotated[str, typer.Argument(help="Offer id, of `cards limit show`.")],
    decline: Refuse = False,
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Accept an offer for the holder, or say that it is not wanted."""
    request = pb.AnswerCreditLineOfferRequest(
        account_id=account, offer_id=offer_id, accept=not decline, **named()
    )
    ask(system, CreditLineServiceStub, "AnswerCreditLineOffer", request, _after, by)


@app.command()
def review(account: AccountId, reason: Reason = "ASKED", system: SystemPath = DESCRIPTION) -> None:
    """Review the limit now, by the rules of the programme."""
    request = pb.ReviewCreditLineRequest(account_id=account, reason=reason, **named())

    def told(answer: Any) -> str:
        used = f"{answer.utilisation_basis_points / 100:.0f} % of the limit was used"
        return f"{used}, {answer.late_payments} payments were late\n{_outcome(answer)}"

    ask(system, CreditLineServiceStub, "ReviewCreditLine", request, told)


@app.command()
def queue(system: SystemPath = DESCRIPTION) -> None:
    """Show the changes that wait for people, oldest first."""

    def told(answer: Any) -> Table:
        rows = (
            (
                each.since,
                each.account_id,
                each.change_id,
                tables.word(pb.CreditLineChangeKind, each.kind),
                tables.money(each.limit),
                "confirm" if each.proposed_by else "decide",
                tables.who(each.proposed_by),
            )
            for each in answer.pending
        )
        headings = ("#since", "#account", "#change", "what", ">limit", "next step", "proposed by")
        return tables.table("limits that wait for people", headings, rows)

    request = pb.ListCreditLineQueueRequest()
    ask(system, CreditLineServiceStub, "ListCreditLineQueue", request, told)


@app.command()
def decide(
    account: AccountId,
    change: ChangeId,
    decline: Refuse = False,
    reason: Reason = "LOOKED_AT",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Decide a request that the rules left to people; a large one then waits for `confirm`."""
    request = pb.DecideCreditLineRequest(
        account_id=account, request_id=change, approve=not decline, reason=reason, **named()
    )
    ask(system, CreditLineServiceStub, "DecideCreditLine", request, _after, by)


@app.command()
def confirm(
    account: AccountId,
    change: ChangeId,
    decline: Refuse = False,
    reason: Reason = "LOOKED_AT",
    by: By = SECOND,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Confirm as a second person what another proposed, or decline it."""
    request = pb.ConfirmCreditLineRequest(
        account_id=account, change_id=change, approve=not decline, reason=reason, **named()
    )
    ask(system, CreditLineServiceStub, "ConfirmCreditLine", request, _after, by)


@app.command()
def change(
    account: AccountId,
    limit: Limit,
    reason: Reason = "OPERATOR_REQUEST",
    currency: Currency = "GBP",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Set another limit at once, usually a lower one."""
    request = billing.ChangeCreditLineRequest(
        account_id=account, limit=money_of(limit, currency), reason=reason, **named(key)
    )

    def told(answer: Any) -> str:
        return f"limit {tables.money(answer.limit)}, available {tables.money(answer.available)}"

    ask(system, BillingServiceStub, "ChangeCreditLine", request, told)
