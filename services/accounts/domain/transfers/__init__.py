"""Balance transfers: a debt to another issuer that is taken over, and what comes back of it."""
