"""Statements as pages that people read and files that programs read; the same bytes each time."""
