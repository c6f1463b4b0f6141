"""What `make bench` runs: ratios against the limit in the same run, never a timed test."""
