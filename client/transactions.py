"""`cards list`, `search`, `note`, `categorise`, `spend`, `export-lines`: for people."""

from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import transactions_service_pb2 as pb
from cards.accounts.v1.transactions_service_pb2_grpc import TransactionsServiceStub

from client import tables
from client.filters import (
    AtLeast,
    AtMost,
    Category,
    FirstDay,
    KindName,
    LastDay,
    OfCard,
    Status,
    lines_that,
)
from client.session import DESCRIPTION, Session
from client.terminal import (
    ANY,
    AccountId,
    Currency,
    SystemPath,
    ask,
    chosen,
    console,
    open_session,
    paged,
    run,
    tell_of_more,
)

TransactionId = Annotated[str, typer.Argument(help="Id of a charge, refund or payment.")]
Words = Annotated[list[str] | None, typer.Argument(help='Words, amounts, dates, "a phrase".')]


def _stub(session: Session) -> Any:
    return session.stub(TransactionsServiceStub, "accounts")


def search(
    words: Words = None,
    account: Annotated[str, typer.Option(help="Of this account; else of all.")] = "",
    newest: Annotated[
        bool, typer.Option("--newest", help="Newest first, not the best first.")
    ] = False,
    kind: KindName = ANY,
    status: Status = ANY,
    category: Category = "",
    card: OfCard = "",
    first: FirstDay = "",
    last: LastDay = "",
    at_least: AtLeast = "",
    at_most: AtMost = "",
    currency: Currency = "GBP",
    size: Annotated[int, typer.Option(help="At most so many.")] = 50,
    ids: Annotated[bool, typer.Option("--ids", help="Show the ids of transactions.")] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Search transactions, of one account or of all."""
    those = lines_that(kind, status, category, card, (first, last), (at_least, at_most), currency)
    asked: dict[str, Any] = {
        "query": " ".join(f'"{each}"' if " " in each else each for each in words or ()),
        "order": pb.SEARCH_ORDER_NEWEST if newest else pb.SEARCH_ORDER_RELEVANCE,
        "filter": pb.SearchFilter(**those),
        "page_size": size,
    }

    async def work() -> None:
        async with open_session(system) as session:
            stub = _stub(session)
            if account:
                request = pb.SearchTransactionsRequest(account_id=account, **asked)
                found = await paged(stub.SearchTransactions, request)
            else:
                everywhere = pb.SearchAllTransactionsRequest(**asked)
                found = await paged(stub.SearchAllTransactions, everywhere)
            rows = [_row(each, ids) for each in found.transactions]
            headings = ("#date", "status", "merchant", "by", "category", "note", ">amount")
            console.print(tables.table("found", (*headings, *(["#id"] if ids else [])), rows))
            tell_of_more(found.next_page_token, "ask for a larger --size")

    run(work)


def _row(each: pb.FoundTransaction, ids: bool) -> list[str]:
    line = each.transaction
    return [
        line.transaction_date,
        line.reason or tables.word(accounts.TransactionStatus, line.status),
        each.merchant_name or tables.word(accounts.TransactionKind, line.kind),
        each.facilitator,
        f"{each.category}{' (own)' if each.category_is_own else ''}",
        each.note or ("(sealed)" if each.has_note else ""),
        tables.money(line.amount),
        *([line.transaction_id] if ids else []),
    ]


def list_(
    account: AccountId,
    size: Annotated[int, typer.Option(help="At most so many.")] = 50,
    ids: Annotated[bool, typer.Option("--ids", help="Show the ids of charges.")] = False,
    system: SystemPath = DESCRIPTION,
) -> None:
    """List an account's transactions, latest first."""

    async def work() -> None:
        async with open_session(system) as session:
            request = pb.SearchTransactionsRequest(
                account_id=account, order=pb.SEARCH_ORDER_NEWEST, page_size=size
            )
            found = await paged(_stub(session).SearchTransactions, request)
            lines = [_as_known(each) for each in found.transactions]
            console.print(tables.transactions(lines, with_ids=ids))
            tell_of_more(found.next_page_token, "ask for a larger --size")

    run(work)


def _as_known(each: pb.FoundTransaction) -> accounts.Transaction:
    """A line with the merchant's name and the category that people know."""
    line = each.transaction
    line.category = each.category
    if each.merchant_name:
        line.merchant.name = each.merchant_name
    return line


def note(
    account: AccountId,
    transaction: TransactionId,
    text: Annotated[str, typer.Argument(help="The note; empty to take it away.")] = "",
    kind: KindName = "charge",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Write a note on a transaction."""

    async def work() -> None:
        async with open_session(system) as session:
            request = pb.SetTransactionNoteRequest(
                idempotency_key=uuid4().hex,
                account_id=account,
                kind=chosen(accounts.TransactionKind, kind),
                transaction_id=transaction,
                note=text,
            )
            await _stub(session).SetTransactionNote(request)
            console.print("noted" if text else "the note is gone")

    run(work)


def categorise(
    account: AccountId,
    transaction: TransactionId,
    category: Annotated[str, typer.Argument(help="A category; empty: the network's.")] = "",
    always: Annotated[
        bool, typer.Option("--always", help="For everything of this merchant.")
    ] = False,
    kind: KindName = "charge",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Give a transaction, or with --always its merchant, a category of one's own."""

    async def work() -> None:
        async with open_session(system) as session:
            request = pb.CategoriseTransactionRequest(
                idempotency_key=uuid4().hex,
                account_id=account,
                kind=chosen(accounts.TransactionKind, kind),
                transaction_id=transaction,
                category=category,
                always_for_merchant=always,
            )
            answer = await _stub(session).CategoriseTransaction(request)
            what = f"everything of {answer.merchant_name}" if always else "the transaction"
            console.print(f"{what} is {category or 'as the network says'}")

    run(work)


def categories(system: SystemPath = DESCRIPTION) -> None:
    """List the categories there are, for `cards categorise`."""
    ask(
        system,
        TransactionsServiceStub,
        "ListCategories",
        pb.ListCategoriesRequest(),
        lambda answer: "\n".join(answer.categories),
    )


def spend(
    account: AccountId,
    by: Annotated[str, typer.Option(help="category, merchant, month or card.")] = "category",
    first: FirstDay = "",
    last: LastDay = "",
    size: Annotated[int, typer.Option(help="At most so many, largest first.")] = 50,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show what was spent on what, beside the period before."""
    try:
        group = pb.SpendingGroup.Value(f"SPENDING_GROUP_{by.upper()}")
    except ValueError:
        raise typer.BadParameter(f"{by} is nothing to add up by") from None

    async def work() -> None:
        async with open_session(system) as session:
            request = pb.GetSpendingRequest(
                account_id=account, group=group, from_date=first, to_date=last, limit=size
            )
            found = await _stub(session).GetSpending(request)
            rows = [_spent(each) for each in found.spendings]
            rows.append(["", "", tables.money(found.total), _before(found, "total_before")])
            since = f" ({found.before_from_date} to {found.before_to_date})"
            before = f">before{since if found.before_from_date else ''}"
            console.print(tables.table(f"spent by {by}", (by, ">lines", ">spent", before), rows))

    run(work)


def _spent(each: pb.Spending) -> list[str]:
    name = f"{each.name} …{each.last_four}" if each.last_four else each.name
    return [name, f"{each.transactions:,}", tables.money(each.spent), _before(each, "spent_before")]


def _before(of: Any, field: str) -> str:
    return tables.money(getattr(of, field)) if of.HasField(field) else ""


def export(
    account: AccountId,
    file: Annotated[Path, typer.Argument(help="Where to, such as transactions.csv.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, not CSV.")] = False,
    kind: KindName = ANY,
    status: Status = ANY,
    category: Category = "",
    card: OfCard = "",
    first: FirstDay = "",
    last: LastDay = "",
    at_least: AtLeast = "",
    at_most: AtMost = "",
    currency: Currency = "GBP",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Take an account's transactions away as a file."""
    those = lines_that(kind, status, category, card, (first, last), (at_least, at_most), currency)
    which = pb.SearchFilter(**those)
    format = pb.EXPORT_FORMAT_JSON_LINES if as_json else pb.EXPORT_FORMAT_CSV

    async def work() -> None:
        async with open_session(system) as session:
            lines, token = 0, ""
            parts: list[str] = []
            while token or not parts:
                request = pb.ExportTransactionsRequest(
                    account_id=account, format=format, filter=which, page_token=token
                )
                part = await _stub(session).ExportTransactions(request)
                parts.append(part.content)
                lines, token = lines + part.lines, part.next_page_token
            file.write_text("".join(parts), encoding="utf-8", newline="")
            console.print(f"{lines:,} lines in {file}")

    run(work)
