"""Other credit limits: asked for by the holder, offered by the house, reviewed in time."""
