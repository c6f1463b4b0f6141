"""`cards screening`: lists of names, who is found on them, and what officers say to that."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import customer_screenings_service_pb2 as accounts
from cards.accounts.v1.customer_screenings_service_pb2_grpc import CustomerScreeningsServiceStub
from cards.risk.v1 import screening_service_pb2 as pb
from cards.risk.v1.screening_service_pb2_grpc import ScreeningServiceStub
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR, SECOND
from client.terminal import (
    SystemPath,
    ask,
    console,
    group,
    named,
    open_session,
    paged,
    run,
    tell_of_more,
)

app = group(__doc__)
PIECE_BYTES = 65_536
IMPORT_SECONDS = 30.0
FORMATS = {
    "un": pb.SCREENING_LIST_FORMAT_UN_XML,
    "ofac": pb.SCREENING_LIST_FORMAT_OFAC_CSV,
    "plain": pb.SCREENING_LIST_FORMAT_PLAIN_CSV,
}
SHOWN_DIGITS = 12

ListId = Annotated[str, typer.Argument(help="What the list is called here, such as un.")]
ListFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The list.")]
AliasFile = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="ALT.CSV, for ofac.")
]


@app.command("import")
def import_(
    list_id: ListId,
    file: ListFile,
    form: Annotated[str, typer.Option("--format", help="un, ofac or plain.")] = "plain",
    aliases: AliasFile = None,
    exposed: Annotated[bool, typer.Option("--pep", help="Of politically exposed people.")] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Bring a version of a list in; somebody else has to activate it."""
    if form not in FORMATS:
        raise typer.BadParameter(f"{form} is no format; write {', '.join(FORMATS)}")
    purpose = (
        pb.SCREENING_LIST_PURPOSE_POLITICALLY_EXPOSED
        if exposed
        else pb.SCREENING_LIST_PURPOSE_SANCTIONS
    )
    head = pb.ImportScreeningListRequest(list_id=list_id, format=FORMATS[form], purpose=purpose)
    content = file.read_bytes()
    others = aliases.read_bytes() if aliases is not None else b""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ScreeningServiceStub, "risk", IMPORT_SECONDS)
            answer = await stub.ImportScreeningList(_pieces(head, content, others))
            if answer.already_there:
                console.print("these entries are there already")
            console.print(_lists([answer.list]))
            console.print(f"version {answer.list.version_id}")

    run(work)


async def _pieces(
    head: pb.ImportScreeningListRequest, content: bytes, aliases: bytes
) -> AsyncIterator[pb.ImportScreeningListRequest]:
    yield head
    for start in range(0, max(len(content), len(aliases)), PIECE_BYTES):
        end = start + PIECE_BYTES
        yield pb.ImportScreeningListRequest(content=content[start:end], aliases=aliases[start:end])


@app.command()
def activate(
    list_id: ListId,
    version: Annotated[str, typer.Argument(help="Version, 64 digits; the newest without.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Put a version in force, as the second operator; everybody is looked for again."""

    async def work() -> None:
        async with open_session(system, SECOND) as session:
            stub = session.stub(ScreeningServiceStub, "risk")
            wanted = pb.ListScreeningListsRequest(list_id=list_id)
            known = (await stub.ListScreeningLists(wanted)).lists
            request = pb.ActivateScreeningListRequest(
                idempotency_key=uuid4().hex,
                list_id=list_id,
                version_id=version or (known[0].version_id if known else ""),
            )
            console.print(_lists([(await stub.ActivateScreeningList(request)).list]))

    run(work)


@app.command()
def lists(system: SystemPath = DESCRIPTION) -> None:
    """Show the versions of lists, newest first, and how far looking for everybody is."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ScreeningServiceStub, "risk")
            found = await stub.ListScreeningLists(pb.ListScreeningListsRequest())
            console.print(_lists(found.lists))
            tell_of_more(found.next_page_token)
            passes = session.stub(CustomerScreeningsServiceStub, "accounts")
            again = await paged(passes.ListRescreenings, accounts.ListRescreeningsRequest())
            console.print(_passes(again.rescreenings))

    run(work)


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A name, in any script.")],
    born: Annotated[str, typer.Option(help="Date of birth, YYYY-MM-DD.")] = "",
    subject: Annotated[str, typer.Option(help="Whom it is about.")] = "terminal",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Look for somebody on the lists in force, and show why they are found."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ScreeningServiceStub, "risk")
            answer = await stub.ScreenName(
                pb.ScreenNameRequest(
                    idempotency_key=uuid4().hex, subject_id=subject, name=name, date_of_birth=born
                )
            )
            of = answer.screening
            console.print(f"screening {of.screening_id}, threshold {of.threshold}")
            console.print(_matches(tables.word(pb.ScreeningOutcome, of.outcome), of.matches))

    run(work)


@app.command()
def hits(system: SystemPath = DESCRIPTION) -> None:
    """Show the hits that wait for an officer, and the customers who wait because of them."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ScreeningServiceStub, "risk")
            wanted = pb.ListScreeningHitsRequest(status=pb.HIT_STATUS_OPEN)
            found = await paged(stub.ListScreeningHits, wanted)
            rows = (
                (each.hit_id, each.subject_id, each.list_id, each.reference, str(each.score))
                for each in found.hits
            )
            headings = ("#hit", "#subject", "list", "entry", ">score")
            console.print(tables.table("hits", headings, rows))
            tell_of_more(found.next_page_token)
            waiting = accounts.ListCustomerMatchesRequest(
                status=accounts.CUSTOMER_SCREENING_STATUS_WAITING
            )
            customers = session.stub(CustomerScreeningsServiceStub, "accounts")
            matches = await paged(customers.ListCustomerMatches, waiting)
            people = (
                (
                    each.customer_id,
                    each.screening_id,
                    each.reason.lower().replace("_", " "),
                    tables.when(each.referred_at),
                )
                for each in matches.screenings
            )
            about = ("#customer", "#screening", "why", "since (UTC)")
            console.print(tables.table("customers who wait", about, people))
            tell_of_more(matches.next_page_token)

    run(work)


@app.command()
def decide(
    hit: Annotated[str, typer.Argument(help="Hit id.")],
    reason: Annotated[str, typer.Argument(help="Why, in capitals.")],
    match: Annotated[bool, typer.Option("--match", help="It is the entry.")] = False,
    quiet_until: Annotated[str, typer.Option(help="Whitelist it until this day.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Say that a hit is somebody else, or with --match that it is not."""

    async def work() -> None:
        async with open_session(system, OPERATOR) as session:
            stub = session.stub(ScreeningServiceStub, "risk")
            decision = pb.HIT_STATUS_TRUE_MATCH if match else pb.HIT_STATUS_FALSE_POSITIVE
            answer = await stub.DecideScreeningHit(
                pb.DecideScreeningHitRequest(
                    idempotency_key=uuid4().hex, hit_id=hit, decision=decision, reason=reason
                )
            )
            status = tables.word(pb.HitStatus, answer.status)
            console.print(f"{status}; {answer.open_hits} hits of the same subject are open")
            if quiet_until and not match:
                await stub.WhitelistEntry(
                    pb.WhitelistEntryRequest(
                        idempotency_key=uuid4().hex,
                        hit_id=hit,
                        reason=reason,
                        expires_on=quiet_until,
                    )
                )
                console.print(f"kept quiet until {quiet_until}")

    run(work)


@app.command()
def settle(
    customer: Annotated[str, typer.Argument(help="Customer id, of `cards screening hits`.")],
    screening: Annotated[str, typer.Argument(help="Screening id, of the same list.")],
    match: Annotated[bool, typer.Option("--match", help="They are who is listed.")] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Settle a customer whom no decision about a hit settles, such as a name nobody can read."""
    decision = (
        accounts.CUSTOMER_SCREENING_STATUS_TRUE_MATCH
        if match
        else accounts.CUSTOMER_SCREENING_STATUS_FALSE_POSITIVE
    )
    request = accounts.ResolveCustomerMatchRequest(
        customer_id=customer, screening_id=screening, decision=decision, **named()
    )

    def told(answer: Any) -> str:
        status = tables.word(accounts.CustomerScreeningStatus, answer.status)
        return f"customer {answer.customer_id}: {status}"

    ask(system, CustomerScreeningsServiceStub, "ResolveCustomerMatch", request, told)


@app.command()
def lift(
    customer: Annotated[str, typer.Argument(help="Customer id.")],
    reason: Annotated[str, typer.Argument(help="Why, in capitals.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Let a customer have accounts again who was found on a list of sanctions."""
    request = accounts.LiftRestrictionRequest(customer_id=customer, reason=reason, **named())

    def told(answer: Any) -> str:
        return f"customer {answer.customer_id} may have accounts; reinstate those suspended"

    ask(system, CustomerScreeningsServiceStub, "LiftRestriction", request, told)


def _lists(found: Any) -> Table:
    rows = (
        (
            each.list_id,
            each.version_id[:SHOWN_DIGITS],
            tables.word(pb.ScreeningListStatus, each.status),
            tables.word(pb.ScreeningListPurpose, each.purpose),
            f"{each.entries:,}",
            f"{each.names:,}",
            tables.when(each.staged_at),
        )
        for each in found
    )
    headings = ("list", "version", "status", "of", ">entries", ">names", "came (UTC)")
    return tables.table("lists", headings, rows)


def _passes(found: Any) -> Table:
    rows = (
        (
            each.list_id,
            each.version_id[:SHOWN_DIGITS],
            f"{each.screened:,}",
            f"{each.referred:,}",
            "done" if each.completed else "on its way",
        )
        for each in found
    )
    headings = ("list", "version", ">looked for", ">found", "")
    return tables.table("everybody looked for again", headings, rows)


def _matches(title: str, found: Any) -> Table:
    rows = (
        (
            each.list_id,
            each.reference,
            each.alias,
            str(each.score),
            tables.word(pb.Agreement, each.date_of_birth).replace("unspecified", ""),
            " ".join(f"{part.asked}={part.listed}:{part.score}" for part in each.parts),
        )
        for each in found
    )
    headings = ("list", "entry", "listed name", ">score", "born", "parts (asked=listed:score)")
    return tables.table(title, headings, rows)
