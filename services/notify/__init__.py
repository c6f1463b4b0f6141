"""notify: one decision per message, every channel, provable."""
