"""What every command of `cards` has: a console, a session, and errors said in one line."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.type.v1 import money_pb2
from rich.console import Console
from rich.markup import escape

from chassis.grpc_errors import InvalidFields
from chassis.kernel.errors import Error
from chassis.kernel.money import LARGEST_MINOR_UNITS, decimals_of
from client import tables
from client.advice import NEXT
from client.session import NotRunning, Session, SystemAddress
from client.staff import OPERATOR

EXIT_REFUSED = 1
GATEWAY = "gateway"
"""Who speaks for card networks and banks."""
PAGE_SIZE = 200
"""What an rpc gives at most at once."""
LINES_LIMIT = 1_000
"""Of a list nobody is shown more, unless a command has `--size`."""
ANY = "any"
"""The word for the value of an enumeration that restricts nothing."""
PATTERNS = {
    "^[0-9a-f]{32}$": "an id has 32 hexadecimal digits; lists show it",
    "^[A-Z][A-Z0-9_]{0,47}$": "say why, in a few words of letters and digits",
    "^[a-z][a-z0-9-]{0,47}$": "the id of a programme has small letters, digits and hyphens",
    "^([+][1-9][0-9]{6,14})?$": "write it as +441214960000",
    "^[0-9A-Z]{32,900}$": "a TR-31 key block has 32 to 900 letters and digits",
    "^[0-9]{8,19}$": "it has 8 to 19 digits",
    "^[0-9-]{10}$": "a date is YYYY-MM-DD",
    "^([0-9-]{10})?$": "a date is YYYY-MM-DD",
    "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$": "a date is YYYY-MM-DD",
}
PIPED_WIDTH = 200
"""Nobody folds what goes into a pipe."""


class Terminal(Console):
    """Ends quietly when whoever reads has seen enough (`cards tail | head`)."""

    def on_broken_pipe(self) -> None:
        os._exit(EXIT_REFUSED)


console = Terminal(width=None if sys.stdout.isatty() else PIPED_WIDTH)

SystemPath = Annotated[Path, typer.Option("--system", help="Description that `make up` left.")]
AccountId = Annotated[str, typer.Argument(help="Account id.")]
CardId = Annotated[str, typer.Argument(help="Card id.")]
ProgrammeId = Annotated[str, typer.Argument(help="Card programme.")]
Key = Annotated[str, typer.Option("--key", help="Idempotency key; give it again to retry safely.")]
Currency = Annotated[str, typer.Option(help="Billing currency of an amount.")]


def as_code(text: str) -> str:
    """`not wanted` → `NOT_WANTED`: reasons as services write them."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").upper()


Reason = Annotated[str, typer.Option(help="Why, in a word or a few.", callback=as_code)]
By = Annotated[
    str,
    typer.Option(
        "--as",
        help="Who does it: operator, second-operator, gateway, or a customer id"
        " (after `cards customer enrol`).",
    ),
]


def group(doc: str | None) -> typer.Typer:
    """A group of commands; its help is what its module says after the name of the command."""
    text = (doc or "").split(": ", 1)[-1]
    return typer.Typer(no_args_is_help=True, help=text[:1].upper() + text[1:])


@asynccontextmanager
async def open_session(system: Path, identity: str = OPERATOR) -> AsyncIterator[Session]:
    """A session of somebody with a running system."""
    address = SystemAddress.read(system)
    tables.STAFF.update(address.names())
    async with Session(address, identity) as session:
        yield session


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run one command; what was refused is said in one line, with its reason."""
    try:
        asyncio.run(_awaited(work))
    except NotRunning as problem:
        console.print(f"[bold red]{problem}")
        raise typer.Exit(EXIT_REFUSED) from None
    except Error as error:
        violations = error.violations if isinstance(error, InvalidFields) else ()
        where = f" (field {error.field})" if error.field and not violations else ""
        console.print(f"[bold red]{error.reason}[/]: {escape(error.message)}{where}")
        for each in violations:
            console.print(f"  {each.field}: {escape(_in_words(each.description))}")
        if error.reason in NEXT:
            console.print(f"[dim]{escape(NEXT[error.reason])}")
        raise typer.Exit(EXIT_REFUSED) from None


def _in_words(rule: str) -> str:
    """What a rule of a proto demands, where it is one that people meet often."""
    for pattern, words in PATTERNS.items():
        if f"`{pattern}`" in rule:
            return words
    return rule


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def ask(
    system: Path, stub: Any, rpc: str, request: Any, show: Callable[[Any], Any], by: str = OPERATOR
) -> None:
    """Ask one thing of accounts, as `by`, and print what `show` makes of the answer."""

    async def work() -> None:
        async with open_session(system, by) as session:
            answer = await paged(getattr(session.stub(stub, "accounts"), rpc), request)
            told = show(answer)
            console.print(told, soft_wrap=isinstance(told, str))
            tell_of_more(getattr(answer, "next_page_token", ""))

    run(work)


async def paged(rpc: Callable[[Any], Awaitable[Any]], request: Any) -> Any:
    """The answer to a request; of a list, as many lines as `page_size` wants, page by page."""
    if "page_token" not in request.DESCRIPTOR.fields_by_name:
        return await rpc(request)
    left = request.page_size or LINES_LIMIT
    answer = None
    while True:
        request.page_size = min(left, PAGE_SIZE)
        page = await rpc(request)
        left -= request.page_size
        request.page_token = page.next_page_token
        answer = page if answer is None else answer
        if answer is not page:
            answer.MergeFrom(page)
            answer.next_page_token = page.next_page_token
        if not request.page_token or left <= 0:
            return answer


def named(key: str = "") -> dict[str, Any]:
    """The name of a request that changes something: `key`, or a new one."""
    return {"idempotency_key": key or uuid4().hex}


def secret(prompt: str, *, twice: bool = False) -> str:
    """What nobody may see: asked for without echo, or read from a pipe; never an argument."""
    if sys.stdin.isatty():
        asked: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=twice)
        return asked
    return sys.stdin.readline().strip()


def tell_of_more(page_token: str, hint: str = "") -> None:
    """Say that a list goes on, so that nobody takes its first page for all there is."""
    if page_token:
        console.print(f"[dim]there are more than these{hint and f'; {hint}'}")


def money_of(text: str, currency: str) -> money_pb2.Money:
    """An amount from units such as 12.50. Raises BadParameter."""
    try:
        minor = Decimal(text).scaleb(decimals_of(currency))
    except InvalidOperation:
        raise typer.BadParameter(f"{text} is not an amount; write 12.50") from None
    if not minor.is_finite() or abs(minor) > LARGEST_MINOR_UNITS:
        raise typer.BadParameter(f"{text} is no amount that anybody has")
    if minor != minor.to_integral_value():
        raise typer.BadParameter(f"{text} has more decimals than {currency}")
    return money_pb2.Money(minor_units=int(minor), currency_code=currency)


def chosen(kind: Any, word: str) -> Any:
    """The value of an enumeration by its word. Raises BadParameter, which says what there is."""
    nothing, *names = kind.keys()
    if word == ANY:
        return kind.Value(nothing)
    prefix = nothing.removesuffix("UNSPECIFIED")
    name = prefix + as_code(word)
    if name not in names:
        known = ", ".join(each.removeprefix(prefix).lower() for each in names)
        raise typer.BadParameter(f"{word} is none of {known}")
    return kind.Value(name)
