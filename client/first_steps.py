"""`cards open`, `charge`, `show`, `points`, `inbox`, `alerts`, `cases`, `tail`: to look around."""

from contextlib import suppress
from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import events_pb2 as account_events
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.loyalty.v1 import loyalty_service_pb2 as loyalty
from cards.loyalty.v1.loyalty_service_pb2_grpc import LoyaltyServiceStub
from cards.notify.v1 import notify_service_pb2 as notify
from cards.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from cards.risk.v1 import risk_service_pb2 as risk
from cards.risk.v1.risk_service_pb2_grpc import RiskServiceStub
from cards.support.v1 import support_service_pb2 as support
from cards.support.v1.support_service_pb2_grpc import SupportServiceStub
from cards.type.v1 import money_pb2

from chassis.kernel.errors import NotFound
from client import tables
from client.session import DESCRIPTION, Session, SystemAddress
from client.tail import follow, watch_inbox
from client.terminal import AccountId, CardId, Key, SystemPath, console, money_of, open_session, run


def open(
    name: Annotated[str, typer.Argument(help="Family name of a new customer.")] = "",
    customer: Annotated[str, typer.Option(help="Id of a customer who is known already.")] = "",
    email: Annotated[str, typer.Option(help="Where messages go.")] = "",
    programme: Annotated[str, typer.Option(help="Card programme.")] = "everyday",
    currency: Annotated[str, typer.Option(help="Of the programme, if it is new.")] = "GBP",
    limit: Annotated[str, typer.Option(help="Credit limit; the programme's without.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Open an account with a card, for a new customer or one who is known."""

    if bool(name) == bool(customer):
        raise typer.BadParameter("give the family name of a new customer, or --customer")

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(AccountsServiceStub, "accounts")
            terms = await _programme(stub, programme, currency)
            holder = customer or await _customer(session, name, email)
            opened = await stub.OpenAccount(
                accounts.OpenAccountRequest(
                    idempotency_key=uuid4().hex,
                    customer_id=holder,
                    programme_id=programme,
                    limit=money_of(limit, terms.currency) if limit else None,
                    card_kind=accounts.CARD_KIND_VIRTUAL,
                )
            )
            console.print(f"customer {holder}")
            console.print(f"account  {opened.account.account_id}")
            console.print(f"card     {opened.account.cards[0].card_id}")
            console.print(tables.account(opened.account))

    run(work)


async def _customer(session: Session, name: str, email: str) -> str:
    """A new customer, whom notify can reach if there is an address."""
    registered = await session.stub(AccountsServiceStub, "accounts").RegisterCustomer(
        accounts.RegisterCustomerRequest(
            idempotency_key=uuid4().hex,
            details=accounts.PersonalDetails(
                given_name="-", family_name=name, email=email or "nobody@cards.example"
            ),
        )
    )
    if email:
        await session.stub(NotifyServiceStub, "notify").RegisterContact(
            notify.RegisterContactRequest(
                idempotency_key=uuid4().hex,
                customer_id=registered.customer_id,
                email_address=email,
                locale=notify.LOCALE_EN,
            )
        )
    return str(registered.customer_id)


async def _programme(stub: Any, name: str, currency: str) -> accounts.Programme:
    """The programme of this name; a plain one is defined where there is none."""
    with suppress(NotFound):
        known: accounts.GetProgrammeResponse = await stub.GetProgramme(
            accounts.GetProgrammeRequest(programme_id=name)
        )
        return known.programme
    thousand = money_pb2.Money(minor_units=1_000_00, currency_code=currency)
    request = accounts.DefineProgrammeRequest(
        idempotency_key=f"cards-{name}-{currency}",
        programme=accounts.Programme(
            programme_id=name,
            name=name.capitalize(),
            currency=currency,
            bin="400012",
            default_limit=thousand,
            assessment_threshold=money_pb2.Money(minor_units=500_00, currency_code=currency),
            stand_in_limit=thousand,
        ),
    )
    defined: accounts.DefineProgrammeResponse = await stub.DefineProgramme(request)
    return defined.programme


def charge(
    card: CardId,
    amount: Annotated[str, typer.Argument(help="In units, such as 12.50.")],
    merchant: Annotated[str, typer.Option(help="Where.")] = "corner shop",
    mcc: Annotated[str, typer.Option(help="Merchant category code.")] = "5411",
    currency: Annotated[str, typer.Option(help="Billing currency.")] = "GBP",
    clear: Annotated[bool, typer.Option(help="Clear it at once.")] = True,
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Authorise a charge, and clear it if it is approved."""

    async def work() -> None:
        async with open_session(system, "gateway") as session:
            stub = session.stub(AccountsServiceStub, "accounts")
            name = key or uuid4().hex
            where = account_events.Merchant(id="CLI", name=merchant, mcc=mcc, country="GB")
            answer = await stub.AuthoriseCharge(
                accounts.AuthoriseChargeRequest(
                    idempotency_key=name,
                    card_id=card,
                    amount=money_of(amount, currency),
                    merchant=where,
                    entry_mode=accounts.ENTRY_MODE_CHIP,
                )
            )
            if not answer.approved:
                about = f"{answer.charge.response_code} {answer.charge.reason}"
                console.print(
                    f"[red]declined[/] {about}, available {tables.money(answer.available)}"
                )
                return
            left = tables.money(answer.available)
            console.print(f"[green]approved[/] {answer.charge.charge_id}, available {left}")
            if clear:
                await stub.ClearCharge(
                    accounts.ClearChargeRequest(
                        idempotency_key=f"{name}-clear",
                        card_id=card,
                        charge_id=answer.charge.charge_id,
                        amount=money_of(amount, currency),
                    )
                )
                console.print("cleared")

    run(work)


def show(account: AccountId, system: SystemPath = DESCRIPTION) -> None:
    """Show an account with its cards."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(AccountsServiceStub, "accounts")
            found = await stub.GetAccount(accounts.GetAccountRequest(account_id=account))
            console.print(tables.account(found.account))

    run(work)


def points(account: AccountId, system: SystemPath = DESCRIPTION) -> None:
    """Show an account's points."""

    async def work() -> None:
        async with open_session(system) as session:
            found = await session.stub(LoyaltyServiceStub, "loyalty").GetPoints(
                loyalty.GetPointsRequest(account_id=account)
            )
            headings = (">balance", ">available", ">pending", ">debt")
            figures = (found.balance, found.available, found.pending, found.debt)
            console.print(tables.table("points", headings, [[f"{each:,}" for each in figures]]))

    run(work)


def inbox(
    customer: Annotated[str, typer.Argument(help="Customer id.")],
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and show what comes.")] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show a customer's messages."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(NotifyServiceStub, "notify")
            if watch:
                await watch_inbox(stub, customer, console.print)
                return
            found = await stub.ListInbox(notify.ListInboxRequest(customer_id=customer))
            rows = (
                (tables.when(each.occurred_at), "" if each.read else "new", each.subject)
                for each in found.messages
            )
            console.print(tables.table("inbox", ("when (UTC)", "", "message"), rows))

    run(work)


def alerts(system: SystemPath = DESCRIPTION) -> None:
    """Show the newest fraud alerts."""

    async def work() -> None:
        async with open_session(system) as session:
            found = await session.stub(RiskServiceStub, "risk").ListAlerts(risk.ListAlertsRequest())
            rows = (
                (
                    tables.when(each.raised_at),
                    str(each.score),
                    tables.word(risk.AlertStatus, each.status),
                    each.card_id,
                    ", ".join(each.reason_codes),
                )
                for each in found.alerts
            )
            headings = ("raised (UTC)", ">score", "status", "#card", "reasons")
            console.print(tables.table("alerts", headings, rows))

    run(work)


def cases(
    customer: Annotated[str, typer.Argument(help="Customer id.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show a customer's support cases."""

    async def work() -> None:
        async with open_session(system) as session:
            found = await session.stub(SupportServiceStub, "support").ListCases(
                support.ListCasesRequest(customer_id=customer, include_closed=True)
            )
            rows = (
                (
                    each.case_id,
                    tables.word(support.CaseKind, each.kind),
                    tables.word(support.CaseState, each.state),
                    each.agent_id or "nobody yet",
                    tables.when(each.opened_at),
                )
                for each in found.cases
            )
            headings = ("#case", "about", "state", "agent", "opened (UTC)")
            console.print(tables.table("cases", headings, rows))

    run(work)


def _say(line: str) -> None:
    console.print(line, soft_wrap=True)


def tail(
    services: Annotated[list[str] | None, typer.Argument(help="Which services; all.")] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with what is there.")
    ] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Follow what the services publish."""
    run(lambda: follow(SystemAddress.read(system), services or [], from_start, _say))
