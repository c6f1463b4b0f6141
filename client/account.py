"""`cards account`: the status of an account, its versions of terms, and its lines one by one."""

from typing import Annotated, Any

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import cards_service_pb2 as cards
from cards.accounts.v1 import programmes_service_pb2 as programmes
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.cards_service_pb2_grpc import CardsServiceStub
from cards.accounts.v1.programmes_service_pb2_grpc import ProgrammesServiceStub
from rich.table import Table

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
from client.session import DESCRIPTION
from client.staff import OPERATOR
from client.terminal import (
    ANY,
    AccountId,
    By,
    Currency,
    Key,
    Reason,
    SystemPath,
    ask,
    chosen,
    group,
    money_of,
    named,
)

app = group(__doc__)


def _account(answer: Any) -> Table:
    return tables.account(answer.account)


@app.command()
def suspend(
    account: AccountId, reason: Reason = "OPERATOR_REQUEST", system: SystemPath = DESCRIPTION
) -> None:
    """Decline every charge until the account is reinstated."""
    request = accounts.SuspendAccountRequest(account_id=account, reason=reason, **named())
    ask(system, AccountsServiceStub, "SuspendAccount", request, _account)


@app.command()
def reinstate(
    account: AccountId, reason: Reason = "OPERATOR_REQUEST", system: SystemPath = DESCRIPTION
) -> None:
    """Let a suspended account be charged again."""
    request = accounts.ReinstateAccountRequest(account_id=account, reason=reason, **named())
    ask(system, AccountsServiceStub, "ReinstateAccount", request, _account)


@app.command()
def close(
    account: AccountId,
    reason: Reason = "NOT_WANTED",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Close a settled account for ever, with all its cards."""
    request = cards.CloseAccountRequest(account_id=account, reason=reason, **named())
    ask(system, CardsServiceStub, "CloseAccount", request, _account, by)


@app.command()
def move(
    account: AccountId,
    version: Annotated[int, typer.Argument(help="Version, of `cards programme show`.")],
    system: SystemPath = DESCRIPTION,
) -> None:
    """Put an account on another version of its programme; its limit stays."""
    request = programmes.MoveAccountToVersionRequest(
        account_id=account, programme_version=version, **named()
    )

    def show(answer: Any) -> str:
        of = answer.account
        return f"account {account} is on version {of.programme_version} of {of.programme_id}"

    ask(system, ProgrammesServiceStub, "MoveAccountToVersion", request, show)


@app.command()
def announce(
    account: AccountId,
    version: Annotated[int, typer.Argument(help="Version, of `cards programme show`.")],
    on: Annotated[str, typer.Option(help="From when on, YYYY-MM-DD; the soonest without.")] = "",
    reason: Annotated[list[str] | None, typer.Option(help="Why rates rise; at most 4.")] = None,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Tell its holder of a dearer version, which it goes over to by itself."""
    request = programmes.AnnounceVersionRequest(
        account_id=account,
        programme_version=version,
        effective_on=on,
        reasons=reason or [],
        **named(),
    )
    ask(system, ProgrammesServiceStub, "AnnounceVersion", request, lambda a: _told(a.announced))


@app.command()
def stay(
    account: AccountId,
    version: Annotated[int, typer.Argument(help="The version that was announced.")],
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Reject a dearer version that was announced."""
    request = programmes.RejectVersionRequest(
        account_id=account, programme_version=version, **named()
    )

    def show(answer: Any) -> str:
        return _told(answer.account.announced_version)

    ask(system, ProgrammesServiceStub, "RejectVersion", request, show, by)


def _told(of: accounts.AnnouncedVersion) -> str:
    dearer = ", ".join(each.replace("_", " ").lower() for each in of.raised)
    if of.rejected:
        return f"version {of.programme_version} is rejected ({dearer})"
    return (
        f"version {of.programme_version} from {of.effective_on} on ({dearer});"
        f" purchases up to {of.protected_until} keep their rates"
    )


@app.command()
def payment(
    account: AccountId,
    amount: Annotated[str, typer.Argument(help="In units, such as 25.00.")],
    on: Annotated[str, typer.Option(help="When it was paid, YYYY-MM-DD; today without.")] = "",
    currency: Currency = "GBP",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Post money that has come in (`cards pay` draws it from the holder's bank)."""
    request = accounts.RecordPaymentRequest(
        account_id=account,
        amount=money_of(amount, currency),
        transaction_date=on,
        posting_date=on,
        **named(key),
    )

    def show(answer: Any) -> str:
        owed = tables.owed(answer.account.balance)
        return f"payment {answer.payment_id} is posted; {owed}"

    ask(system, AccountsServiceStub, "RecordPayment", request, show)


@app.command()
def transactions(
    account: AccountId,
    kind: KindName = ANY,
    status: Status = ANY,
    category: Category = "",
    merchant: Annotated[str, typer.Option(help="A part of the merchant's name.")] = "",
    card: OfCard = "",
    first: FirstDay = "",
    last: LastDay = "",
    at_least: AtLeast = "",
    at_most: AtMost = "",
    currency: Currency = "GBP",
    size: Annotated[int, typer.Option(help="At most so many.")] = 50,
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """List the lines of an account that are so and so, latest first, with their ids."""
    those = lines_that(kind, status, category, card, (first, last), (at_least, at_most), currency)
    restricted = accounts.TransactionFilter(merchant=merchant, **those)
    request = accounts.ListTransactionsRequest(
        account_id=account, filter=restricted, page_size=size
    )

    def show(answer: Any) -> Table:
        return tables.transactions(answer.transactions, with_ids=True)

    ask(system, AccountsServiceStub, "ListTransactions", request, show, by)


@app.command()
def breakdown(
    account: AccountId,
    by: Annotated[str, typer.Option(help="category, merchant or month.")] = "category",
    first: FirstDay = "",
    last: LastDay = "",
    size: Annotated[int, typer.Option(help="At most so many, largest first.")] = 50,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show what was posted and what came back, by category, merchant or month."""
    request = accounts.GetSpendBreakdownRequest(
        account_id=account,
        group=chosen(accounts.SpendGroup, by),
        from_date=first,
        to_date=last,
        limit=size,
    )

    def show(answer: Any) -> Table:
        rows = (
            (
                each.name,
                f"{each.transactions:,}",
                *(tables.money(getattr(each, name)) for name in ("posted", "refunded", "spent")),
            )
            for each in answer.spends
        )
        title = f"{tables.money(answer.total)} in all"
        return tables.table(title, (by, ">lines", ">posted", ">came back", ">spent"), rows)

    ask(system, AccountsServiceStub, "GetSpendBreakdown", request, show)
