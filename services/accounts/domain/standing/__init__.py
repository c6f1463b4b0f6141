"""How an account stands: active, suspended, charged off or closed, and what besides is so of it."""
