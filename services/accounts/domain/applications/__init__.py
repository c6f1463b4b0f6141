"""Applications for a card: submitted, verified, decided by rule or by two people."""
