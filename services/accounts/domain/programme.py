"""A card programme: the product whose terms accounts are opened on."""

from datetime import date

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Command, command, value
from chassis.kernel.money import Money
from services.accounts.domain.events import ProgrammeDefined
from services.accounts.domain.values import Terms

BIN_LENGTHS = (6, 8)
HOLD_RULES_LIMIT = 64
FIRST_VERSION = 1

# commands


@command
class DefineProgramme(Command):
    """Define a programme's first version."""

    programme_id: str
    name: str
    terms: Terms


# state


@value
class Programme:
    """`version` is 0 until the programme is defined."""

    programme_id: str = ""
    name: str = ""
    version: int = 0
    terms: Terms | None = None
    defined_on: date | None = None


# evolve


def evolve(state: Programme, fact: ProgrammeDefined) -> Programme:
    """The programme after a fact."""
    return Programme(
        programme_id=fact.programme_id,
        name=fact.name,
        version=fact.programme_version,
        terms=fact.terms,
        defined_on=fact.transaction_date,
    )


# decide


def decide(
    state: Programme, command: DefineProgramme, context: Context
) -> tuple[ProgrammeDefined, ...]:
    """Define it once. Raises Refused for another definition, Invalid for senseless terms."""
    if state.version:
        if (state.name, state.terms) == (command.name, command.terms):
            return ()
        raise Refused(
            "PROGRAMME_DEFINED_DIFFERENTLY", "a programme of this id has other terms or name"
        )
    _check(command.terms)
    return (
        ProgrammeDefined(
            programme_id=command.programme_id,
            programme_version=FIRST_VERSION,
            name=command.name,
            currency=command.terms.currency,
            default_limit=Money(command.terms.default_limit_minor, command.terms.currency),
            terms=command.terms,
            transaction_date=context.now.date(),
        ),
    )


def _check(terms: Terms) -> None:
    if not terms.bin.isascii() or not terms.bin.isdigit() or len(terms.bin) not in BIN_LENGTHS:
        raise Invalid("BIN_MALFORMED", "a BIN has six or eight digits", field="programme.bin")
    if len(terms.hold_rules) > HOLD_RULES_LIMIT:
        raise Invalid(
            "TOO_MANY_HOLD_RULES",
            f"a programme has at most {HOLD_RULES_LIMIT} hold rules",
            field="programme.hold_rules",
        )
    amounts = (
        terms.default_limit_minor,
        terms.over_limit_tolerance_minor,
        terms.assessment_threshold_minor or 0,
        terms.stand_in_limit_minor,
        *(rule.estimate_hold_minor for rule in terms.hold_rules),
    )
    if min(amounts) < 0:
        raise Invalid("AMOUNT_NEGATIVE", "no amount of a programme is negative", field="programme")
    lifetimes = (terms.hold_lifetime_hours, *(rule.lifetime_hours for rule in terms.hold_rules))
    if min(lifetimes) < 1 or terms.card_validity_months < 1:
        raise Invalid(
            "LIFETIME_TOO_SHORT", "a hold lives an hour at least, a card a month", field="programme"
        )


PROGRAMME: Decider[Programme] = Decider(
    category="programme",
    state=Programme,
    initial=Programme(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.programme_id),
    commands=(DefineProgramme,),
    facts=(ProgrammeDefined,),
)
