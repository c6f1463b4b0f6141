"""The authorisation life cycle beyond a charge: what comes early or late, credits, refunds."""
