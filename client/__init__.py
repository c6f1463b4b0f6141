"""For whoever talks to a running system: a session, and the `cards` command."""
