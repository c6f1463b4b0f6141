"""Risk: is this charge the holder's, and what should be done if it is not."""
