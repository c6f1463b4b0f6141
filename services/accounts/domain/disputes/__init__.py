"""Disputes of posted charges, between the holder, the house and the network."""
