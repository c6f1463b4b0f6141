"""PINs and the keys of cards: who may still try, and what is kept sealed."""
