"""`cards apply`, `applications`, `decide`, `application`: from an application to a card."""

from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import applications_service_pb2 as pb
from cards.accounts.v1.applications_service_pb2_grpc import ApplicationsServiceStub
from cards.notify.v1 import notify_service_pb2 as notify
from cards.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from rich.table import Table

from chassis.kernel.errors import Unavailable
from client import tables
from client.session import DESCRIPTION
from client.staff import SECOND
from client.terminal import (
    Key,
    Reason,
    SystemPath,
    as_code,
    console,
    group,
    money_of,
    named,
    open_session,
    paged,
    run,
    tell_of_more,
)

app = group("Look at one application for a card, or take it back.")
Confirm = Annotated[bool, typer.Option("--confirm", help="Confirm, as the second operator.")]
ApplicationId = Annotated[str, typer.Argument(help="Application id.")]


def apply(
    given_name: Annotated[str, typer.Argument(help="Given name.")],
    family_name: Annotated[str, typer.Argument(help="Family name.")],
    email: Annotated[str, typer.Option(help="E-mail address.")],
    phone: Annotated[str, typer.Option(help="Telephone number.")],
    born: Annotated[str, typer.Option(help="Date of birth, YYYY-MM-DD.")],
    street: Annotated[str, typer.Option(help="Street and number.")],
    city: Annotated[str, typer.Option(help="City.")],
    postal_code: Annotated[str, typer.Option(help="Postal code.")],
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2 country.")] = "GB",
    language: Annotated[str, typer.Option(help="Of messages: en, zh-CN.")] = "",
    income: Annotated[str, typer.Option(help="What is earned in a year.")] = "",
    limit: Annotated[str, typer.Option(help="Credit limit; the programme's without.")] = "",
    physical: Annotated[bool, typer.Option("--physical", help="A first card of plastic.")] = False,
    currency: Annotated[str, typer.Option(help="Of the programme.")] = "GBP",
    programme: Annotated[str, typer.Option(help="Card programme.")] = "everyday",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Apply for a card; what is decided is told to the e-mail address."""

    async def work() -> None:
        request = pb.SubmitApplicationRequest(
            idempotency_key=key or uuid4().hex,
            programme_id=programme,
            requested_limit=money_of(limit, currency) if limit else None,
            card_kind=accounts.CARD_KIND_PHYSICAL if physical else accounts.CARD_KIND_VIRTUAL,
            applicant=pb.Applicant(
                given_name=given_name,
                family_name=family_name,
                email=email,
                phone=phone,
                date_of_birth=born,
                locale=language,
                address=accounts.Address(
                    lines=[street], city=city, postal_code=postal_code, country=country
                ),
                annual_income=money_of(income, currency) if income else None,
            ),
        )
        async with open_session(system) as session:
            stub = session.stub(ApplicationsServiceStub, "accounts")
            answer = await stub.SubmitApplication(request)
            _show(answer.application)
            contact = notify.RegisterContactRequest(
                idempotency_key=f"contact-{answer.application.application_id}",
                customer_id=answer.application.applicant_id,
                email_address=email,
                locale=notify.LOCALE_ZH_CN if language == "zh-CN" else notify.LOCALE_EN,
            )
            try:
                await session.stub(NotifyServiceStub, "notify").RegisterContact(contact)
            except Unavailable:
                console.print(
                    f"not told where to write to; repeat with --key {request.idempotency_key}"
                )

    run(work)


def list_(
    every: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    programme: Annotated[str, typer.Option(help="Of this programme; of all without.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """List the applications that wait for people, longest waiting first."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ApplicationsServiceStub, "accounts")
            waiting = (
                [pb.APPLICATION_STATUS_UNSPECIFIED]
                if every
                else [pb.APPLICATION_STATUS_APPROVAL_PROPOSED, pb.APPLICATION_STATUS_REFERRED]
            )
            pages = [
                await paged(
                    stub.ListApplications,
                    pb.ListApplicationsRequest(status=each, programme_id=programme),
                )
                for each in waiting
            ]
            rows = (
                (
                    each.application_id,
                    tables.word(pb.ApplicationStatus, each.status),
                    each.programme_id,
                    tables.money(each.requested_limit),
                    ", ".join(each.reasons),
                    tables.when(each.submitted_at),
                )
                for page in pages
                for each in page.applications
            )
            headings = ("#application", "status", "programme", ">asked for", "why", "came (UTC)")
            console.print(tables.table("applications", headings, rows))
            tell_of_more("".join(page.next_page_token for page in pages))

    run(work)


def decide(
    application: ApplicationId,
    decline: Annotated[str, typer.Option(help="Decline, and why.", callback=as_code)] = "",
    confirm: Confirm = False,
    limit: Annotated[str, typer.Option(help="A limit to grant; what was asked without.")] = "",
    currency: Annotated[str, typer.Option(help="Of the programme.")] = "GBP",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Propose to approve an application, confirm that as the second operator, or decline it."""

    async def work() -> None:
        async with open_session(system, SECOND if confirm else "operator") as session:
            stub = session.stub(ApplicationsServiceStub, "accounts")
            about: Any = {"idempotency_key": uuid4().hex, "application_id": application}
            if decline:
                refusal = pb.DeclineApplicationRequest(reasons=[decline], **about)
                _show((await stub.DeclineApplication(refusal)).application)
            elif confirm:
                answer = await stub.ConfirmApproval(pb.ConfirmApprovalRequest(**about))
                _show(answer.application)
                console.print(tables.account(answer.account))
            else:
                granted = money_of(limit, currency) if limit else None
                proposal = pb.ProposeApprovalRequest(limit=granted, **about)
                answer = await stub.ProposeApproval(proposal)
                _show(answer.application)

    run(work)


@app.command()
def show(application: ApplicationId, system: SystemPath = DESCRIPTION) -> None:
    """Show an application and who applies, in clear; that is put on record."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ApplicationsServiceStub, "accounts")
            request = pb.GetApplicationRequest(application_id=application)
            found = await stub.GetApplication(request)
            _show(found.application)
            console.print(_details(found.application, found.applicant))

    run(work)


@app.command()
def withdraw(
    application: ApplicationId, reason: Reason = "NOT_WANTED", system: SystemPath = DESCRIPTION
) -> None:
    """Take an application back, because whoever applied does not want it any more."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ApplicationsServiceStub, "accounts")
            request = pb.WithdrawApplicationRequest(
                application_id=application, reason=reason, **named()
            )
            _show((await stub.WithdrawApplication(request)).application)

    run(work)


def _details(of: pb.Application, who: pb.Applicant) -> Table:
    where = who.address
    income = tables.money(who.annual_income) if who.HasField("annual_income") else "not told"
    rows = (
        ("name", f"{who.given_name} {who.family_name}"),
        ("born", who.date_of_birth),
        ("e-mail", who.email),
        ("telephone", who.phone),
        ("address", ", ".join((*where.lines, where.city, where.postal_code, where.country))),
        ("earns in a year", income),
        ("programme", f"{of.programme_id}, version {of.programme_version}"),
        ("asks for", tables.money(of.requested_limit)),
        ("limit proposed or granted", tables.money(of.limit) if of.HasField("limit") else ""),
        ("found", ", ".join(of.findings)),
        ("screening", of.screening_id),
        ("came (UTC)", tables.when(of.submitted_at)),
        ("proposed by", tables.who(of.proposed_by)),
        ("decided by", f"{tables.who(of.decided_by)} on {of.decided_on}" if of.decided_by else ""),
        ("account", of.account_id),
    )
    return tables.table("application", ("", ""), rows)


def _show(of: pb.Application) -> None:
    status = tables.word(pb.ApplicationStatus, of.status)
    why = f" ({', '.join(of.reasons)})" if of.reasons else ""
    console.print(f"application {of.application_id} is {status}{why}")
    if of.customer_id:
        console.print(f"customer    {of.customer_id}")
