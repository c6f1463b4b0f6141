"""Between the message of a programme's rules for other limits and its value."""

from dataclasses import fields

from cards.accounts.v1 import billing_terms_pb2 as pb

from services.accounts.domain.credit_lines.rules import CreditLineRules

NAMES = tuple(each.name for each in fields(CreditLineRules))
DEFAULTS = (
    "offer_days",
    "payments_of_income_basis_points",
    "income_good_for_months",
    "months_between_changes",
    "least_age_months",
    "raise_from_utilisation_basis_points",
)
"""Where 0 stands for what the value has by itself."""


def credit_line_rules_of(message: pb.BillingTerms) -> CreditLineRules | None:
    """The rules in a message, if it has any."""
    if not message.HasField("credit_line"):
        return None
    given = {name: getattr(message.credit_line, name) for name in NAMES}
    return CreditLineRules(**{name: to for name, to in given.items() if to or name not in DEFAULTS})


def credit_line_rules(of: CreditLineRules | None) -> pb.CreditLineRules | None:
    """The rules as a message."""
    if of is None:
        return None
    return pb.CreditLineRules(**{name: getattr(of, name) for name in NAMES})
