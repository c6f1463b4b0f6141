"""Reconciliation: ledger, network and customers must say the same at the end of every day."""
