"""Messages: pure decisions about who is told what, and about sending it once."""
