"""Counts over sliding windows of event time, in constant memory."""

from chassis.kernel.events import value

BUCKETS_PER_WINDOW = 20

WINDOW_SECONDS = {"1m": 60, "10m": 600, "1h": 3_600, "24h": 86_400, "7d": 604_800}
"""The windows by the name their features end with; each divides by twenty."""


@value
class Tally:
    """What is counted of charges: all of them, the money approved, the declined, the small."""

    charges: int = 0
    spent_minor: int = 0
    declines: int = 0
    small_charges: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            charges=self.charges + other.charges,
            spent_minor=self.spent_minor + other.spent_minor,
            declines=self.declines + other.declines,
            small_charges=self.small_charges + other.small_charges,
        )


NOTHING = Tally()


@value
class Bucket:
    """What fell into one stretch of time; `slot` is its number since 1970."""

    slot: int
    tally: Tally


@value
class Window:
    """A window of length W as twenty buckets of W/20, by slot, oldest first; empty ones left out.

    The total at an instant t is that of the bucket of t and of the nineteen before it: everything
    younger than W - W/20, nothing older than W. Adding commutes, so the order of arrival makes no
    difference to what is kept; what comes more than W behind the newest is too late to count.
    """

    bucket_seconds: int
    buckets: tuple[Bucket, ...] = ()

    def add(self, at_seconds: int, tally: Tally) -> "Window":
        """With `tally` at an instant; the same window if the instant is too long ago."""
        slot = at_seconds // self.bucket_seconds
        newest = max(slot, self.buckets[-1].slot) if self.buckets else slot
        oldest = newest - BUCKETS_PER_WINDOW
        if slot <= oldest:
            return self
        if slot == newest:
            return self._with_newest(slot, tally)
        before = tuple(each for each in self.buckets if oldest < each.slot < slot)
        after = tuple(each for each in self.buckets if each.slot > slot)
        here = next((each.tally for each in self.buckets if each.slot == slot), NOTHING)
        return Window(
            bucket_seconds=self.bucket_seconds,
            buckets=(*before, Bucket(slot=slot, tally=here.plus(tally)), *after),
        )

    def _with_newest(self, slot: int, tally: Tally) -> "Window":
        """The usual case: in order."""
        buckets = self.buckets
        if buckets and buckets[-1].slot == slot:
            newest = Bucket(slot=slot, tally=buckets[-1].tally.plus(tally))
            return Window(bucket_seconds=self.bucket_seconds, buckets=(*buckets[:-1], newest))
        first = 0
        while first < len(buckets) and buckets[first].slot <= slot - BUCKETS_PER_WINDOW:
            first += 1
        newest = Bucket(slot=slot, tally=tally)
        return Window(bucket_seconds=self.bucket_seconds, buckets=(*buckets[first:], newest))

    def total(self, at_seconds: int) -> Tally:
        """What the window holds, seen from an instant."""
        slot = at_seconds // self.bucket_seconds
        oldest = slot - BUCKETS_PER_WINDOW
        charges = spent_minor = declines = small_charges = 0
        for bucket in self.buckets:
            if oldest < bucket.slot <= slot:
                charges += bucket.tally.charges
                spent_minor += bucket.tally.spent_minor
                declines += bucket.tally.declines
                small_charges += bucket.tally.small_charges
        return Tally(
            charges=charges,
            spent_minor=spent_minor,
            declines=declines,
            small_charges=small_charges,
        )


EMPTY_WINDOWS = tuple(
    Window(bucket_seconds=seconds // BUCKETS_PER_WINDOW) for seconds in WINDOW_SECONDS.values()
)
"""One empty window of each length, shortest first."""
