"""The life of a card, from its order to its end."""
