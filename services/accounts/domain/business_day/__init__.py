"""The business day of a programme: which date it is, and what must be done before it is over."""
