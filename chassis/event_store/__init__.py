"""The event store: the log, its recorder, and what is committed together with events."""
