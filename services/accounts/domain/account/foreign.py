"""What a charge in another currency costs besides: the programme's mark-up, shown by itself."""

from chassis.kernel.money import Money
from services.accounts.domain.values import Original, Terms

WHOLE_BASIS_POINTS = 10_000


def markup_minor(terms: Terms, net_minor: int, original: Original | Money | None) -> int:
    """The mark-up on an amount in billing currency, half a minor unit rounded up; nothing where
    the merchant charged in that currency."""
    points = terms.foreign_markup_basis_points
    if not points or original is None:
        return 0
    charged = original.amount if isinstance(original, Original) else original
    if charged.currency == terms.currency:
        return 0
    return (2 * net_minor * points + WHOLE_BASIS_POINTS) // (2 * WHOLE_BASIS_POINTS)


def largest_within(terms: Terms, room_minor: int, original: Original | None) -> int:
    """The largest amount that fits into so much room together with its mark-up."""
    if not markup_minor(terms, room_minor, original):
        return room_minor
    part = (
        room_minor * WHOLE_BASIS_POINTS // (WHOLE_BASIS_POINTS + terms.foreign_markup_basis_points)
    )
    while part + markup_minor(terms, part, original) > room_minor:
        part -= 1
    return part
