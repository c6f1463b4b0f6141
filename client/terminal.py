"""What every command of `cards` has: a console, a session, and errors said in one line."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from cards.type.v1 import money_pb2
from rich.console import Console

from chassis.kernel.errors import Error
from chassis.kernel.money import LARGEST_MINOR_UNITS
from client.session import NotRunning, Session, SystemAddress

EXIT_REFUSED = 1
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
Key = Annotated[str, typer.Option("--key", help="Idempotency key; give it again to retry safely.")]


@asynccontextmanager
async def open_session(system: Path, identity: str = "operator") -> AsyncIterator[Session]:
    """A session of somebody with a running system."""
    async with Session(SystemAddress.read(system), identity) as session:
        yield session


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run one command; what was refused is said in one line, with its reason."""
    try:
        asyncio.run(_awaited(work))
    except NotRunning as problem:
        console.print(f"[bold red]{problem}")
        raise typer.Exit(EXIT_REFUSED) from None
    except Error as error:
        where = f" (field {error.field})" if error.field else ""
        console.print(f"[bold red]{error.reason}[/]: {error.message}{where}")
        raise typer.Exit(EXIT_REFUSED) from None


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def tell_of_more(page_token: str, hint: str = "") -> None:
    """Say that a list goes on, so that nobody takes its first page for all there is."""
    if page_token:
        console.print(f"[dim]there are more than these{hint and f'; {hint}'}")


def money_of(text: str, currency: str) -> money_pb2.Money:
    """An amount from units such as 12.50. Raises BadParameter."""
    try:
        minor = Decimal(text) * 100
    except InvalidOperation:
        raise typer.BadParameter(f"{text} is not an amount; write 12.50") from None
    if not minor.is_finite() or abs(minor) > LARGEST_MINOR_UNITS:
        raise typer.BadParameter(f"{text} is no amount that anybody has")
    if minor != minor.to_integral_value():
        raise typer.BadParameter(f"{text} has more than two decimals")
    return money_pb2.Money(minor_units=int(minor), currency_code=currency)


def chosen(kind: Any, word: str) -> Any:
    """The value of an enumeration by its word. Raises BadParameter, which says what there is."""
    nothing, *names = kind.keys()
    prefix = nothing.removesuffix("UNSPECIFIED")
    name = prefix + word.upper()
    if name not in names:
        known = ", ".join(each.removeprefix(prefix).lower() for each in names)
        raise typer.BadParameter(f"one of {known}")
    return kind.Value(name)
