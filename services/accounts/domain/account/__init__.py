"""The credit account: cards, holds, limit and postings, decided in one place."""
