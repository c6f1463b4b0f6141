"""Statements and balances of the past, worked out again from what happened."""
