"""`cards`: talk to a running system from a terminal."""

from collections.abc import Callable

import typer

from client import (
    account,
    agreements,
    applying,
    billing,
    business_day,
    card_keys,
    card_life,
    card_secrets,
    clearing,
    controls,
    credit_line,
    customers,
    deferrals,
    device_tokens,
    dispute_steps,
    disputes,
    first_steps,
    ledger,
    network,
    network_keys,
    network_refunds,
    over_limit,
    payments,
    programmes,
    rights,
    screening,
    statements,
    transactions,
    transfers,
)

card_secrets.register(card_life.app)
dispute_steps.register(disputes.app)
network_refunds.register(network.app)

# A part has its commands in a file of its own; here each gets its name, and its place in --help.
PANELS: dict[str, dict[str, Callable[..., None] | typer.Typer]] = {
    "To look around": {
        "open": first_steps.open,
        "charge": first_steps.charge,
        "show": first_steps.show,
        "list": transactions.list_,
        "points": first_steps.points,
        "inbox": first_steps.inbox,
        "alerts": first_steps.alerts,
        "cases": first_steps.cases,
        "tail": first_steps.tail,
    },
    "Cards and accounts": {
        "account": account.app,
        "card": card_life.app,
        "device-tokens": device_tokens.app,
        "controls": controls.app,
        "limit": credit_line.app,
        "over-limit": over_limit.app,
    },
    "Transactions": {
        "search": transactions.search,
        "note": transactions.note,
        "categorise": transactions.categorise,
        "categories": transactions.categories,
        "spend": transactions.spend,
        "export-lines": transactions.export,
        "dispute": disputes.app,
    },
    "Bills and payments": {
        "statement": billing.statement,
        "statement-download": statements.download,
        "statement-verify": statements.verify,
        "explain-interest": billing.explain_interest,
        "due": billing.due,
        "pay": billing.pay,
        "repayments": payments.app,
        "billing": agreements.app,
        "defer": deferrals.defer,
        "deferred": deferrals.deferred,
        "direct-payment": deferrals.direct,
        "transfer": transfers.app,
    },
    "Customers": {
        "apply": applying.apply,
        "applications": applying.list_,
        "application": applying.app,
        "decide": applying.decide,
        "customer": customers.app,
        "export": rights.export,
        "erase": rights.erase,
        "screening": screening.app,
    },
    "The house": {
        "programme": programmes.app,
        "business-day": business_day.app,
        "day-end": ledger.day_end,
        "ledger": ledger.app,
        "keys": card_keys.app,
    },
    "Card networks": {
        "network": network.app,
        "clearing": clearing.app,
        "network-keys": network_keys.app,
    },
}

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
for panel, commands in PANELS.items():
    for name, command in commands.items():
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(command)


def main() -> None:
    """The `cards` command."""
    app(prog_name="cards")


if __name__ == "__main__":
    main()
