"""What a person reads after a replay."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from chassis.testing.servers import MailServer
from demo.bank import Timing
from demo.proof import Check, Facts
from demo.replay import Outcome
from demo.rows import Row

LINES = 10


@dataclass(frozen=True)
class Findings:
    """Everything the report is made of. Amounts in minor units."""

    rows: Sequence[Row]
    outcome: Outcome
    facts: Facts
    timing: Timing
    seconds: float
    spend_by_category: Counter[str]
    spend_by_merchant: Counter[str]
    points: int
    alerts: Sequence[Any]
    mails: int
    checks: Sequence[Check]


def count_mails(server: MailServer) -> int:
    """How many messages have arrived."""
    return len(server.messages())


def show(console: Console, found: Findings) -> None:
    """Print everything."""
    console.rule("[bold]What happened")
    console.print(_what_happened(found))
    console.print(_spend("Spend by category", found.spend_by_category))
    console.print(_spend("Top merchants", found.spend_by_merchant))
    console.print(_speed(found))
    console.rule("[bold]What must hold")
    console.print(_proof(found.checks))


def _what_happened(found: Findings) -> Table:
    done, facts = found.outcome, found.facts.by_type
    table = Table(show_header=False, box=None, padding=(0, 2))

    def line(what: str, figure: object) -> None:
        table.add_row(what, str(figure))

    line("rows", f"{len(found.rows):,} on {len(done.holders):,} cards")
    line("approved", f"{len(done.authorised):,}, of which cleared {len(done.cleared):,}")
    line("declined", f"{len(done.declined):,}")
    for reason, count in Counter(done.declined.values()).most_common():
        line(f"  {reason}", f"{count:,}")
    line("refunded", f"{len(done.refunded):,}")
    line("in foreign currency", f"{sum(row.foreign for row in found.rows):,}")
    line("points earned, less taken back", f"{found.points:,}")
    line("charges scored", f"{facts['cards.risk.v1.ChargeScored']:,}")
    line("alerts", f"{len(found.alerts):,}")
    blocked = facts["cards.accounts.v1.CardBlocked"]
    line("cards blocked by risk", f"{blocked:,}")
    line("burst of card testing", _burst(done))
    if done.lost is not None:
        replaced = f"card …{done.lost.last_four} replaced by …{done.replacement_last_four}"
        line("reported lost", replaced)
    line("cases opened", f"{facts['cards.support.v1.CaseOpened']:,}")
    line("e-mails delivered", f"{found.mails:,}")
    return table


def _burst(done: Outcome) -> str:
    charges = ", ".join(f"{count} {what}" for what, count in done.burst.items())
    after = done.burst_blocked_after_seconds
    return f"{charges}; " + ("never blocked" if after is None else "blocked")


def _spend(title: str, spend: Counter[str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("GBP", justify="right")
    table.add_column("", width=30)
    top = spend.most_common(LINES)
    largest = max((amount for _, amount in top), default=1)
    for name, amount in top:
        bar = "█" * round(30 * max(amount, 0) / max(largest, 1))
        table.add_row(name or "(no category)", f"{amount / 100:,.2f}", f"[cyan]{bar}[/]")
    return table


def _speed(found: Findings) -> Table:
    table = Table(title="Speed", title_justify="left")
    for heading in ("", "calls", "p50 ms", "p99 ms", "tried again"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, seconds in sorted(found.timing.seconds.items()):
        p50, p99 = percentiles(seconds)
        again = found.timing.retries[name]
        table.add_row(name, f"{len(seconds):,}", f"{p50:.1f}", f"{p99:.1f}", str(again))
    reactions = found.facts.reaction_seconds
    if reactions:
        p50, p99 = percentiles(reactions)
        table.add_row("cleared → points", f"{len(reactions):,}", f"{p50:.1f}", f"{p99:.1f}", "")
    calls = sum(len(each) for each in found.timing.seconds.values())
    table.caption = f"{calls:,} calls in {found.seconds:.1f} s: {calls / found.seconds:,.0f}/s"
    return table


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    if len(seconds) < 2:
        only = seconds[0] * 1000 if seconds else 0.0
        return only, only
    cut = quantiles(seconds, n=100)
    return cut[49] * 1000, cut[98] * 1000


def _proof(checks: Iterable[Check]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 1))
    for check in checks:
        mark = "[green]✔[/]" if check.holds else "[bold red]✘[/]"
        table.add_row(mark, check.what, f"[dim]{check.shown}[/]")
    return table
