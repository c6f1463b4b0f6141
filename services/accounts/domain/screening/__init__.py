"""Customers looked for on lists: when they are new or called otherwise, and when a list changes."""
