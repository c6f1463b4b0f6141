"""Dearer terms: told beforehand, rejected or not, and never for what was bought before."""
