"""What `make bench` runs: ratios against the limit in the same run, never a timed test."""

MISSED = 3
"""A benchmark exits with it when it measured and a goal was missed."""
