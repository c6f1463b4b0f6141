"""What we want of JetStream's streams and consumers, in its own words."""

from collections.abc import Sequence
from typing import Any

from chassis.bus import MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, StreamSpec

DUPLICATE_WINDOW_SECONDS = 120.0
"""Message ids are remembered so long. Nothing relies on it."""
ACK_WAIT_SECONDS = 30.0
"""What is not acknowledged comes again after so long."""
MAX_ACK_PENDING = 1024
PLACE_UNUSED_SECONDS = 14 * 86_400.0
"""A durable place that nobody asks for so long, of a share that is no longer used, is removed."""


def stream_settings(spec: StreamSpec, *, atomic: bool) -> dict[str, Any]:
    """A stream: on disk, full is full, and nobody may delete or purge. What is not said here is
    left to the server's defaults."""
    settings = {
        "name": spec.name,
        "subjects": list(spec.subjects),
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_bytes": spec.max_bytes,
        "max_age": float(spec.max_age_seconds),
        "max_msg_size": MAX_PAYLOAD_BYTES + MAX_HEADER_BYTES,
        "num_replicas": spec.replicas,
        "duplicate_window": DUPLICATE_WINDOW_SECONDS,
        "deny_delete": True,
        "deny_purge": True,
    }
    # Servers that do not know the word would refuse it.
    return settings | {"allow_atomic": True} if atomic else settings


def durable_place(name: str, subjects: Sequence[str]) -> dict[str, Any]:
    """A durable pull consumer from the beginning of the stream."""
    return {
        "name": name,
        "durable_name": name,
        "deliver_policy": "all",
        # Acknowledging one acknowledges all before it: one message for a batch.
        "ack_policy": "all",
        "ack_wait": ACK_WAIT_SECONDS,
        # A limit would make a message drop out silently.
        "max_deliver": -1,
        "max_ack_pending": MAX_ACK_PENDING,
        "filter_subjects": list(subjects) or None,
        "inactive_threshold": PLACE_UNUSED_SECONDS,
    }
