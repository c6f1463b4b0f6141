"""Dearer terms that were announced, as a message."""

from cards.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.domain.repricing.state import Announcement


def announced(of: Announcement | None) -> pb.AnnouncedVersion | None:
    """What an account goes over to, if anything."""
    if of is None:
        return None
    return pb.AnnouncedVersion(
        programme_version=of.programme_version,
        announced_on=of.announced_on.isoformat(),
        effective_on=of.effective_on.isoformat(),
        protected_until=of.protected_until.isoformat(),
        raised=[str(each) for each in of.raised],
        may_reject=of.is_rejectable,
        rejected=of.rejected,
    )
