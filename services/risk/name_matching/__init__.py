"""Names compared across scripts and spellings, and found again among tens of thousands."""
