"""Between the messages of a programme's offers for balance transfers and their values."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from cards.accounts.v1 import billing_terms_pb2 as pb

from services.accounts.domain.transfers.offers import TransferOffer


def transfer_offers_of(
    message: pb.BillingTerms, path: str, day: Callable[[str, str], date | None]
) -> Iterator[TransferOffer]:
    """The offers in a message; `day` reads a date at a path. Raises Invalid."""
    for place, each in enumerate(message.transfer_offers):
        yield TransferOffer(
            code=each.code,
            apr_basis_points=each.apr_basis_points,
            months=each.months,
            largest_amount_minor=each.largest_amount_minor,
            offered_until=day(each.offered_until, f"{path}.transfer_offers[{place}].offered_until"),
        )


def transfer_offers(of: Iterable[TransferOffer]) -> list[pb.TransferOffer]:
    """The offers as messages."""
    return [
        pb.TransferOffer(
            code=each.code,
            apr_basis_points=each.apr_basis_points,
            months=each.months,
            largest_amount_minor=each.largest_amount_minor,
            offered_until=_text(each.offered_until),
        )
        for each in of
    ]


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
