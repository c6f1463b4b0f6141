"""Payments that are drawn from a bank: initiated, and then settled or returned."""
