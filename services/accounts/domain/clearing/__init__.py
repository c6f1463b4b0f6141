"""Clearing files: what the network posts in bulk, each record once, and what nobody could match."""
