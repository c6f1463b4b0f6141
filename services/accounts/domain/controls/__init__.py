"""Spend controls: what a holder or the issuer allows an account or a card to be used for."""
